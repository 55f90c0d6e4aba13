"""Files by their address, on this machine or on any store that fsspec reaches, whole or absent."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractFileSystem

from polyid.common.files import replacing
from polyid.errors import DataError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _store(address: str) -> tuple[AbstractFileSystem, str]:
    try:
        return url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise DataError(f"{address} can't be reached: {error}.") from None


def on_this_machine(address: str) -> Path | None:
    """The path of an address; None of a store elsewhere."""
    fs, path = _store(address)
    return Path(path) if isinstance(fs, LocalFileSystem) else None


def matching(address: str) -> list[str]:
    """The files that an address names, one or those that fit a pattern, or those of a folder, by name."""
    fs, path = _store(address)
    if fs.isdir(path):
        found = sorted(name for name in fs.ls(path, detail=False) if not name.rsplit("/", 1)[-1].startswith((".", "_")))
    elif fs.exists(path):
        found = [path]
    else:
        found = sorted(fs.glob(path))
    return [
        str(fs.unstrip_protocol(name)) if not isinstance(fs, LocalFileSystem) else name
        for name in found
        if fs.isfile(name)
    ]


def opened(address: str) -> BinaryIO:
    """A file to read, wherever in it."""
    fs, path = _store(address)
    return fs.open(path, "rb")


def exists(address: str) -> bool:
    """Whether there is such a file."""
    fs, path = _store(address)
    return bool(fs.exists(path))


def fingerprint(address: str) -> str:
    """SHA-256 of a file on this machine; of one elsewhere what its store tells of it, which changes with its content."""
    fs, path = _store(address)
    if not isinstance(fs, LocalFileSystem):
        return str(fs.ukey(path))
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def written(address: str) -> Iterator[BinaryIO]:
    """A file to write, which is there when the block ends, and isn't when the block is left by an error.

    Raises
    ------
    DataError
        There is no room for it.
    """
    fs, path = _store(address)
    try:
        if isinstance(fs, LocalFileSystem):
            with replacing(path) as stream:
                yield stream
        else:
            # A store shows a file once it is committed; another name would cost a second copy of it.
            was_there = fs.exists(path)
            stream = fs.open(path, "wb", autocommit=False)
            try:
                yield stream
                stream.close()
            except BaseException:
                stream.discard()
                # Some stores show a file from the moment that it is opened.
                if not was_there and fs.exists(path):
                    fs.rm(path)
                raise
            stream.commit()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DataError(
            f"There is no room for {os.path.basename(path)} in {os.path.dirname(path)} ({os.strerror(error.errno)}): free some; what "
            "was done is kept, and the same command goes on."
        ) from None


def names_in(folder: str) -> list[str]:
    """Names of the files in a folder; none where there is no folder."""
    fs, path = _store(folder)
    return [name.rsplit("/", 1)[-1] for name in fs.ls(path, detail=False)] if fs.isdir(path) else []


def make_folder(folder: str) -> None:
    """Make a folder, if it isn't there."""
    fs, path = _store(folder)
    fs.makedirs(path, exist_ok=True)


def remove_folder(folder: str) -> None:
    """Remove a folder with all that is in it, if it is there."""
    fs, path = _store(folder)
    if fs.isdir(path):
        fs.rm(path, recursive=True)
