"""Atoms and bonds of many chains as flat arrays.

Shapes: n polymers, A atoms and B bonds of all their short chains, one chain behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rdkit import Chem

AROMATIC = 12
"""Number of RDKit's aromatic bond; single, double and triple bonds are 1, 2 and 3."""
BOND_TYPES = {
    1: Chem.BondType.SINGLE,
    2: Chem.BondType.DOUBLE,
    3: Chem.BondType.TRIPLE,
    AROMATIC: Chem.BondType.AROMATIC,
}
"""RDKit's types by their numbers."""


@dataclass(frozen=True)
class ChainArrays:
    """Atoms and bonds of short chains that count for those of regular chains.

    Attributes
    ----------
    units : int array, shape (n,)
        Repeat units of each short chain.
    polymer, unit_atom : int arrays, shape (A,)
        Chain of each atom, and the atom of all repeat units, side by side, that it is a copy of.
    element, charge, hydrogens, degree : int arrays, shape (A,)
        Atomic number, formal charge, hydrogens, heavy neighbours.
    in_ring, bracketed : bool arrays, shape (A,)
        Whether in a ring, and whether SMILES writes the atom in brackets.
    weight : float array, shape (A,)
        How often each atom counts.
    at_end : int array, shape (A,)
        How many bonds to a neighbouring unit a hydrogen stands for.
    source, target : int arrays, shape (2B,)
        Atoms of directed bonds, by source, then target.
    order : int array, shape (2B,)
        1 to 3, or `AROMATIC`.
    ring_size : int array, shape (2B,)
        Of the smallest ring that a bond is in; 0 outside rings.
    """

    units: np.ndarray
    polymer: np.ndarray
    unit_atom: np.ndarray
    element: np.ndarray
    charge: np.ndarray
    hydrogens: np.ndarray
    degree: np.ndarray
    in_ring: np.ndarray
    bracketed: np.ndarray
    weight: np.ndarray
    at_end: np.ndarray
    source: np.ndarray
    target: np.ndarray
    order: np.ndarray
    ring_size: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """First atom of each chain, and the number of all atoms; shape (n + 1,)."""
        return np.searchsorted(self.polymer, np.arange(len(self.units) + 1))

    @cached_property
    def aromatic(self) -> np.ndarray:
        """Whether atoms are aromatic, shape (A,)."""
        return self.count(self.order == AROMATIC) > 0

    @cached_property
    def valence(self) -> np.ndarray:
        """Orders of all bonds of atoms that are not aromatic, those to hydrogen included, shape (A,)."""
        return self.hydrogens + np.bincount(self.source, self.order, len(self.polymer)).astype(np.int64)

    def count(self, bonds: np.ndarray) -> np.ndarray:
        """How many of the bonds that leave each atom are among those marked (2B,); shape (A,)."""
        return np.bincount(self.source[bonds], minlength=len(self.polymer))

    def any(self, bonds: np.ndarray) -> np.ndarray:
        """Whether a bond that leaves an atom is among those marked (2B,); bool, shape (A,)."""
        marked = np.zeros(len(self.polymer), bool)
        marked[self.source[bonds]] = True
        return marked

    @cached_property
    def neighbours(self) -> np.ndarray:
        """Neighbours of each atom, as many columns as the most have; -1 where there are fewer; shape (A, w)."""
        return neighbour_table(self.source, self.target, len(self.polymer))

    @cached_property
    def slots(self) -> np.ndarray:
        """Place of each directed bond among those of its source, shape (2B,)."""
        return _slots(self.source, len(self.polymer))

    @cached_property
    def opposite(self) -> np.ndarray:
        """Place of each directed bond's other direction, shape (2B,)."""
        atoms = len(self.polymer)
        return np.searchsorted(self.source * atoms + self.target, self.target * atoms + self.source)


def neighbour_table(source: np.ndarray, target: np.ndarray, atoms: int) -> np.ndarray:
    """Neighbours of each atom, as many columns as the most have; -1 where there are fewer. Bonds are ordered by source."""
    slot = _slots(source, atoms)
    table = np.full((atoms, int(slot.max(initial=0)) + 1), -1, np.int64)
    table[source, slot] = target
    return table


def _slots(source: np.ndarray, atoms: int) -> np.ndarray:
    """Place of each directed bond among those of its source; bonds are ordered by source."""
    return np.arange(len(source)) - np.searchsorted(source, np.arange(atoms))[source]
