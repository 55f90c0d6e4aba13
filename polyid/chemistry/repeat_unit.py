"""Repeat units as graphs: a molecule with its attachment points, two of a linear chain and four of a ladder's two strands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import rdqueries

from polyid.chemistry.smiles import bonds_of, points_of

_WITH_CHIRAL_TAG = rdqueries.HasChiralTagQueryAtom()


@dataclass(frozen=True)
class Unit:
    """A repeat unit: a Kekulé molecule with the indices of its attachment points, dummy atoms of degree 1."""

    molecule: Chem.Mol
    head: int
    tail: int

    @property
    def heavy_atoms(self) -> int:
        return self.molecule.GetNumHeavyAtoms()

    @property
    def strands(self) -> tuple[tuple[int, int], ...]:
        """Head and tail of each strand; a unit's tails are bonded to the heads of the next."""
        return ((self.head, self.tail),)

    @cached_property
    def has_stereo(self) -> bool:
        """Whether a configuration is written."""
        if len(self.molecule.GetAtomsMatchingQuery(_WITH_CHIRAL_TAG)):
            return True
        # RDKit's enums take long to read: only those of double bonds are.
        double = (bond for bond in bonds_of(self.molecule) if bond.GetBondTypeAsDouble() == 2.0)
        return any(bond.GetStereo() > Chem.BondStereo.STEREOANY for bond in double)

    @cached_property
    def flat(self) -> Chem.Mol:
        """The molecule with aromatic bonds, as canonical SMILES are written of it; not to be changed."""
        molecule = Chem.Mol(self.molecule)
        Chem.SanitizeMol(molecule)
        return molecule

    def rejoined(self, molecule: Chem.Mol) -> Unit:
        """A linear unit with other bonds between the same atoms, and the configurations that it has."""
        unit = Unit(molecule, self.head, self.tail)
        vars(unit)["has_stereo"] = self.has_stereo
        return unit

    def neighbour(self, point: int) -> int:
        """The atom an attachment point is bonded to."""
        return self.molecule.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx()

    @property
    def has_one_atom(self) -> bool:
        """Whether the backbone is one atom."""
        return all(self.neighbour(head) == self.neighbour(tail) for head, tail in self.strands)

    @property
    def heads(self) -> list[int]:
        return [head for head, _ in self.strands]

    @property
    def tails(self) -> list[int]:
        return [tail for _, tail in self.strands]


@dataclass(frozen=True)
class Ladder(Unit):
    """A repeat unit of two strands: `head` and `tail` are those of the first, `second` those of the second."""

    second: tuple[int, int]

    @property
    def strands(self) -> tuple[tuple[int, int], ...]:
        return ((self.head, self.tail), self.second)


def unit_of(molecule: Chem.Mol) -> Unit:
    """The unit of a molecule with two attachment points, or with four that are labelled.

    Isotopes say which is which: 1 and 2, where given, are head and tail; of a ladder, 1 and 2 are the heads, joined to the
    tails 3 and 4.
    """
    molecule = Chem.Mol(molecule)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    points = sorted(points_of(molecule), key=lambda atom: (atom.GetIsotope(), atom.GetIdx()))
    places = [point.GetIdx() for point in points]
    for point in points:
        point.SetIsotope(0)
    if len(points) == 2:
        return Unit(molecule, *places)
    head, second_head, tail, second_tail = places
    return Ladder(molecule, head, tail, (second_head, second_tail))


def unit_of_parsed(molecule: Chem.Mol, *, has_stereo: bool | None = None) -> Unit:
    """The same of a sanitised molecule that is not changed any more: its aromatic bonds needn't be found again.

    Whether a configuration is written may be known before.
    """
    unit = unit_of(molecule)
    if has_stereo is not None:
        vars(unit)["has_stereo"] = has_stereo
    if not any(molecule.GetAtomWithIdx(point).GetIsotope() for strand in unit.strands for point in strand):
        vars(unit)["flat"] = molecule
    return unit


def cut_at_single_bond(molecule: Chem.Mol) -> Chem.Mol:
    """A repeat unit that was cut at a double bond, such as ``*=CC1CCC(C1)C=*``, cut at a single bond of its backbone instead.

    Returns
    -------
    rdkit.Chem.Mol
        ``*C=CC1CCC(*)C1`` for that; the molecule itself where it has no two attachment points on double bonds, or no single
        bond to cut.
    """
    points = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    bonds = [point.GetBonds()[0] for point in points if point.GetDegree() == 1]
    if len(points) != 2 or [bond.GetBondType() for bond in bonds] != [Chem.BondType.DOUBLE] * 2:
        return molecule
    head, tail = (point.GetNeighbors()[0].GetIdx() for point in points)
    path = Chem.GetShortestPath(molecule, head, tail) if head != tail else ()
    for left, right in itertools.pairwise(path):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            cut = Chem.RWMol(molecule)
            cut.RemoveBond(left, right)
            for inside, point in ((left, points[0]), (right, points[1])):
                cut.RemoveBond(point.GetIdx(), point.GetNeighbors()[0].GetIdx())
                cut.AddBond(inside, point.GetIdx(), Chem.BondType.SINGLE)
            cut.AddBond(tail, head, Chem.BondType.DOUBLE)
            Chem.SanitizeMol(cut)
            return cut.GetMol()
    return molecule
