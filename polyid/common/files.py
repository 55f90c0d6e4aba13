"""Files that are whole or absent, their hashes, and the folder of what can be made again."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs


def cache_folder(part: str = "") -> Path:
    """Folder of what can be downloaded or computed again: ``POLYID_CACHE``, else ``polyid`` in the user's cache folder.

    Parameters
    ----------
    part : str
        A subfolder: ``data`` for published tables, ``graphs`` for prepared polymers.
    """
    chosen = os.environ.get("POLYID_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("polyid", appauthor=False)) / part


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends, and vanishes when the block is left by an error.

    A reader, or a start after a crash, meets the whole new file or the former one.
    """
    path = Path(path)
    temporary = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, in UTF-8 and with the line ends it has, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, to_json(content))


def to_json(content: Any) -> str:
    """JSON as files of this package have it: indented, Unicode as it is, and no numbers that aren't finite."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: str | os.PathLike[str]) -> Any:
    """Content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
