"""Names of columns that describe copolymers: SMILES, shares, ratios and architecture."""

from __future__ import annotations

import re

_A_NUMBER = r"(?:[1-9]\d?|[a-h])"
_THING = r"(?:co)?(?:monomer|unit|component|smiles)"
_STRUCTURES = (
    r"p ?smiles|smiles|(?:smiles )?(?:co)?monomers?(?: smiles)?|(?:repeat(?:ing)? ?)?units?(?: smiles)?|mono"
    r"|component(?: smiles)?"
)
_SHARES = (
    r"mole? ?frac(?:tion)?s?|frac(?:tion)?s?|ratio|shares?|x|f|mole? ?%|%|wt ?%|w ?%|(?:weight|mass) ?(?:frac(?:tion)?|%)"
    r"|content|feed|composition|percent(?:age)?|amount"
)
_COMPONENT = re.compile(
    rf"(?:{_STRUCTURES}) ?(?P<number>{_A_NUMBER})(?: p? ?smiles)?|p? ?smiles (?:of )?{_THING} ?(?P<first>{_A_NUMBER})"
)
_SHARE = re.compile(
    rf"(?:(?P<before>{_SHARES})(?: of)?(?: {_THING})? ?(?P<number>{_A_NUMBER})"
    rf"|(?:{_THING} ?)?(?P<first>{_A_NUMBER}) (?P<behind>{_SHARES}))"
    r"(?P<unit> (?:mole? ?%?|wt ?%?|%))?"
)
_RATIO = re.compile(
    r"(?:(?:co)?(?:monomer|polymer) )?(?:feed )?(?:(?:mol|mole|molar|weight|mass|wt) ?)?"
    r"(?:ratios?|compositions?|fractions?|stoichiometry|distribution|%)(?: mole? ?%?| wt ?%?)?"
)
_ARCHITECTURE = re.compile(
    r"(?:(?:co)?polymer |chain )?architecture|(?:(?:co)?poly(?:mer)? )?type(?: of copolymer)?|(?:sequence )?distribution"
    r"|(?:monomer )?(?:sequence|arrangement)(?: type)?"
)
_LONGEST = 100


def _plain(name: str) -> str:
    """A name for comparison: lower case, blanks for marks and before a capital letter or a digit."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z\d])|[\s_\-()\[\],.]+", " ", name[:_LONGEST])
    return " ".join(spaced.lower().split())


def _number(match: re.Match[str]) -> int:
    text: str = match["number"] or match["first"]
    return int(text) if text.isdigit() else ord(text) - ord("a") + 1


def component_number(name: str) -> int | None:
    """Which component of a copolymer a column of this name has the structure of, from 1; None for other names."""
    match = _COMPONENT.fullmatch(_plain(name))
    return None if match is None else _number(match)


def share_number(name: str) -> tuple[int, bool] | None:
    """Which component a column of this name has the share of, from 1, and whether by weight; None for other names."""
    match = _SHARE.fullmatch(_plain(name))
    if match is None:
        return None
    unit = (match["unit"] or "").strip() or match["before"] or match["behind"]
    return _number(match), re.match(r"w|mass", unit) is not None


def is_ratio_name(name: str) -> bool:
    """Whether a column of this name may hold whole ratios, such as 70/30."""
    return _RATIO.fullmatch(_plain(name)) is not None


def is_architecture_name(name: str) -> bool:
    """Whether a column of this name may hold architectures, such as random."""
    return _ARCHITECTURE.fullmatch(_plain(name)) is not None
