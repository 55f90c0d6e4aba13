"""Copolymers as text: `A : B = 0.7 : 0.3 random` taken apart into components, ratio and architecture, and written.

Nothing here knows chemistry; what a component is, `polyid.chemistry.copolymer_reading` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from polyid.common.text import shorten
from polyid.errors import PolymerError


class Architecture(StrEnum):
    """The order of the units in a copolymer's chain."""

    RANDOM = "random"
    ALTERNATING = "alternating"
    BLOCK = "block"


_SPELLINGS = {
    Architecture.RANDOM: "random ran rand r statistical stat bernoulli bernoullian ideal",
    Architecture.ALTERNATING: "alternating alternate alternated alt a periodic",
    Architecture.BLOCK: "block b blocks diblock triblock multiblock",
}
ARCHITECTURES = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()}
"""How people write an architecture, to its name."""

_SIGNS = str.maketrans({"∶": " : ", "：": " : ", "＝": "=", "％": "%", "−": "-", "–": "-"})
LONGEST_TEXT, _LONGEST_RATIO = 10_000, 1_000
_MAY_BE_ONE = re.compile(r"\s|[∶：]|=-?[\d.,]|-alt-|:\[?\*")
_BETWEEN = re.compile(r"(?:\s+|^):(?:\s+|$)")
_COLON = re.compile(r":(?![^\[\]]*\])")
# An equals sign is the ratio's where a blank is beside it, or numbers with a colon follow: in SMILES it is a double bond.
_EQUALS = re.compile(r"\s+=\s*|=\s+|=(?=-?[\d.,]+\s*%?\s*[:/]\s*-?[\d.,]+)")
_UNITS = re.compile(r"(?:^|[\s,;]{1,3})(\d{1,6})\s+units?$")
_COPOLYMER = re.compile(r"[\s-]*(?:co)?polymers?$")
_UNSUPPORTED = "graft gradient tapered star branched comb dendrimer dendritic network crosslinked blend"
# An architecture and a number of units, where no ratio stands before them.
_BEHIND = re.compile(
    rf"[\s,;]{{1,3}}-?(?:{'|'.join(word for word in [*ARCHITECTURES, *_UNSUPPORTED.split()] if len(word) > 1)})-?(?:\s+copolymers?)?"
    r"(?:[\s,;]{1,3}\d{1,6}\s+units?)?$|[\s,;]{1,3}\d{1,6}\s+units?$",
    re.IGNORECASE,
)
_NAME = re.compile(r"poly[\[(](?P<inside>.+)[\])]", re.IGNORECASE)
_READ_INFIXES = "co|alt|ran|stat|r|block|b"
INFIXES = f"{_READ_INFIXES}|graft|per|g"
"""What stands between hyphens, and the parts, in the name of a copolymer; those behind are not read."""
_INFIX = re.compile(f"-({_READ_INFIXES})-", re.IGNORECASE)
_WORD_AT_END = re.compile(r"(?:^|(?<=[\s,;\d%]))([A-Za-z][A-Za-z -]*)$")
_RATIO_UNIT = re.compile(
    r"(?:parts\s+)?(?:by\s+)?(?:(?P<weight>w/w|wt|weight|mass|w)|mol/mol|molar|moles?|mol)\.?\s*%?|%|parts?",
    re.IGNORECASE,
)
_RATIO_SEPARATOR = re.compile(r"\s*[:/;|]\s*|,\s+|\s+")


@dataclass(frozen=True)
class CopolymerText:
    """What a text says of a copolymer.

    Attributes
    ----------
    components : tuple of str
        As written: repeat units, monomers or names.
    shares : tuple of float, or None
        One a component, not negative, sum 1; None where none are written.
    by_weight : bool
        Whether the shares are of mass, not of amount.
    architecture : Architecture or None
        None where none is written.
    degree : int or None
        Units of a chain, where that is written.
    """

    components: tuple[str, ...]
    shares: tuple[float, ...] | None = None
    by_weight: bool = False
    architecture: Architecture | None = None
    degree: int | None = None

    def __str__(self) -> str:
        text = " : ".join(self.components)
        if self.shares is not None:
            text += " = " + " : ".join(f"{round(share, 8):.8g}" for share in self.shares)
            text += " wt%" if self.by_weight else ""
        text += f" {self.architecture}" if self.architecture else ""
        return text + (f", {self.degree} units" if self.degree else "")


def copolymer_text(text: object) -> CopolymerText | None:
    """Take the text of a copolymer apart; None for any other text.

    Parameters
    ----------
    text : str
        Components with ` : ` between them, or monomers with dots; behind them, ` = ` and one number a component with ``:`` or
        ``/`` between, as fractions, parts, percent or ``wt%``, and an architecture. Ratio and architecture may be left out,
        but of monomers with dots one of them is there. A name such as poly(styrene-co-butadiene) with a ratio
        behind it is taken apart too. ``, 18 units`` at the end says how long the chains are.

    Raises
    ------
    PolymerError
        It is a copolymer's, but the ratio has another number of components, a negative share or none above zero, or the
        architecture is not known.

    Examples
    --------
    >>> copolymer_text("*CC(*)c1ccccc1 : *CC(*)C(=O)OC = 70 : 30 random").shares
    (0.7, 0.3)
    """
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or not _MAY_BE_ONE.search(text.strip()):
        return None
    lines = text.strip().splitlines()
    shown, text = shorten(text.strip()), " ".join(text.translate(_SIGNS).split())
    if len(lines) > 1 or ("|" in text and "<" in text):
        return None
    body, *behind = _EQUALS.split(text, maxsplit=1) if not text.startswith("InChI=") else [text]
    if not behind and (match := _BEHIND.search(body)):
        body, behind = body[: match.start()], [match[0]]
    components = _BETWEEN.split(body)
    if len(components) == 1 and (named := _of_name(body.strip())) and (behind or named[1] is Architecture.ALTERNATING):
        read = _with_ratio(named[0], "".join(behind).strip(" ,;"), shown)
        return read if read.architecture else replace(read, architecture=named[1])
    if len(components) == 1:
        components = _without_blanks(body.strip(), "".join(behind))
    if len(components) == 1:
        if "." not in body or not behind or re.search(r"\s", body.strip()):
            return None
        components = body.split(".")
    components = [component.strip() for component in components]
    if not all(components):
        raise PolymerError(
            f"“{shown}” has an empty component; write two repeat units or monomers with “ : ” between them."
        )
    return _with_ratio(components, "".join(behind).strip(" ,;"), shown)


def _without_blanks(body: str, ratio: str) -> list[str]:
    """Components with colons and no blanks between them: where each has two attachment points, or a number of the ratio.

    In SMILES a colon is an aromatic bond, which no repeat unit has between its own attachment points.
    """
    parts = _COLON.split(body)
    units = all(part.count("*") == 2 for part in parts)
    numbers = len(re.findall(r"[\d.,]+", ratio)) == len(parts) and not any("*" in part for part in parts)
    return parts if units or numbers else [body]


def _of_name(text: str) -> tuple[list[str], Architecture | None] | None:
    """Components and architecture of a name such as poly(styrene-co-butadiene); None for other texts."""
    name = _NAME.fullmatch(text)
    parts = _INFIX.split(name["inside"]) if name else []
    if len(parts) < 3 or len({infix.lower() for infix in parts[1::2]}) > 1:
        return None
    bare = [part[1:-1] if part[:1] + part[-1:] in ("()", "[]") else part for part in parts[::2]]
    return [f"poly({part})" for part in bare], ARCHITECTURES.get(parts[1].lower())


def _known_architecture(text: str) -> Architecture | None:
    return ARCHITECTURES.get(_COPOLYMER.sub("", text.strip().lower()).strip(" -,;"))


def architecture_of(text: str) -> Architecture:
    """The architecture that a word names.

    Raises
    ------
    PolymerError
        It is not known here.
    """
    architecture = _known_architecture(text)
    if architecture is None:
        raise PolymerError(
            f"The architecture “{shorten(text)}” is not known here; write random, alternating or block (graft, gradient and "
            "star copolymers are not supported)."
        )
    return architecture


def _with_ratio(components: Sequence[str], rest: str, shown: str) -> CopolymerText:
    """The components with what stands behind them: numbers, their unit, an architecture, a number of units."""
    if len(rest) > _LONGEST_RATIO:
        raise PolymerError(f"“{shown}” has a ratio of {len(rest):,} characters; write one number for each component.")
    degree = architecture = None
    if match := _UNITS.search(rest):
        degree, rest = int(match[1]), rest[: match.start()].strip(" ,;")
    is_ratio = any(mark.isdigit() for mark in rest) or ":" not in rest
    if is_ratio and (match := _WORD_AT_END.search(rest)) and not _RATIO_UNIT.fullmatch(match[1].strip()):
        # A unit of the numbers may stand before the architecture, as in mol random.
        word = re.sub(r"^(?:mol|mole|molar|wt|weight|parts)\s+", "", match[1].strip(), flags=re.IGNORECASE)
        architecture, rest = architecture_of(word), rest[: len(rest.rstrip()) - len(word)].strip(" ,;")
    if not rest:
        return CopolymerText(tuple(components), None, False, architecture, degree)
    shares, by_weight = read_shares(rest, shown)
    if len(shares) != len(components):
        raise PolymerError(
            f"“{shown}” has {len(components)} components but {len(shares)} number{'s' * (len(shares) != 1)} in its ratio; "
            "write one for each, such as A : B = 0.7 : 0.3."
        )
    return CopolymerText(tuple(components), shares, by_weight, architecture, degree)


def read_shares(text: str, shown: str | None = None) -> tuple[tuple[float, ...], bool]:
    """The shares that a ratio such as ``0.7 : 0.3``, ``70/30`` or ``70 % : 30 %`` states, and whether they are of mass.

    Raises
    ------
    PolymerError
        It is no ratio, a number is negative, none is above zero, or percentages don't add up to 100; it quotes `shown`.
    """
    shown = shorten(text) if shown is None else shown
    text = text.translate(_SIGNS).strip()
    if text[:1] in "[({":
        text = text.strip("[](){} ").replace(",", " ")
    units = list(_RATIO_UNIT.finditer(text))
    numbers = _RATIO_SEPARATOR.split(re.sub(r"\s+$", "", _RATIO_UNIT.sub("", text)).strip())
    values = []
    for number in numbers:
        try:
            values.append(float(number.replace(",", ".")))
        except ValueError:
            raise PolymerError(
                f"“{shown}” has “{shorten(number)}” in its ratio, which is no number; write a ratio such as 0.7 : 0.3."
            ) from None
    return shares_of(values, shown, percent=any("%" in unit[0] for unit in units)), any(u["weight"] for u in units)


def shares_of(values: Sequence[float], shown: str, *, percent: bool = False) -> tuple[float, ...]:
    """Numbers of a ratio divided by their sum; a PolymerError, which quotes `shown`, where they are none of a ratio."""
    total = sum(values)
    if any(not value >= 0 for value in values) or not total < float("inf"):
        raise PolymerError(f"“{shown}” has a negative or infinite share in its ratio; write numbers from 0 up.")
    if total == 0:
        raise PolymerError(f"“{shown}” has a ratio of nothing but zeros; write how much there is of each component.")
    if percent and abs(total - 100) > 1:
        raise PolymerError(f"“{shown}” has percentages that add up to {total:g}; they must add up to 100.")
    return tuple(value / total for value in values)
