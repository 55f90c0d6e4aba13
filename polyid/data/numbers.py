"""Numbers as people write them in tables."""

from __future__ import annotations

import re

import pandas as pd

from polyid.data.cells import without_hidden
from polyid.data.limits import MAX_WRITTEN

MISSING = frozenset({"", "-", "–", "—", "na", "n/a", "n.a.", "#n/a", "nan", "none", "null", "nd", "n.d.", "."})

LARGEST = 1e30
"""No value of a polymer is larger, and networks reckon in numbers up to 3e38."""

_THOUSANDS_BLANK = re.compile(r"[+-]?\d{1,3}([\u00a0\u202f\u2009]\d{3})+([.,]\d+)?$")
_THOUSANDS_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_THOUSANDS_DOT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?$")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?$", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$", re.IGNORECASE)

# A value with its uncertainty behind: the value.
_UNCERTAIN = re.compile(r"(.*\d\.?)\s{0,3}(?:±|\+/-|\+-)\s{0,3}\d[\d.,]*$")


class _Ambiguous(ValueError):
    """A number that can be read in two ways."""


def uses_decimal_commas(cells: pd.Series) -> bool:
    """Whether a column has numbers like 12,5, whose comma can't separate thousands."""
    texts = [_tidy(cell) for cell in cells if "," in cell and len(cell) <= MAX_WRITTEN]
    commas = [text for text in texts if _DECIMAL_COMMA.match(text)]
    return any(not _THOUSANDS_COMMA.match(text) for text in commas)


def read_number(cell: str, decimal_commas: bool) -> float:
    """A number from a cell.

    Parameters
    ----------
    cell : str
    decimal_commas : bool
        Whether the table's numbers are written like 12,5.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        With what is wrong, as a clause.
    """
    text = _tidy(cell) if len(cell) <= MAX_WRITTEN else ""
    if match := _UNCERTAIN.match(text):
        text = match[1]
    if _PLAIN.match(text):
        if decimal_commas and _THOUSANDS_DOT.match(text):
            raise _Ambiguous("could be thousands or a decimal, as other numbers of the table have decimal commas")
        return _finite(float(text))
    if "," in text:
        if _THOUSANDS_DOT.match(text) and "." in text:
            return _finite(float(text.replace(".", "").replace(",", ".")))
        if _THOUSANDS_COMMA.match(text) and ("." in text or text.count(",") > 1):
            return _finite(float(text.replace(",", "")))
        if _DECIMAL_COMMA.match(text):
            if _THOUSANDS_COMMA.match(text) and not decimal_commas:
                raise _Ambiguous("could be thousands or a decimal comma")
            return _finite(float(text.replace(",", ".")))
    raise ValueError("is not a number")


def is_number(cell: str) -> bool:
    """Whether a cell holds one number, in whichever way it is written."""
    try:
        read_number(cell, decimal_commas=False)
    except _Ambiguous:
        return True
    except ValueError:
        return False
    return True


def _tidy(cell: str) -> str:
    text = without_hidden(cell).strip().replace("−", "-").replace("–", "-")
    return re.sub(r"\s", "", text) if _THOUSANDS_BLANK.match(text) else text


def _finite(value: float) -> float:
    if abs(value) > LARGEST:
        raise ValueError(f"is too large a number (at most {LARGEST:g} is read)")
    return value
