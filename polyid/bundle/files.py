"""Files of a model folder, read without trust in them: plain files of a bounded size, JSON without surprises."""

from __future__ import annotations

import json
import os
import re
import stat
from itertools import islice
from pathlib import Path
from typing import Any

from polyid.bundle.layout import CALIBRATION_FILE, DOMAIN_FILE, SPLITS_FILE
from polyid.errors import BundleError

_MIB = 2**20
MOST_BYTES = {".json": 4 * _MIB, ".csv": 32 * _MIB, ".safetensors": 2048 * _MIB}
"""Sizes above which a file is not read, by suffix."""
MOST_BYTES_OF = dict.fromkeys((CALIBRATION_FILE, DOMAIN_FILE, SPLITS_FILE), 32 * _MIB)
"""The same of files that grow with the training table."""
_PARTS = re.compile(rb"[,:]|[\[{]\s*[\[{]")
"""What stands before every entry of a JSON file but the first of a list or object that holds no other."""
_MOST_PARTS, _MOST_KEYS = 2_000_000, 50_000


def plain_file(folder: Path, name: str) -> Path | None:
    """A file of a model folder, None where there is none.

    Parameters
    ----------
    folder : Path
        May be a link itself, as its owner calls it by that.
    name : str
        Relative to the folder.

    Raises
    ------
    BundleError
        It is a link that leads elsewhere than to the Hub client's own cache, or no plain file.
    """
    path = folder / name
    is_in_linked_folder = path.parent != folder and path.parent.is_symlink()
    if is_in_linked_folder or (path.is_symlink() and not _leads_to_hub_cache(path, folder)):
        raise BundleError.damaged(name, "it is a link to another place, which is not followed")
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if not stat.S_ISREG(mode):
        raise BundleError.damaged(name, "it is no file")
    return path


def _leads_to_hub_cache(link: Path, folder: Path) -> bool:
    """Tell whether a link leads where those of a snapshot of the Hub's client lead.

    ``models--user--repo/snapshots/commit/FILE`` leads to ``models--user--repo/blobs/NAME``, and where the client keeps one
    copy for several repos from there to ``blobs/NA/NAME`` beside the repo.
    """
    # Path.resolve raises RuntimeError for a link to itself.
    target, snapshot = Path(os.path.realpath(link)), Path(os.path.realpath(folder))
    if snapshot.parent.name != "snapshots":
        return False
    repo = snapshot.parents[1]
    return target.parent == repo / "blobs" or target.parent.parent == repo.parent / "blobs"


def read_file(folder: Path, name: str) -> bytes:
    """Content of a file of a model folder.

    Raises
    ------
    BundleError
        It is missing, no plain file, or larger than any such file is.
    """
    path = plain_file(folder, name)
    if path is None:
        raise BundleError(f"The model {str(folder)!r} is incomplete, {name} is missing: download or train it again.")
    most = MOST_BYTES_OF.get(name, MOST_BYTES[path.suffix])
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > most:
                raise BundleError.damaged(name, f"it has {size:,} bytes, and {most:,} are read at most")
            return stream.read(most)
    except OSError as error:
        raise BundleError(f"{name} of the model {str(folder)!r} can't be read: {error.strerror}.") from None


def parse_json(content: bytes, file: str) -> Any:
    """What a JSON file says: UTF-8, no key twice, no number that isn't finite.

    Raises
    ------
    BundleError
        It is not such a file; the message names it.
    """
    try:
        if next(islice(_PARTS.finditer(content), _MOST_PARTS, None), None):
            raise ValueError(f"it has more than {_MOST_PARTS:,} entries")
        text = content.decode()
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_number)
        if "\\u" in text:
            # Half a character outside the basic plane can be read, and not be written anywhere.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except RecursionError:
        raise BundleError.damaged(file, "it is nested too deeply") from None
    except ValueError as error:
        raise BundleError.damaged(file, f"it is not JSON, {error}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MOST_KEYS:
        raise ValueError(f"it has {len(pairs):,} keys in one place")
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"it has the key {key!r} twice")
        content[key] = value
    return content


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number that JSON knows")
