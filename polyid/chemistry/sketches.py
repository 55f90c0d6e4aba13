"""A structure as a drawing program takes it: the mol block of a text, its attachment points atoms called ``*``."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdDepictor

from polyid.chemistry.diagnose import why_unreadable
from polyid.chemistry.forms import refusing
from polyid.chemistry.notations import LADDER_POINTS, as_smiles, copolymer_of
from polyid.chemistry.smiles import read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

MOST_ATOMS = 255
"""Of a structure that is drawn on by hand."""
_MOST_CHARACTERS = 20 * MOST_ATOMS
# Where a V2000 mol block has its first atom, by line, and an atom's symbol, by column. RDKit writes R for attachment points.
_FIRST_ATOM, _SYMBOL = 4, 31


@refusing
def sketch(text: str) -> str:
    """An MDL mol block (V2000) of one structure, laid out flat, with configurations kept.

    Parameters
    ----------
    text : str
        A polymer in any notation that stands for one structure or for monomers side by side.

    Raises
    ------
    PolymerError
        The text can't be read, or says more than a drawing: fractions of a copolymer, numbered points of a ladder.
    """
    if len(text) > _MOST_CHARACTERS:
        raise PolymerError(f"“{shorten(text)}” has {len(text):,} characters; up to {MOST_ATOMS} atoms can be drawn.")
    if copolymer_of(text)[0] is not None:
        raise PolymerError(f"“{shorten(text)}” is a copolymer: draw its units one by one, fractions are written.")
    smiles = as_smiles(text).text
    molecule = read_molecule(smiles)
    if molecule is None:
        raise PolymerError(why_unreadable(smiles))
    if molecule.GetNumAtoms() > MOST_ATOMS:
        raise PolymerError(f"“{shorten(text)}” has {molecule.GetNumAtoms():,} atoms; up to {MOST_ATOMS} can be drawn.")
    points = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(points) >= LADDER_POINTS and any(point.GetIsotope() or point.GetAtomMapNum() for point in points):
        raise PolymerError(f"“{shorten(text)}” numbers its attachment points, which a drawing doesn't keep.")
    for point in points:
        point.SetIsotope(0)
        point.SetAtomMapNum(0)
    rdDepictor.Compute2DCoords(molecule)
    lines = Chem.MolToMolBlock(molecule).split("\n")
    for point in points:
        line = lines[_FIRST_ATOM + point.GetIdx()]
        lines[_FIRST_ATOM + point.GetIdx()] = line[:_SYMBOL] + "*  " + line[_SYMBOL + 3 :]
    return "\n".join(lines)
