"""The rule by which short chains stand for long ones: whose surroundings in a regular chain the atoms of a chain of few units have.

What reaches so many bonds sees at most one end of a chain from any atom, once the chain is long enough. An atom then is of one of
three kinds: it sees the first end, the last end, or none. Every atom of a unit has its own number of places of the first two
kinds, and of the third as many as the chain is long; so a short chain in which one of these counts for all has the counts of the
long one, exactly.

Shapes: V heavy atoms and B bonds of a unit, k units of the short chain, n of the long one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem, rdBase

from polyid.chemistry.repeat_unit import Unit
from polyid.chemistry.smiles import bonds_away_from, bonds_of, neighbours_in


@dataclass(frozen=True)
class Places:
    """How many units from an end some atoms or bonds of each unit see that end, and where what sees none is in a short chain.

    Attributes
    ----------
    first, last : int arrays
        Of each of them, the units that see the first and the last end of the chain.
    """

    first: np.ndarray
    last: np.ndarray

    @property
    def units(self) -> int:
        """Units of the shortest chain in which each of them has a place that sees no end."""
        return int((self.first + self.last).max(initial=0)) + 1


def _keep_valence(atom: Chem.Atom) -> None:
    """Give an atom of a higher valence than its element's usual one a fixed number of hydrogens, as SMILES writes it in brackets."""
    usual = Chem.GetPeriodicTable().GetDefaultValence(atom.GetAtomicNum())
    if not atom.GetNoImplicit() and atom.GetTotalValence() > usual > 0:
        atom.SetNumExplicitHs(atom.GetTotalNumHs())
        atom.SetNoImplicit(True)


class ChainUnit:
    """A linear repeat unit without configurations, as its chains are made of it.

    Parameters
    ----------
    unit : Unit

    Attributes
    ----------
    atoms : int
        Heavy atoms V of the unit.
    bonds : int array, shape (B, 2)
        Atoms that bonds of the unit join.
    link : tuple of int
        The atom of a unit, and that of the next one, that are joined.
    """

    def __init__(self, unit: Unit):
        points = sorted((unit.head, unit.tail))
        neighbours = neighbours_in(unit.molecule)
        self._from_head, self._from_tail = (
            np.delete(bonds_away_from(neighbours, point), points) - 1 for point in (unit.head, unit.tail)
        )
        self.atoms = len(self._from_head)
        self.link = int(self._from_tail.argmin()), int(self._from_head.argmin())
        self._backbone = int(self._from_head[self.link[0]]) + 1
        core = Chem.RWMol(unit.molecule)
        for point in points:
            _keep_valence(core.GetAtomWithIdx(unit.neighbour(point)))
        for point in reversed(points):
            core.RemoveAtom(point)
        self._core = core.GetMol()
        ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds_of(core)]
        self.bonds = np.array(ends, np.int64).reshape(-1, 2)

    def places(self, reach: int) -> tuple[Places, Places, Places]:
        """Where atoms, bonds of a unit and the bond between two units see an end that is up to so many bonds away."""
        first, last = (
            np.maximum((reach - distance) // self._backbone + 1, 0) for distance in (self._from_head, self._from_tail)
        )
        of_bonds = Places(first[self.bonds].max(axis=1, initial=0), last[self.bonds].max(axis=1, initial=0))
        link = np.array([first[self.link[0]]]), np.array([last[self.link[1]]])
        return Places(first, last), of_bonds, Places(*link)

    def units(self, reach: int, degree: int) -> int:
        """Units of the short chain for what reaches so many bonds, of a chain of `degree` units."""
        atoms, bonds, link = self.places(reach)
        return min(degree, max(atoms.units, bonds.units, link.units + 1))

    def weight(self, units: int, reach: int, degree: int) -> np.ndarray:
        """How often each atom of the short chain counts for the long one, shape (k, V)."""
        weight = np.ones((units, self.atoms))
        if units < degree:
            weight[self.places(reach)[0].first, np.arange(self.atoms)] += degree - units
        return weight

    def chain(self, units: int) -> Chem.Mol:
        """A chain of so many units, its ends capped with hydrogen, as `polyid.chemistry.chain.chain` joins them, but atoms first."""
        chain = Chem.RWMol()
        for _ in range(units):
            chain.InsertMol(self._core)
        last, first = self.link
        for begin in range(0, (units - 1) * self.atoms, self.atoms):
            chain.AddBond(begin + last, begin + self.atoms + first, Chem.BondType.SINGLE)
        for end in (first, (units - 1) * self.atoms + last):
            atom = chain.GetAtomWithIdx(end)
            if atom.GetNoImplicit():
                atom.SetNumExplicitHs(atom.GetNumExplicitHs() + 1)
        with rdBase.BlockLogs():
            Chem.SanitizeMol(chain)
        return chain
