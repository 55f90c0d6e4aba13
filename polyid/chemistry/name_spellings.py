"""Spellings of one name: the key that they share, and what may be left out of a name or stand elsewhere in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MOLAR_MASS = "its molar mass is not part of the repeat unit"
TACTICITY = "its tacticity is not part of the repeat unit"

_GREEK = {letter: unicodedata.name(letter).split()[-1].lower() for letter in "αβγδεζηθικλμνξοπρστυφχψω"}
_TRADEMARKS = re.compile(r"[®™©℠]|\((?:r|tm)\)(?!-)", re.IGNORECASE)
_TACTIC = re.compile(r"^(?:(?:isotactic|syndiotactic|atactic|at|it|st)(?:-|\s)+)", re.IGNORECASE)
_TACTIC_ABBREVIATION = re.compile(r"^[ias]-?P[A-Z]")
_DESCRIPTIVE = re.compile(
    r"(?:\s+|-)(?:homopolymer|polymer|resins?|fib(?:re|er)s?|films?|membranes?|plastics?|powder|rubber)$", re.IGNORECASE
)
_OF_MONOMER = re.compile(r"(?!poly)(\w.+?)(?:\s+|-)(?:homopolymer|polymer|rubber)", re.IGNORECASE)
_INVERTED = re.compile(r"([^,]*\w[^,]*), ?([^\s,].*)")
# Polymers that are sold by their molar mass; behind other names a number says of what they are.
_WITH_MOLAR_MASS = re.compile(
    r"(PEGs?|PEO|PPG|PTMEG|PTMG|PTMO|PTHF|polyTHF|PCL|PVP|PDMS|carbowax|macrogol|povidone|plasdone"
    r"|poly\W?(?:ethylene|propylene)\W?(?:glycol|oxide)\W?|poly\W?(?:N-)?vinyl\W?pyrrolidone\W?|polycaprolactone)"
    r"[\s-]*(?:K-?\d\d|\d{3,6}|\d+ ?k(?:Da)?|\d{1,3}[ ,]?000|20 ?M)(?: ?(?:g/mol|Da))?",
    re.IGNORECASE,
)
# British and American spelling, German words, and what sounds alike.
_SPELLINGS = (
    ("sulph", "sulf"), ("ethyleneimine", "ethylenimine"), ("oxyde", "oxide"), ("aluminium", "aluminum"), ("styrol", "styrene"),
    ("acrylnitril", "acrylonitril"), ("vinylalkohol", "vinyl alcohol"), ("fluorethylen", "fluoroethylen"), ("kautschuk", "rubber"),
)  # fmt: skip


def name_key(text: str) -> str:
    """Letters and digits of a name, with a comma between numbers: what all its spellings have in common."""
    text = _TRADEMARKS.sub("", text).lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join(_GREEK.get(mark, mark) for mark in text))
    for variant, spelling in _SPELLINGS:
        text = text.replace(variant, spelling)
    text = re.sub(r"(?<=\d)\s*/\s*(?=\d)", "/", text)
    text = re.sub(r"(?<=\d)[^a-z0-9/]+(?=\d)", ",", text)
    return re.sub(r"[^a-z0-9,/]|(?<!\d)[,/]|[,/](?!\d)", "", text)


def loose_key(key: str) -> str:
    """A key without its e's, which German and French put elsewhere: polyethylen, polycarbonat, polyvinylchlorid.

    No two polymers have names that differ by nothing else. Short keys, such as abbreviations, stay as they are.
    """
    return key.replace("e", "") if len(key) > 7 else key


def name_forms(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A name as it stands, and as it may be listed, each with what is not part of a repeat unit.

    ``isotactic polystyrene``, ``polystyrene, isotactic`` as in an index, ``polystyrene resin``, ``styrene homopolymer`` and
    ``PEG 4000`` are polystyrene and poly(ethylene glycol).
    """
    yield text, (TACTICITY,) if _TACTIC_ABBREVIATION.match(text) else ()
    inverted = _INVERTED.fullmatch(text)
    turned = (text,) if inverted is None else (text, f"{inverted[2]} {inverted[1]}")
    for name in turned:
        plain = _TACTIC.sub("", name)
        notes = () if plain == name else (TACTICITY,)
        for form in (name, plain, _DESCRIPTIVE.sub("", name), _DESCRIPTIVE.sub("", plain)):
            yield form, notes if form != name or name != text else ()
        match = _OF_MONOMER.fullmatch(plain)
        if match is not None:
            yield f"poly({match[1]})", notes
    match = _WITH_MOLAR_MASS.fullmatch(text)
    if match is not None:
        yield match[1], (MOLAR_MASS,)
