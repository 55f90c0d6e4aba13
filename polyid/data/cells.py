"""The text of one cell: how values of other types are written, what is left out around it, and which marks no text has."""

from __future__ import annotations

import re

import pandas as pd

BLANKS = " \t\r\n\x0b\x0c\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\ufeff"
"""What is left out around a cell; Python's own blanks have control characters among them, which are to be seen."""
UNREADABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd-\uffff\ud800-\udfff]")
"""Control characters, half pairs, and the mark that stands for bytes without a meaning."""
_WITHOUT_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def cell_text(value: object) -> str:
    """A cell as text; a float as the shortest text that gives it back."""
    if isinstance(value, str):
        return value.strip(BLANKS)
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return repr(float(value))
    try:
        return str(value).strip(BLANKS)
    except ValueError:  # Python writes no whole number of more than 4,300 digits.
        return f"({type(value).__name__})"


def without_hidden(text: str) -> str:
    """The text without marks of no width, such as those that right-to-left programs put beside numbers."""
    return text if text.isascii() else text.translate(_WITHOUT_WIDTH)
