"""Text as people paste it: which marks stand for others, what is left out, and which are refused.

RDKit drops bytes beyond ASCII at the ends of a SMILES without a word, so nothing but ASCII may reach it: every other mark is
translated here, and said, or refused with its place.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from polyid.common.text import shorten
from polyid.errors import PolymerError

_STARS = "∗＊✱✲✳⁎⋆★☆✻✽•●∙⁕﹡"
_DASHES = "‐‑‒–—―−﹣－"
_TRANSLATED = (
    dict.fromkeys(_STARS, "*")
    | dict.fromkeys(_DASHES, "-")
    | dict(zip("＝═≡＃（）［］｛｝＋／＼．：＠％＜＞＄｜", "==##()[]{}+/\\.:@%<>$|", strict=True))
)
_QUOTES = "\"'`“”„‟‘’‚‛«»‹›´"
# Blanks, marks of no width and what spreadsheets write for a line end.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\ufeff]")
_LINE_END = re.compile(r"(_x000[dD]_)+$")
_DASH_END = re.compile(r"^[-~](?=[A-Za-z\[(])|(?<=[A-Za-z0-9\])])[-~]$|(?<=\()[-~](?=\))")
_MIDDLE_DOT_END = re.compile(r"^·|·$|(?<=\()·(?=\))")
# Continues a SMILES rather than names it; names of polymers that are letters of SMILES begin with P.
_GOES_ON = re.compile(r"(?!P[A-Z]*$)(\[[^\[\]]*\]|Br|Cl|[BCNOPSFIbcnops*]|%\d\d|\d|[-=#$:/\\~().@])+$")


_WITHOUT_POINTS = str.maketrans(_TRANSLATED | {star: None for star in (*_STARS, "·")})


def without_points(text: str) -> str:
    """A text with the marks that look like those of SMILES turned into these, and no attachment points, to tell it from a name."""
    return text.translate(_WITHOUT_POINTS)


@dataclass(frozen=True)
class TidyText:
    """A text of ASCII marks, and what was changed to come to it.

    Attributes
    ----------
    text : str
    notes : tuple of str
        One clause a change that may alter the meaning, such as “∗” read as *.
    """

    text: str
    notes: tuple[str, ...] = ()


def tidy_text(pasted: object) -> TidyText:
    """One line of ASCII for a SMILES as it was pasted.

    Raises
    ------
    PolymerError
        There is no text, several lines, a mark that no SMILES has, or more than a name behind the SMILES.
    """
    text = _INVISIBLE.sub("", pasted).strip() if isinstance(pasted, str) else ""
    text = _LINE_END.sub("", text).strip()
    if len(text.splitlines()) > 1:
        raise PolymerError(f"The SMILES has {len(text.splitlines())} lines; write one polymer at a time.")
    notes: list[str] = []
    text = _without_wrapping(text, notes)
    text = _in_ascii(text, notes)
    text = _without_tail(text, notes)
    ends = _DASH_END.sub("*", text)
    if ends != text and ends.count("*") == 2:
        notes.append("- at the ends read as attachment points *")
        text = ends
    return TidyText(text, tuple(notes))


def _without_wrapping(text: str, notes: list[str]) -> str:
    """The text without quotation marks around it and commas behind it."""
    bare = text.rstrip(",; \t")
    while bare and (bare[0] in _QUOTES or bare[-1] in _QUOTES):
        bare = bare.strip(_QUOTES).strip().rstrip(",;")
    if bare != text:
        notes.append("quotation marks and commas around it left out")
    return bare


def _in_ascii(text: str, notes: list[str]) -> str:
    """The text with look-alikes translated; a PolymerError names the first mark that has no translation."""
    if text.isascii() and text.isprintable():
        return text
    dotted = _MIDDLE_DOT_END.sub("*", text)
    if dotted != text:
        notes.append("· read as *")
    marks = []
    for position, mark in enumerate(dotted, 1):
        plain = _TRANSLATED.get(mark) or (" " if mark.isspace() else unicodedata.normalize("NFKC", mark))
        if len(plain) != 1 or not plain.isascii() or not plain.isprintable():
            name = unicodedata.name(mark, f"control character {ord(mark):#04x}").lower()
            shown = shorten(ascii(text)[1:-1])
            raise PolymerError(
                f"“{shown}” has the mark {name} at position {position}, which no SMILES has; remove it or write what it "
                "stands for."
            )
        if plain != mark and not mark.isspace():
            notes.append(f"{mark} read as {plain}")
        marks.append(plain)
    notes[:] = dict.fromkeys(notes)
    return "".join(marks)


def _without_tail(text: str, notes: list[str]) -> str:
    """The text without a name or CXSMILES labels behind a SMILES, but for brackets; BigSMILES may hold blanks and commas."""
    if "{" in text or text.startswith("InChI="):
        return text
    first, rest = [*re.split(r"[\s,;]+", text, maxsplit=1), ""][:2]
    if not rest:
        return text
    if rest.startswith("|"):
        if re.search(r"\bSg:", rest):
            return text
        notes.append("the CXSMILES labels behind it left out")
        return first
    if "*" not in first and "." not in first:
        return text
    if _GOES_ON.match(rest):
        raise PolymerError(
            f"“{shorten(text)}” has a gap in it; join the two parts if they are one SMILES, or leave “{shorten(rest)}” out."
        )
    notes.append(f"“{shorten(rest)}” behind it taken for a name and left out")
    return first
