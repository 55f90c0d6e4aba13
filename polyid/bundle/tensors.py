"""Arrays of a model folder in safetensors files, and the one entry of text in their header."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from polyid.bundle.files import parse_json
from polyid.errors import BundleError

_MOST_HEADER = 4 * 2**20
_DTYPES = frozenset({"F64", "F32", "F16", "I32", "U32", "U8"})
"""Of the arrays that this package writes, as safetensors calls them."""


def read_arrays(content: bytes, file: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a safetensors file by name, and the texts of its header.

    Nothing is allocated that the file does not hold: safetensors refuses a header that says otherwise.

    Raises
    ------
    BundleError
        It is no such file.
    """
    # The header is JSON behind its length, as the format says.
    length = int.from_bytes(content[:8], "little")
    if not 0 < length <= min(_MOST_HEADER, len(content) - 8):
        raise BundleError.damaged(file, f"its header of {length:,} bytes is not there or too long")
    header = parse_json(content[8 : 8 + length], file)
    if not isinstance(header, dict):
        raise BundleError.damaged(file, "its header names no arrays")
    texts = header.pop("__metadata__", {})
    for name, entry in header.items():
        if not isinstance(entry, dict) or entry.get("dtype") not in _DTYPES:
            raise BundleError.damaged(file, f"its array {name!r} is of a type that no model has")
    try:
        return load(content), texts if isinstance(texts, dict) else {}
    except (SafetensorError, ValueError, OverflowError) as error:
        raise BundleError.damaged(file, f"it is no safetensors file, {error}") from None
