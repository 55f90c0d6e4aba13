"""Texts as people read them."""

from __future__ import annotations

from collections.abc import Iterable


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
