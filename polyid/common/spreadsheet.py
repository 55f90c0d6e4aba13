"""CSV that people open in a spreadsheet program: cells are shown there, and never computed."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

_COMPUTED = re.compile(r"[=+\-@\t\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def csv_text(frame: pd.DataFrame, header: bool = True, separator: str = ",") -> str:
    """A frame as CSV, without its index.

    A text that a spreadsheet program would take for a formula, for it begins with ``=``, ``+``, ``-``, ``@``, a tab or a line
    end, is written behind an apostrophe, as such programs mark text; numbers, as numbers or as text, stay as they are. No
    SMILES begins so. See OWASP, CSV Injection.

    Parameters
    ----------
    frame : pandas.DataFrame
    header : bool
        Whether the first line names the columns.
    separator : str
        Between cells.
    """
    shown = frame.rename(columns=_shown)
    for place in range(shown.shape[1]):
        column = shown.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(column):
            shown.isetitem(place, column.map(_shown).array)
    return shown.to_csv(index=False, header=header, sep=separator, lineterminator="\n")


def _shown(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    # A lone carriage return would begin a line, and with it a cell.
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _COMPUTED.match(text) and not _NUMBER.fullmatch(text) else text
