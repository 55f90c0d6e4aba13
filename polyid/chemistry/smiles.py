"""Reading SMILES with RDKit: one parser, with settings that read nothing behind the SMILES."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit import Chem, rdBase

from polyid.errors import PolymerError

# RDKit's stubs have no types for the settings.
_SMILES: Any = Chem.SmilesParserParams()
_UNSANITISED: Any = Chem.SmilesParserParams()
for _parser in (_SMILES, _UNSANITISED):
    _parser.parseName = _parser.allowCXSMILES = False
_UNSANITISED.sanitize = _UNSANITISED.removeHs = False
_POINT = Chem.MolFromSmarts("[#0]")
STEREO_MARKS = "@/\\"
MOLECULES_KEPT = 250
"""Molecules that `parse_smiles` keeps, those of one part of a table; an oligomer of 380 heavy atoms takes 0.4 MiB."""


def parse_smiles(smiles: str) -> Chem.Mol:
    """RDKit molecule of a SMILES, not to be changed: the last ones are shared. A PolymerError says when there is none."""
    mol = _parsed(smiles.strip()) if isinstance(smiles, str) else None
    if mol is None or mol.GetNumAtoms() == 0:
        shown = repr(smiles if not isinstance(smiles, str) or len(smiles) <= 80 else smiles[:77] + "...")
        raise PolymerError(f"{shown} is not a SMILES that RDKit can read; check brackets, ring closures and valences.")
    return mol


# Graph, kernel regression and domain of validity each need the molecule, and reading it costs as much as any of them.
@lru_cache(maxsize=MOLECULES_KEPT)
def _parsed(smiles: str) -> Chem.Mol | None:
    return read_molecule(smiles)


def read_molecule(smiles: str) -> Chem.Mol | None:
    """RDKit molecule of a SMILES with nothing behind it; None if there is none. One's own, which may be changed."""
    if not (smiles.isascii() and smiles.isprintable()):  # RDKit drops such marks at the ends without a word
        return None
    with rdBase.BlockLogs():
        # Merging hydrogen atoms and perceiving stereo are most of the work; skip what the SMILES has no sign of.
        if any(mark in smiles for mark in f"[{STEREO_MARKS}"):
            return Chem.MolFromSmiles(smiles, _SMILES)
        molecule = Chem.MolFromSmiles(smiles, _UNSANITISED)
        if molecule is None or Chem.SanitizeMol(molecule, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
            return None
        return molecule


def atoms_of(molecule: Chem.Mol) -> Iterator[Chem.Atom]:
    """All atoms by index. RDKit's own iterator is slower; so is keeping the atoms, because RDKit makes them when asked."""
    return map(molecule.GetAtomWithIdx, range(molecule.GetNumAtoms()))


def points_of(molecule: Chem.Mol) -> list[Chem.Atom]:
    """The attachment points by index. A search is faster than to look at every atom."""
    matches = molecule.GetSubstructMatches(_POINT, maxMatches=molecule.GetNumAtoms())
    return [molecule.GetAtomWithIdx(index) for (index,) in sorted(matches)]


def bonds_of(molecule: Chem.Mol) -> Iterator[Chem.Bond]:
    """All bonds by index, as `atoms_of`."""
    return map(molecule.GetBondWithIdx, range(molecule.GetNumBonds()))


def bonds_away(molecule: Chem.Mol, start: int) -> np.ndarray:
    """How many bonds each atom of a connected molecule is away from one, int array.

    RDKit's matrix of all distances takes the cube of the atoms, 16 s for 2,000 of them.
    """
    return bonds_away_from(neighbours_in(molecule), start)


def neighbours_in(molecule: Chem.Mol) -> list[list[int]]:
    """The atoms that each atom is bonded to."""
    neighbours: list[list[int]] = [[] for _ in range(molecule.GetNumAtoms())]
    for bond in bonds_of(molecule):
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        neighbours[begin].append(end)
        neighbours[end].append(begin)
    return neighbours


def bonds_away_from(neighbours: list[list[int]], start: int) -> np.ndarray:
    """`bonds_away`, by `neighbours_in`."""
    distances = [-1] * len(neighbours)
    distances[start] = 0
    reached = [start]
    # What is reached is appended while the list is walked, the nearest first.
    for atom in reached:
        for other in neighbours[atom]:
            if distances[other] < 0:
                distances[other] = distances[atom] + 1
                reached.append(other)
    return np.array(distances, np.int64)
