"""Other notations of a repeat unit, turned into a SMILES with two attachment points: R-groups, placeholder atoms, BigSMILES."""

from __future__ import annotations

import re

from rdkit import Chem, rdBase

from polyid.chemistry.names import MAX_CHARACTERS, find_name, is_abbreviation, unknown_name
from polyid.chemistry.pasted_text import TidyText, tidy_text
from polyid.common.text import shorten
from polyid.errors import PolymerError

# Atoms that other tools write where the chain goes on; real chains hold none of them.
_PLACEHOLDERS = (("[Ce]", "[Th]"), ("[Cu]", "[Au]"), ("[At]", "[At]"), ("[Pt]", "[Pt]"), ("[Lr]", "[Lr]"))
_R_GROUP = re.compile(r"\[R(\d*|[a-zA-Z']?)\]")
_DOLLAR = re.compile(r"^\$|\$$|(?<=\()\$(?=\))|\[\$\d*\]")
# A stochastic object: braces, inside them a terminal descriptor or none, the repeat units, another terminal descriptor.
_TERMINAL = r"\[[$<>]?\d*\]"
_OBJECT = re.compile(rf"\{{(?:{_TERMINAL}(?=\[[$<>]))?(?P<units>[^{{}}]*?)(?:(?<=\]){_TERMINAL}|\[\])?\}}")
_DESCRIPTOR = re.compile(r"\[([$<>])\d*\]")
# What consists of nothing else is a SMILES, right or wrong; it may be an abbreviation only where it is all letters.
_ONLY_SMILES = re.compile(r"(?!\d)(?:\[[^\[\]]*\]|Br|Cl|[BCNOPSFIbcnops]|%\d\d|\d|[-=#$:/\\~().@])++")
_NO_NAME = re.compile(r"[*{\n\r]|^InChI=")
_WORD = re.compile(r"poly|nylon|[^\W\d_]{5}", re.IGNORECASE)
_MOL_BLOCK_END = re.compile(r"^M {2}END", re.MULTILINE)


def as_smiles(pasted: object) -> TidyText:
    """The SMILES that a pasted text stands for, in whatever notation, and what was changed.

    Parameters
    ----------
    pasted : str
        SMILES with ``*``, ``[R1]``, ``$`` or placeholder atoms for attachment points; BigSMILES of a homopolymer (Lin et al.,
        ACS Cent. Sci. 2019, 5, 1523, doi:10.1021/acscentsci.9b00476); InChI; an MDL mol block; a name (`find_name`).

    Raises
    ------
    PolymerError
        As `tidy_text` and `find_name`, the name is not known here, or the notation says more than one repeat unit.
    """
    if isinstance(pasted, str) and _MOL_BLOCK_END.search(pasted):
        return _of_mol_block(pasted)
    named = _of_name(pasted.strip()) if isinstance(pasted, str) else None
    if named is not None:
        return named
    tidy = tidy_text(pasted)
    text, notes = tidy.text, list(tidy.notes)
    if text.startswith("InChI="):
        return TidyText(_of_inchi(text), (*notes, "InChI read as SMILES"))
    if "{" in text:
        return TidyText(_of_bigsmiles(text, notes), tuple(notes))
    for pattern, name in ((_R_GROUP, "R-groups"), (_DOLLAR, "$")):
        starred = pattern.sub("*", text)
        if starred != text and starred.count("*") >= 2:
            text = starred
            notes.append(f"{name} read as attachment points *")
    for head, tail in _PLACEHOLDERS:
        if "*" not in text and text.count(head) == text.count(tail) == 1 + (head == tail):
            text = text.replace(head, "*").replace(tail, "*")
            notes.append(f"{head} and {tail} read as attachment points *")
    return TidyText(text, tuple(notes))


def _of_name(text: str) -> TidyText | None:
    """The repeat unit of a name; None for what is no name. A name that is not known here is a PolymerError."""
    if len(text) > MAX_CHARACTERS or _NO_NAME.search(text):
        return None
    if _ONLY_SMILES.fullmatch(text) and not is_abbreviation(text):
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


def _of_inchi(text: str) -> str:
    with rdBase.BlockLogs():
        molecule = Chem.MolFromInchi(text)
    if molecule is None:
        raise PolymerError(f"“{shorten(text)}” is no InChI that can be read; write the polymer as SMILES.")
    return Chem.MolToSmiles(molecule)


def _of_mol_block(text: str) -> TidyText:
    with rdBase.BlockLogs():
        molecule = Chem.MolFromMolBlock(text)
    if molecule is None:
        raise PolymerError("The mol block can't be read; draw the structure again or write it as SMILES.")
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
            atom.SetAtomMapNum(0)
    smiles = Chem.MolToSmiles(molecule)
    return TidyText(smiles, (f"mol block read as {shorten(smiles)}",))


def _of_bigsmiles(text: str, notes: list[str]) -> str:
    """The repeat unit of a BigSMILES of one homopolymer, end groups left out."""
    shown = shorten(text)
    objects = list(_OBJECT.finditer(text))
    units = re.split("[,;]", objects[0]["units"]) if len(objects) == 1 else []
    if len(units) != 1 or text.count("{") != 1:
        raise PolymerError(
            f"“{shown}” is BigSMILES of several repeat units, which are not read; write one repeat unit with two "
            "attachment points, such as *CC(*)c1ccccc1."
        )
    descriptors = [match.group(1) for match in _DESCRIPTOR.finditer(units[0])]
    if sorted(descriptors) not in (["$", "$"], ["<", ">"]):
        raise PolymerError(
            f"“{shown}” is BigSMILES whose repeat unit has the bonding descriptors {' '.join(descriptors) or 'none'}; one "
            "[<] and one [>], or two [$], are read."
        )
    ends = [end for end in (text[: objects[0].start()], text[objects[0].end() :]) if end]
    notes.append("BigSMILES read as its repeat unit" + (f", end groups {' and '.join(ends)} left out" if ends else ""))
    return _DESCRIPTOR.sub("*", units[0])
