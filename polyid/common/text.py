"""Texts as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GAS = re.compile(r"\b(?:CO2|N2|O2|H2|CH4|CO|H2O|SO2|NH3|C\dH\d)\b")
_POWER = re.compile(r"(?<=m)[23](?!\w)")
_LOW, _HIGH = (str.maketrans("0123456789", digits) for digits in ("₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def shorten(text: str) -> str:
    """A SMILES as error messages quote it: not too long, and of marks that can be written to any file."""
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text):,} characters)"


def listed(names: Iterable[str]) -> str:
    """The first dozen names, and how many more there are."""
    every = list(names)
    return ", ".join(every[:12]) + (f" and {len(every) - 12} more" if len(every) > 12 else "")


def counted(count: int, thing: str) -> str:
    """A number of things, the plural with an s: 1 row, 1,200 rows."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def formula(label: str) -> str:
    """A label with the numbers of its gases below the line: ``CO₂ permeability``."""
    return _GAS.sub(lambda gas: gas[0].translate(_LOW), label)


def plain_unit(text: str | None) -> str:
    """A unit as it is written in print, such as ``g/cm³``; nothing without one."""
    return _POWER.sub(lambda power: power[0].translate(_HIGH), (text or "").replace("log10", "log₁₀"))
