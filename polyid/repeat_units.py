"""Repeat units as graphs: joining them to chains, and the one canonical unit of a chain."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem

from polyid.errors import PolymerError
from polyid.features import read_molecule

MAX_HEAVY_ATOMS = 2_000
_CLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CW
_COUNTERCLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CCW
_ALL_HYDROGENS = Chem.RemoveHsParameters()
# RDKit keeps hydrogens that a double bond's configuration was written with; at a chain end it then has none.
_ALL_HYDROGENS.removeDefiningBondStereo = True


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


def chain(units: Sequence[Unit], head_cap: int = 1, tail_cap: int = 1) -> Chem.Mol:
    """Join units head to tail and cap both ends.

    Bonds between units are added behind a unit's own, so the neighbour order of the atoms they join differs from the
    unit's; chirality tags, which refer to that order, are inverted where the permutation is odd.

    Parameters
    ----------
    units : sequence of Unit
        In the order of the chain.
    head_cap, tail_cap : int
        Atomic numbers of the atoms at the ends: 1 hydrogen, 8 hydroxyl, 17 chlorine, 0 an attachment point.

    Returns
    -------
    rdkit.Chem.Mol
        Sanitised, without explicit hydrogens, stereochemistry kept.
    """
    molecule = Chem.RWMol()
    # The open end of the chain so far; the chain's own start is an atom unless the first unit brings it.
    end = None if units[0].head is None else molecule.AddAtom(Chem.Atom(head_cap))
    double_bonds = []
    places: list[dict[int | None, int]] = []
    # A chain is mostly one unit many times, and to read it takes longer than to copy it.
    copied = {key: _without_points(unit) for key, unit in {id(unit): unit for unit in units}.items()}
    for number, unit in enumerate(units):
        atoms, index, own_double_bonds = copied[id(unit)]
        start = molecule.GetNumAtoms()
        molecule.InsertMol(atoms)
        place: dict[int | None, int] = {old: start + new for old, new in index.items()}
        double_bonds += [(bond, place) for bond in own_double_bonds]
        if end is not None:
            first = place[unit.neighbour(unit.head)]
            molecule.AddBond(end, first, Chem.BondType.SINGLE)
            place[unit.head] = end
            if number:
                places[-1][units[number - 1].tail] = first
        places.append(place)
        end = None if unit.tail is None else place[unit.neighbour(unit.tail)]
    if end is not None:
        places[-1][units[-1].tail] = cap = molecule.AddAtom(Chem.Atom(tail_cap))
        molecule.AddBond(end, cap, Chem.BondType.SINGLE)

    Chem.SanitizeMol(molecule)
    for bond, place in double_bonds:
        copy = molecule.GetBondBetweenAtoms(place[bond.GetBeginAtomIdx()], place[bond.GetEndAtomIdx()])
        copy.SetStereoAtoms(*(place[index] for index in bond.GetStereoAtoms()))
        cis = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
        copy.SetStereo(Chem.BondStereo.STEREOCIS if cis else Chem.BondStereo.STEREOTRANS)
    # RDKit's stereo clean-up reads the directions of the bonds beside a double bond, not the flags just set.
    Chem.SetDoubleBondNeighborDirections(molecule)
    Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)
    return Chem.RemoveHs(molecule, _ALL_HYDROGENS)


def _without_points(unit: Unit) -> tuple[Chem.Mol, dict[int, int], list[Chem.Bond]]:
    """A unit's atoms and bonds without its attachment points, new index of each atom, and double bonds with a geometry.

    Chirality tags are those that the atoms have when bonds to the neighbouring units are added.
    """
    points = (unit.head, unit.tail)
    molecule, index, double_bonds = Chem.RWMol(), {}, []
    for atom in unit.molecule.GetAtoms():
        if atom.GetIdx() not in points:
            index[atom.GetIdx()] = molecule.AddAtom(atom)
    for bond in unit.molecule.GetBonds():
        begin, finish = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if begin in index and finish in index:
            molecule.AddBond(index[begin], index[finish], bond.GetBondType())
        if bond.GetStereo() > Chem.BondStereo.STEREOANY:
            double_bonds.append(bond)
    for atom in {unit.neighbour(point) for point in points} - {None}:
        if _reordered(unit, atom):
            molecule.GetAtomWithIdx(index[atom]).InvertChirality()
    return molecule, index, double_bonds


def _reordered(unit: Unit, index: int) -> bool:
    """Whether moving an atom's bonds to head and tail behind its other bonds is an odd permutation."""
    neighbours = [bond.GetOtherAtomIdx(index) for bond in unit.molecule.GetAtomWithIdx(index).GetBonds()]
    rank = {unit.head: len(neighbours), unit.tail: len(neighbours) + 1}
    order = [rank.get(neighbour, place) for place, neighbour in enumerate(neighbours)]
    return sum(a > b for place, a in enumerate(order) for b in order[place + 1 :]) % 2 == 1


def canonical(molecule: Chem.Mol) -> str:
    """Canonical SMILES; the detour through text makes it independent of how the molecule was put together."""
    return Chem.MolToSmiles(read_molecule(Chem.MolToSmiles(molecule)))


def homopolymer(unit: Unit, degree: int, pm: float | None, seed: int, tail_cap: int = 1) -> str:
    """Canonical SMILES of one unit repeated `degree` times, or as often as 2,000 heavy atoms allow.

    Parameters
    ----------
    unit : Unit
    degree : int
        Repeat units.
    pm : float or None
        Share of meso dyads; sets the one backbone stereocentre whose configuration is not written, if there is one.
    seed : int
        Of the order of meso and racemo dyads.
    tail_cap : int
        Atomic number of the atom at the tail.

    Raises
    ------
    PolymerError
        The unit is too large, or has several stereocentres that `pm` could mean.
    """
    repeats = min(degree, MAX_HEAVY_ATOMS // unit.heavy_atoms)
    if repeats < 2:
        raise PolymerError(
            f"The repeat unit has {unit.heavy_atoms:,} heavy atoms; two of them pass the limit of {MAX_HEAVY_ATOMS:,}."
        )
    units = [unit] * repeats
    if pm is not None:
        centres = _open_backbone_centres(unit)
        if len(centres) > 1:
            raise PolymerError(
                f"pm is given, but the repeat unit has {len(centres)} backbone stereocentres without a configuration; "
                "write that of all but one with @ or @@, or leave pm out."
            )
        if centres:
            hands = [_with_tag(unit, centres[0], tag) for tag in (_CLOCKWISE, _COUNTERCLOCKWISE)]
            units = [hands[hand] for hand in _dyads(repeats, pm, seed)]
    return canonical(chain(units, tail_cap=tail_cap))


def _open_backbone_centres(unit: Unit) -> list[int]:
    """Stereocentres on the shortest path between the attachment points whose configuration is not written."""
    probe = Chem.Mol(unit.molecule)
    # Head and tail lead to different parts of the chain, which RDKit can only know from a label.
    probe.GetAtomWithIdx(unit.head).SetIsotope(1)
    probe.GetAtomWithIdx(unit.tail).SetIsotope(2)
    backbone = Chem.GetShortestPath(probe, unit.head, unit.tail)
    return sorted(
        info.centeredOn
        for info in Chem.FindPotentialStereo(probe)
        if info.type == Chem.StereoType.Atom_Tetrahedral
        and info.specified != Chem.StereoSpecified.Specified
        and info.centeredOn in backbone
    )


def _with_tag(unit: Unit, centre: int, tag: Chem.ChiralType) -> Unit:
    molecule = Chem.Mol(unit.molecule)
    molecule.GetAtomWithIdx(centre).SetChiralTag(tag)
    return Unit(molecule, unit.head, unit.tail)


def _dyads(units: int, pm: float, seed: int) -> list[int]:
    """Hand (0 or 1) of each unit such that a share `pm` of neighbours are alike (meso), in seeded random order."""
    generator = random.Random(seed)
    dyads = units - 1
    meso = int(dyads * pm)
    meso += generator.random() < dyads * pm - meso
    changes = [0] * meso + [1] * (dyads - meso)
    generator.shuffle(changes)
    hands = [0]
    for change in changes:
        hands.append(hands[-1] ^ change)
    return hands


def canonical_unit(unit: Unit) -> str:
    """The smallest repeat unit of a chain, independent of where and in which direction it was cut."""
    forward = _segments(unit)
    backward = [(right, left) for left, right in reversed(forward)]
    length = len(forward)
    period = next(
        step
        for step in range(1, length + 1)
        if length % step == 0 and all(forward[place] == forward[place % step] for place in range(length))
    )
    best = min(
        tuple(text for text, _ in [*segments[start:period], *segments[:start]])
        for segments in (forward[:period], backward[:period])
        for start in range(period)
    )
    return Chem.MolToSmiles(chain([unit_of(Chem.MolFromSmiles(text)) for text in best], head_cap=0, tail_cap=0))


def _segments(unit: Unit) -> list[tuple[str, str]]:
    """The pieces between a backbone's single bonds outside rings, each as SMILES read forwards and backwards."""
    molecule = Chem.RWMol(unit.molecule)
    path = Chem.GetShortestPath(molecule, unit.head, unit.tail)
    molecule.GetAtomWithIdx(unit.head).SetIsotope(1)
    molecule.GetAtomWithIdx(unit.tail).SetIsotope(2)
    Chem.FastFindRings(molecule)
    starts = [path[1]]
    for left, right in itertools.pairwise(path[1:-1]):
        bond = molecule.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            starts.append(right)
    for right in starts[1:]:
        left = path[path.index(right) - 1]
        molecule.RemoveBond(left, right)
        for atom, label in ((left, 2), (right, 1)):
            point = molecule.AddAtom(Chem.Atom(0))
            molecule.GetAtomWithIdx(point).SetIsotope(label)
            molecule.AddBond(atom, point, Chem.BondType.SINGLE)
    Chem.SanitizeMol(molecule)
    fragments = {}
    members: list[tuple[int, ...]] = []
    for fragment, atoms in zip(
        Chem.GetMolFrags(molecule, asMols=True, fragsMolAtomMapping=members), members, strict=True
    ):
        fragments.update(dict.fromkeys(atoms, fragment))
    return [(Chem.MolToSmiles(fragments[start]), Chem.MolToSmiles(_turned(fragments[start]))) for start in starts]


def _turned(segment: Chem.Mol) -> Chem.Mol:
    turned = Chem.Mol(segment)
    for atom in turned.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(3 - atom.GetIsotope())
    return turned
