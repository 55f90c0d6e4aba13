"""Copolymers by name: ``SBR = 25 : 75`` and ``PLGA 50:50`` are copolymers of named units; a component may go by its monomer's name."""

from __future__ import annotations

import re

from polyid.chemistry.names import MAX_CHARACTERS, copolymer_components, is_listed

_RATIO = r"\(?(\d[\d.,]*\s*%?\s*(?:[:/]\s*\d[\d.,]*\s*%?\s*)+)\)?(.*)"
_NAME = r"([^*=:{}]*[A-Za-z][^*=:{}]*?)"
_WITH_RATIO = (re.compile(rf"{_NAME}\s*=\s*{_RATIO}"), re.compile(rf"{_NAME}\s+{_RATIO}"))
_WORD = re.compile(r"[A-Za-z][\w' ,()-]{4,}")


def named_copolymer(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The text of a copolymer that is named and has its ratio behind, with its units, and what was understood; None for others."""
    if len(text) > MAX_CHARACTERS:
        return None
    for pattern in _WITH_RATIO:
        match = pattern.fullmatch(text.strip())
        units = copolymer_components(match[1]) if match else None
        if match and units:
            written = " : ".join(units)
            return f"{written} = {match[2].strip()} {match[3].strip()}".strip(), (f"“{match[1]}” read as {written}",)
    return None


def name_of_polymer(component: str) -> str | None:
    """The name of the polymer of a monomer's name, such as poly(vinyl acetate) of vinyl acetate; None for any other text."""
    if not _WORD.fullmatch(component) or len(component) > MAX_CHARACTERS or is_listed(component):
        return None
    name = f"poly({component})"
    return name if is_listed(name) else None
