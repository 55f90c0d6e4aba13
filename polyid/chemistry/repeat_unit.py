"""Repeat units as graphs: a molecule with its two attachment points, and the one canonical unit of a chain."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem


@dataclass(frozen=True)
class Unit:
    """A Kekulé molecule with the indices of its two attachment points, dummy atoms of degree 1.

    The first unit of a chain may have no head, the last no tail: it then ends as the molecule does.
    """

    molecule: Chem.Mol
    head: int | None
    tail: int | None

    @property
    def heavy_atoms(self) -> int:
        return self.molecule.GetNumHeavyAtoms()

    def neighbour(self, point: int | None) -> int | None:
        """The atom an attachment point is bonded to."""
        return None if point is None else self.molecule.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx()


def unit_of(molecule: Chem.Mol) -> Unit:
    """The unit of a molecule with two attachment points; isotopes 1 and 2, where given, are head and tail."""
    molecule = Chem.Mol(molecule)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    points = sorted(
        (atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0),
        key=lambda atom: (atom.GetIsotope(), atom.GetIdx()),
    )
    head, tail = (point.GetIdx() for point in points)
    return Unit(molecule, head, tail)


def end_of(molecule: Chem.Mol, first: bool) -> Unit:
    """The first or last unit of a chain, of a molecule with one attachment point."""
    molecule = Chem.Mol(molecule)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    (point,) = (atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0)
    return Unit(molecule, None, point) if first else Unit(molecule, point, None)
