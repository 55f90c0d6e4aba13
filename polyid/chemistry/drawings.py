"""Structures as drawing programs give them: mol blocks, CXSMILES and InChI; brackets of a repeating group are its repeat unit."""

from __future__ import annotations

from typing import Any

from rdkit import Chem, rdBase

from polyid.chemistry.pasted_text import TidyText
from polyid.common.text import shorten
from polyid.errors import PolymerError

# Kinds of groups that say something of a polymer.
_POLYMERIC = ("SRU", "MON", "MER", "COP", "CRO", "GRA", "MOD")


def read_inchi(text: str) -> str:
    """SMILES of an InChI."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromInchi(text)
    if molecule is None:
        raise PolymerError(f"“{shorten(text)}” is no InChI that can be read; write the polymer as SMILES.")
    return Chem.MolToSmiles(molecule)


def read_mol_block(text: str) -> TidyText:
    """SMILES of an MDL mol block; of the group in brackets, where it has one that repeats."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromMolBlock(text.encode(errors="replace").decode())
    if molecule is None:
        raise PolymerError("The mol block can't be read; draw the structure again or write it as SMILES.")
    smiles = _smiles_of(molecule, "the mol block")
    return TidyText(smiles, (f"mol block read as {shorten(smiles)}",))


def read_bracketed(smiles: str, labels: str) -> str:
    """SMILES of the repeating group that CXSMILES labels put in brackets, as ``Sg:n:1,2:n:ht`` does."""
    shown = shorten(f"{smiles} {labels}")
    settings: Any = Chem.SmilesParserParams()  # RDKit's stubs have no types for the settings
    settings.allowCXSMILES = settings.strictCXSMILES = True
    with rdBase.BlockLogs():
        try:
            molecule = Chem.MolFromSmiles(f"{smiles} {labels}", settings)
        except (RuntimeError, ValueError):
            molecule = None
    if molecule is None or not Chem.GetMolSubstanceGroups(molecule):
        raise PolymerError(
            f"“{shown}” marks its repeat unit by CXSMILES brackets that can't be read; write the repeat unit with two attachment "
            "points, such as *CC(*)c1ccccc1."
        )
    return _smiles_of(molecule, f"“{shown}”")


def _smiles_of(molecule: Chem.Mol, shown: str) -> str:
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
            atom.SetAtomMapNum(0)
    groups = [group for group in Chem.GetMolSubstanceGroups(molecule) if group.GetProp("TYPE") in _POLYMERIC]
    if not groups:
        return Chem.MolToSmiles(molecule)
    inside = set(groups[0].GetAtoms())
    leaving = [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if (bond.GetBeginAtomIdx() in inside) != (bond.GetEndAtomIdx() in inside)
    ]
    if len(groups) > 1 or len(leaving) not in (2, 4):
        raise PolymerError(
            f"{shown[0].upper()}{shown[1:]} has {len(groups)} repeating group{'s' * (len(groups) > 1)} in brackets, the first with "
            f"{len(leaving)} bonds out of it; one group with two bonds, or four of a ladder polymer, is read."
        )
    cut = Chem.FragmentOnBonds(molecule, leaving, dummyLabels=[(0, 0)] * len(leaving))
    members: list[tuple[int, ...]] = []
    parts = Chem.GetMolFrags(cut, asMols=True, fragsMolAtomMapping=members)
    return next(Chem.MolToSmiles(part) for part, atoms in zip(parts, members, strict=True) if inside & set(atoms))
