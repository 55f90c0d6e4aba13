"""Molecules of short regular chains, for features that are read from RDKit's atoms and bonds.

How short they may be, and how often each atom counts, is the rule of `polyid.chemistry.arrays.unit_arrays`.
"""

from __future__ import annotations

from rdkit import Chem, rdBase

from polyid.chemistry.repeat_unit import Unit


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
    """

    def __init__(self, unit: Unit):
        core = Chem.RWMol(unit.molecule)
        points = sorted((unit.head, unit.tail))
        first, last = (unit.neighbour(point) for point in (unit.head, unit.tail))
        for atom in {first, last}:
            _keep_valence(core.GetAtomWithIdx(atom))
        for point in reversed(points):
            core.RemoveAtom(point)
        self._core = core.GetMol()
        self._first, self._last = (atom - sum(point < atom for point in points) for atom in (first, last))

    def chain(self, units: int) -> Chem.Mol:
        """A chain of so many units, its ends capped with hydrogen, as `polyid.chemistry.chain.chain` joins them, but atoms first."""
        chain = Chem.RWMol()
        for _ in range(units):
            chain.InsertMol(self._core)
        atoms = self._core.GetNumAtoms()
        for begin in range(0, (units - 1) * atoms, atoms):
            chain.AddBond(begin + self._last, begin + atoms + self._first, Chem.BondType.SINGLE)
        for end in (self._first, (units - 1) * atoms + self._last):
            atom = chain.GetAtomWithIdx(end)
            if atom.GetNoImplicit():
                atom.SetNumExplicitHs(atom.GetNumExplicitHs() + 1)
        with rdBase.BlockLogs():
            Chem.SanitizeMol(chain)
        return chain
