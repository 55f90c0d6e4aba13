"""Other notations of a repeat unit, turned into a SMILES with two attachment points: R-groups, placeholder atoms, BigSMILES."""

from __future__ import annotations

import re
from dataclasses import replace

from polyid.chemistry.bigsmiles import read_bigsmiles
from polyid.chemistry.copolymer_text import INFIXES, CopolymerText, copolymer_text
from polyid.chemistry.drawings import read_bracketed, read_inchi, read_mol_block
from polyid.chemistry.monomers import read_as
from polyid.chemistry.name_suggestions import unknown_name
from polyid.chemistry.named_copolymers import name_of_polymer, named_copolymer
from polyid.chemistry.names import MAX_CHARACTERS as LONGEST_NAME
from polyid.chemistry.names import find_name, is_abbreviation
from polyid.chemistry.pasted_text import TidyText, tidy_text, without_points
from polyid.chemistry.weighted_graph import is_weighted_graph, read_weighted_graph
from polyid.common.text import shorten
from polyid.errors import PolymerError

MAX_CHARACTERS = 10_000
"""Of any text; longer ones are refused unread."""
LADDER_POINTS = 4
# Behind the atoms where the chain goes on, in CurlySMILES (Drefahl, J. Cheminf. 2011, 3, 1, doi:10.1186/1758-2946-3-1) and in the
# polymer extension of OpenSMILES.
_BEHIND_ATOMS = ((re.compile(r"\{(?:-|\+[nr]?|[nr]\+)\}"), "{-} and {+n}"), (re.compile(r"(?<=[\w\])])&\d?"), "&"))
# Atoms that other tools write where the chain goes on; real chains hold none of them.
_PLACEHOLDERS = (("[Ce]", "[Th]"), ("[Cu]", "[Au]"), ("[At]", "[At]"), ("[Pt]", "[Pt]"), ("[Lr]", "[Lr]"))
_R_GROUP = re.compile(r"\[R(\d{0,2}|[a-zA-Z']?)\]")
_LADDER_MARKS = {"[e]": "[1*]", "[d]": "[2*]", "[t]": "[3*]", "[g]": "[4*]"}
_DOLLAR = re.compile(r"^\$|\$$|(?<=\()\$(?=\))|\[\$(\d*)\]")
# What consists of nothing else is a SMILES, right or wrong; it may be an abbreviation only where it is all letters.
_ONLY_SMILES = re.compile(r"(?!\d)(?:\[[^\[\]]*\]|Br|Cl|[BCNOPSFIbcnops]|%\d\d|\d|[-=#$:/\\~().@])++")
# A unit of such marks is nothing but SMILES, and no copolymer: no other notation and no ratio do without the marks left out.
_PLAIN = re.compile(r"(?!-)[BCFHINOPSbcnopsilr0-9()=#*@+%\[\]-]+(?<!-)")
_NO_NAME = re.compile(r"[*{\n\r]|^InChI=")
_WORD = re.compile(rf"poly|nylon|[^\W\d_]{{5}}|[A-Z0-9]{{2,6}}-(?:{INFIXES})-", re.IGNORECASE)
_MOL_BLOCK_END = re.compile(r"^M {2}END", re.MULTILINE)


def as_smiles(pasted: object) -> TidyText:
    """The SMILES that a pasted text stands for, in whatever notation, and what was changed.

    Parameters
    ----------
    pasted : str
        SMILES with ``*``, ``[R1]``, ``$`` or placeholder atoms for attachment points, ``[e]``, ``[d]``, ``[t]`` and ``[g]`` for
        those of a ladder; BigSMILES; what the wD-MPNN reads; InChI; an MDL mol block; CXSMILES with a bracketed unit; a name.

    Raises
    ------
    PolymerError
        As `tidy_text` and `find_name`, the name is not known here, or the notation says more than one repeat unit.
    """
    if isinstance(pasted, str) and _is_plain(pasted) and pasted.count("*") in (1, 2):
        return TidyText(pasted)
    if isinstance(pasted, str) and _MOL_BLOCK_END.search(pasted):
        return read_mol_block(pasted)
    named = _of_name(pasted.strip()) if isinstance(pasted, str) else None
    if named is not None:
        return named
    tidy = tidy_text(pasted)
    other = _of_other_notation(tidy.text) or _with_stars(tidy.text)
    return TidyText(other.text, (*tidy.notes, *other.notes, *read_as(other.text)))


def copolymer_of(pasted: object) -> tuple[CopolymerText | None, tuple[str, ...]]:
    """What a text, in whatever notation, says of a copolymer, and what was changed to come to it; None where it is of none."""
    if not isinstance(pasted, str) or len(pasted) > MAX_CHARACTERS or _is_plain(pasted):
        return None, ()
    if "{" not in pasted and not is_weighted_graph(pasted):
        written, notes = named_copolymer(pasted) or (pasted, ())
        taken_apart = copolymer_text(written)
        if taken_apart is None:
            return None, ()
        components = tuple(name_of_polymer(component) or component for component in taken_apart.components)
        return replace(taken_apart, components=components), notes
    tidy = as_smiles(pasted)
    return copolymer_text(tidy.text), tidy.notes


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and "(-)" not in text


def _of_other_notation(text: str) -> TidyText | None:
    """What is no SMILES with other attachment points, but something else; None for what may be SMILES."""
    if text.startswith("InChI="):
        return TidyText(read_inchi(text), ("InChI read as SMILES",))
    if "Sg:" in text and len(text.split()) > 1:
        smiles = read_bracketed(*text.split(maxsplit=1))
        return TidyText(smiles, (f"the repeating group in brackets read as {shorten(smiles)}",))
    for pattern, name in _BEHIND_ATOMS:
        if len(pattern.findall(text)) == 2:
            return TidyText(pattern.sub("(*)", text), (f"{name} read as attachment points *",))
    if "{" in text:
        return read_bigsmiles(text)
    return read_weighted_graph(text) if is_weighted_graph(text) else None


def _with_stars(text: str) -> TidyText:
    """A SMILES with ``*`` for whatever stands where the chain goes on."""
    notes = []
    if all(text.count(mark) == 1 for mark in _LADDER_MARKS):
        for mark, point in _LADDER_MARKS.items():
            text = text.replace(mark, point)
        notes.append("[e], [d], [t] and [g] read as a ladder's attachment points, [e] joined to [t] and [d] to [g]")
    for pattern, name in ((_R_GROUP, "R-groups"), (_DOLLAR, "$")):
        starred = pattern.sub(lambda mark: f"[*:{mark[1]}]" if (mark[1] or "").isdigit() else "*", text)
        if starred != text and starred.count("*") >= 2:
            text = starred
            notes.append(f"{name} read as attachment points *")
    for head, tail in _PLACEHOLDERS:
        if "*" not in text and text.count(head) == text.count(tail) == 1 + (head == tail):
            text = text.replace(head, "*").replace(tail, "*")
            notes.append(f"{head} and {tail} read as attachment points *")
    if text.count("*") == LADDER_POINTS and "." not in text:
        notes.append("four attachment points read as the two strands of a ladder polymer")
    return TidyText(text, tuple(notes))


def _of_name(text: str) -> TidyText | None:
    """The repeat unit of a name; None for what is no name. A name that is not known here is a PolymerError."""
    if len(text) > LONGEST_NAME or _NO_NAME.search(text):
        return None
    # •C(N•) is a unit and not CN, cellulose nitrate.
    if _ONLY_SMILES.fullmatch(without_points(text)) and not is_abbreviation(text):
        return None
    polymer = find_name(text)
    if polymer is None:
        # Only the first word tells: a SMILES in some other notation may have a name behind it.
        asked = unknown_name(text) if _WORD.match(text) and not _ONLY_SMILES.fullmatch(text.split()[0]) else None
        if asked:
            raise PolymerError(f"“{shorten(text)}” {asked}")
        return None
    read = f"“{shorten(text)}” read as {polymer.smiles} ({polymer.source})"
    return TidyText(polymer.smiles, (read, *polymer.notes))
