"""Files in the Hub client's cache, compared with the hashes that the Hub names them by; what was damaged on the way is fetched again."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from polyid.common.files import sha256
from polyid.errors import HubError

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def hub_hash(path: str | os.PathLike[str], is_large: bool) -> str:
    """Hash of a file as the Hub gives it: SHA-256 of a large file, git's of a blob of others."""
    if is_large:
        return sha256(path)
    content = Path(path).read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def undamaged(download: Callable[[], str]) -> Path:
    """What the client downloads, a file or the folder of a snapshot; what lies damaged in its cache is downloaded once more.

    The client compares sizes alone, and never looks at a file again that it has.

    Raises
    ------
    HubError
        A file arrives damaged again.
    """
    path = Path(download())
    if damaged := _damaged(path):
        for link in damaged:
            _discard(link)
        path = Path(download())
        if still := _damaged(path):
            raise HubError(
                f"{still[0].name} arrived damaged twice: try again, or from another network; where that does not help, "
                "it is damaged on the Hub and has to be published again."
            )
    return path


def _damaged(path: Path) -> list[Path]:
    """Those of the client's links whose files are not what their names say."""
    links = [link for link in ([path] if path.is_file() else sorted(path.rglob("*"))) if link.is_symlink()]
    return [link for link in links if link.is_file() and not _is_as_named(link)]


def _is_as_named(link: Path) -> bool:
    name, status = os.path.basename(os.readlink(link)), link.stat()
    if not _HASH.fullmatch(name):
        return True
    return _hash_of(str(link.resolve()), status.st_size, status.st_mtime_ns, len(name) == 64) == name


@lru_cache(maxsize=4_096)
def _hash_of(path: str, size: int, modified: int, is_large: bool) -> str:
    """`hub_hash`, once for every state of a file: a Space looks for its model every minute."""
    return hub_hash(path, is_large)


def _discard(link: Path) -> None:
    """Remove a file from the cache, with the links that lead to it."""
    blob = link.parent / os.readlink(link)
    for path in (link.resolve(), blob, link):
        path.unlink(missing_ok=True)
