"""The three forms a chemist writes a polymer in: oligomer, repeat unit, monomers; what is none of them is refused here.

An oligomer is a plain molecule, a repeat unit has two attachment points (``*CC(*)c1ccccc1``), and monomers are joined by dots
(``OCCO.O=C(O)c1ccc(C(=O)O)cc1``).
"""

from __future__ import annotations

from enum import StrEnum

from rdkit import Chem, rdBase

from polyid.chemistry.chain import MAX_HEAVY_ATOMS
from polyid.chemistry.diagnose import EXPECTED, why_unreadable
from polyid.chemistry.smiles import read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

MAX_CHARACTERS = 10_000

ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")


class PolymerForm(StrEnum):
    """How a SMILES writes a polymer."""

    OLIGOMER = "oligomer"
    REPEAT_UNIT = "repeat unit"
    MONOMERS = "monomers"


def recognise_form(smiles: str) -> PolymerForm:
    """Tell which of the three forms a SMILES is written in.

    Parameters
    ----------
    smiles : str
        An oligomer, a repeat unit with two attachment points, or monomers joined by dots.

    Returns
    -------
    PolymerForm

    Raises
    ------
    PolymerError
        The text is no SMILES of these forms; the message says what was seen and what is expected.
    """
    return parse_polymer(smiles)[1]


def parse_polymer(smiles: str) -> tuple[Chem.Mol, PolymerForm]:
    """Parse a SMILES and check that it is a polymer's; atom-map numbers are dropped."""
    text = smiles.strip() if isinstance(smiles, str) else ""
    if not text:
        raise PolymerError(f"The SMILES is empty; {EXPECTED}.")
    if len(text) > MAX_CHARACTERS:
        raise PolymerError(
            f"The SMILES has {len(text):,} characters, but at most {MAX_CHARACTERS:,} are read; {EXPECTED}."
        )
    if len(text.splitlines()) > 1:  # RDKit would read the first line alone
        raise PolymerError(f"The SMILES has {len(text.splitlines())} lines; write one polymer at a time.")
    with rdBase.BlockLogs():
        molecule = read_molecule(text)
        if molecule is None:
            raise PolymerError(why_unreadable(text))
        if ":" in text:
            for atom in molecule.GetAtoms():
                atom.SetAtomMapNum(0)
        return molecule, _check(molecule, text)


def _check(molecule: Chem.Mol, text: str) -> PolymerForm:
    """Tell the form of a parsed SMILES; raise for what is no polymer that this package handles."""
    shown = shorten(text)
    heavy = molecule.GetNumHeavyAtoms()
    if heavy > MAX_HEAVY_ATOMS:
        raise PolymerError(
            f"The SMILES has {heavy:,} heavy atoms, but at most {MAX_HEAVY_ATOMS:,} are read; {EXPECTED}."
        )
    parts = len(Chem.GetMolFrags(molecule))
    # Everything but plain atoms of the organic subset is written in brackets or as a star.
    points = _unusual_atoms(molecule, shown) if "[" in text or "*" in text else []
    if not heavy:
        raise PolymerError(f"“{shown}” has no atoms between its attachment points; {EXPECTED}.")
    if not points:
        return PolymerForm.MONOMERS if parts > 1 else PolymerForm.OLIGOMER
    if parts > 1:
        raise PolymerError(
            f"“{shown}” has {parts} molecules and {len(points)} attachment points; copolymers of several repeat units "
            "are not supported: write one repeat unit with two attachment points, or monomers without any."
        )
    if len(points) != 2:
        seen = "one attachment point" if len(points) == 1 else f"{len(points)} attachment points"
        raise PolymerError(f"“{shown}” has {seen}; a repeat unit has exactly two, such as *CC(*)c1ccccc1.")
    for point in points:
        if point.GetDegree() != 1:
            raise PolymerError(
                f"“{shown}” has an attachment point bonded to {point.GetDegree()} atoms; "
                "each must be bonded to exactly one."
            )
        if point.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise PolymerError(
                f"“{shown}” has an attachment point on a double or triple bond; cut the repeat unit at a single bond, "
                "such as *C=C* instead of *=CC=*."
            )
    return PolymerForm.REPEAT_UNIT


def _unusual_atoms(molecule: Chem.Mol, shown: str) -> list[Chem.Atom]:
    """The attachment points; raise for elements, isotopes, radicals and ions that are not supported."""
    points = []
    charged = False
    for atom in molecule.GetAtoms():
        where = f"atom {atom.GetIdx() + 1}"
        charged = charged or atom.GetFormalCharge() != 0
        if atom.GetAtomicNum() == 0:
            points.append(atom)
        elif atom.GetSymbol() not in ELEMENTS:
            raise PolymerError(
                f"“{shown}” contains {atom.GetSymbol()} ({where}), but polymers of {', '.join(ELEMENTS)} only are "
                "supported; metals, salts and other elements are not."
            )
        elif atom.GetIsotope():
            raise PolymerError(
                f"“{shown}” has an isotope label at {where}; isotopes are not told apart, write the SMILES without."
            )
        elif atom.GetNumRadicalElectrons():
            raise PolymerError(
                f"“{shown}” has an unpaired electron at {where} ({atom.GetSymbol()}); give it its hydrogens, "
                "or write * where the chain goes on."
            )
    for part in Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False) if charged else ():
        charge = sum(atom.GetFormalCharge() for atom in part.GetAtoms())
        if charge:
            raise PolymerError(
                f"“{shown}” has an ion of charge {charge:+d}; salts and ions are not supported, "
                "write the neutral polymer."
            )
    return points
