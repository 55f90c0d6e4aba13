"""Where a chain can be cut besides between its units, and the units that it then has; configurations are kept.

A cut is one bond a strand, as (atom on the heads' side, atom on the tails' side), that parts the heads of a unit from its
tails. The same chain is had by cutting there and joining the unit's tails to its own heads.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rdkit import Chem

from polyid.chemistry.chain import is_odd
from polyid.chemistry.repeat_unit import Ladder, Unit, unit_of
from polyid.chemistry.smiles import atoms_of, bonds_of

Cut = tuple[tuple[int, int], ...]
Neighbours = Mapping[int, Sequence[int]]

# Larger ladders are taken as they are cut: the search for other cuts is quadratic.
_LARGEST_LADDER = 150


def cuts_of(unit: Unit) -> list[Cut]:
    """Single bonds of the backbone outside rings, from head to tail; of a ladder, pairs of single bonds in rings."""
    if isinstance(unit, Ladder):
        return _cuts_of_ladder(unit) if unit.heavy_atoms <= _LARGEST_LADDER else []
    path = Chem.GetShortestPath(unit.molecule, unit.head, unit.tail)[1:-1]
    bonds = [(pair, unit.molecule.GetBondBetweenAtoms(*pair)) for pair in itertools.pairwise(path)]
    # RDKit's enums take long to read.
    return [(pair,) for pair, bond in bonds if bond.GetBondTypeAsDouble() == 1.0 and not bond.IsInRing()]


def composition(molecule: Chem.Mol, atoms: Collection[int]) -> Counter[tuple[int, int]]:
    """How many of some atoms are of each element with so many hydrogens; attachment points are not counted."""
    every = map(molecule.GetAtomWithIdx, atoms)
    return Counter((atom.GetAtomicNum(), atom.GetTotalNumHs()) for atom in every if atom.GetAtomicNum())


def single_bond_between_rings(unit: Ladder) -> tuple[int, int] | None:
    """The first single bond that alone holds the two ends of a ladder together, as a cut has it; None if there is none."""
    neighbours = neighbours_of(unit.molecule)
    heads, tails = ({unit.neighbour(point) for point in points} for points in (unit.heads, unit.tails))
    for bond in _path(neighbours, heads, tails, ()):
        alone = unit.molecule.GetBondBetweenAtoms(*bond).GetBondType() == Chem.BondType.SINGLE
        if alone and not reached(neighbours, heads, (bond,)) & tails:
            return bond
    return None


def on_heads_side(unit: Unit, cuts: Sequence[Cut]) -> list[Counter[tuple[int, int]]]:
    """What lies between the heads of a unit and each of its cuts, as `composition` counts it."""
    neighbours = neighbours_of(unit.molecule)
    if isinstance(unit, Ladder):
        heads = {unit.neighbour(head) for head in unit.heads}
        return [composition(unit.molecule, reached(neighbours, heads, cut)) for cut in cuts]
    every = {bond for cut in cuts for bond in cut}
    starts = [unit.neighbour(unit.head), *(right for ((_, right),) in cuts[:-1])]
    segments = (composition(unit.molecule, reached(neighbours, {start}, every)) for start in starts[: len(cuts)])
    return list(itertools.accumulate(segments))


def cut_elsewhere(unit: Unit, cut: Cut) -> Unit:
    """The same chain cut elsewhere: the unit's tails are joined to its heads. A ladder cut at one bond becomes linear."""
    if len(unit.strands) == 1 and not unit.has_stereo:
        molecule = recut(unit, cut)
        Chem.FastFindRings(molecule)
        molecule.UpdatePropertyCache(strict=False)
        return unit.rejoined(molecule)
    instead = _points_instead(unit, cut)
    for head, tail in unit.strands:
        first, last = unit.neighbour(head), unit.neighbour(tail)
        instead.setdefault(first, {})[head] = last
        instead.setdefault(last, {})[tail] = first
    return _unit_of_edited(unit, recut(unit, cut), instead, len(cut))


def recut(unit: Unit, cut: Cut) -> Chem.RWMol:
    """The molecule of a unit with the bonds that it has when it is cut elsewhere; neither rings nor configurations are looked at."""
    molecule = Chem.RWMol(unit.molecule)
    ends = [(unit.neighbour(head), unit.neighbour(tail)) for head, tail in unit.strands]
    for (head, tail), (first, last) in zip(unit.strands, ends, strict=True):
        molecule.RemoveBond(first, head)
        molecule.RemoveBond(last, tail)
    for left, right in cut:
        molecule.RemoveBond(left, right)
    for first, last in ends:
        molecule.AddBond(last, first, Chem.BondType.SINGLE)
    for (head, tail), (left, right) in zip(unit.strands, cut, strict=False):
        molecule.AddBond(right, head, Chem.BondType.SINGLE)
        molecule.AddBond(left, tail, Chem.BondType.SINGLE)
    return molecule


def first_part(unit: Unit, cut: Cut) -> Unit:
    """What lies between the heads of a unit and a cut, as a unit of its own."""
    molecule = Chem.RWMol(unit.molecule)
    for (_, tail), (left, right) in zip(unit.strands, cut, strict=True):
        molecule.RemoveBond(left, right)
        molecule.RemoveBond(unit.neighbour(tail), tail)
        molecule.AddBond(left, tail, Chem.BondType.SINGLE)
    return _unit_of_edited(unit, molecule, _points_instead(unit, cut), len(cut))


def neighbours_of(molecule: Chem.Mol) -> Neighbours:
    """The atoms that each atom is bonded to, attachment points left out."""
    heavy = [atom for atom in atoms_of(molecule) if atom.GetAtomicNum()]
    return {atom.GetIdx(): [other.GetIdx() for other in atom.GetNeighbors() if other.GetAtomicNum()] for atom in heavy}


def reached(neighbours: Neighbours, starts: Collection[int], removed: Collection[tuple[int, int]] = ()) -> set[int]:
    """The atoms that some atoms are connected with, by other bonds than those removed."""
    seen, queue = set(starts), list(starts)
    for atom in queue:
        for other in neighbours[atom]:
            if other not in seen and (atom, other) not in removed and (other, atom) not in removed:
                seen.add(other)
                queue.append(other)
    return seen


def _cuts_of_ladder(unit: Ladder) -> list[Cut]:
    flat = Chem.Mol(unit.molecule)
    Chem.SanitizeMol(flat)  # for the aromatic bonds, at which no chain is cut
    bonds = [bond for bond in bonds_of(flat) if bond.GetBondType() == Chem.BondType.SINGLE]
    single = {(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds}
    single |= {(right, left) for left, right in single}
    neighbours = neighbours_of(flat)
    heads, tails = ({unit.neighbour(point) for point in points} for points in (unit.heads, unit.tails))
    cuts: dict[frozenset[tuple[int, int]], Cut] = {}
    for one in _path(neighbours, heads, tails, ()):
        for other in _path(neighbours, heads, tails, (one,)) if one in single else ():
            if other not in single:
                continue
            side = reached(neighbours, heads, (one, other))
            first, second = (bond if bond[0] in side else bond[::-1] for bond in (one, other))
            parted = all(bond[0] in side and bond[1] not in side for bond in (first, second))
            if parted and not side & tails:
                cuts.setdefault(frozenset((first, second)), (first, second))
    return list(cuts.values())


def _path(
    neighbours: Neighbours, starts: Collection[int], goals: Collection[int], removed: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The bonds of a shortest path; none where there is no path or none is needed."""
    before: dict[int, int | None] = dict.fromkeys(starts)
    queue = list(starts)
    for atom in queue:
        if atom in goals:
            break
        for other in neighbours[atom]:
            if other not in before and (atom, other) not in removed and (other, atom) not in removed:
                before[other] = atom
                queue.append(other)
    else:
        return []
    bonds = []
    while (previous := before[atom]) is not None:
        bonds.append((previous, atom))
        atom = previous
    return bonds[::-1]


Instead = dict[int, dict[int, int]]
"""Of each atom, the neighbours that it loses and the one that comes instead of each."""


def _points_instead(unit: Unit, cut: Cut) -> Instead:
    instead: Instead = {}
    for (head, tail), (left, right) in zip(unit.strands, cut, strict=False):
        instead.setdefault(left, {})[right] = tail
        instead.setdefault(right, {})[left] = head
    return instead


def _unit_of_edited(unit: Unit, molecule: Chem.RWMol, instead: Instead, strands: int) -> Unit:
    """The part of an edited molecule that holds the first head, as a unit with the configurations of the molecule before."""
    for index in instead:
        if molecule.GetAtomWithIdx(index).GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            before = [bond.GetOtherAtomIdx(index) for bond in unit.molecule.GetAtomWithIdx(index).GetBonds()]
            after = [bond.GetOtherAtomIdx(index) for bond in molecule.GetAtomWithIdx(index).GetBonds()]
            became = [instead[index].get(atom, atom) for atom in before]
            if set(after) == set(became) and is_odd([after.index(atom) for atom in became]):
                molecule.GetAtomWithIdx(index).InvertChirality()
    double_bonds = [bond for bond in bonds_of(unit.molecule) if bond.GetStereo() > Chem.BondStereo.STEREOANY]
    for bond in double_bonds:
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        copy = molecule.GetBondBetweenAtoms(*ends)
        beside = [instead.get(end, {}).get(atom, atom) for end, atom in zip(ends, bond.GetStereoAtoms(), strict=True)]
        if all(molecule.GetBondBetweenAtoms(end, atom) for end, atom in zip(ends, beside, strict=True)):
            copy.SetStereoAtoms(*beside)
            cis = bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
            copy.SetStereo(Chem.BondStereo.STEREOCIS if cis else Chem.BondStereo.STEREOTRANS)
    for number, (head, tail) in enumerate(unit.strands[:strands], 1):
        molecule.GetAtomWithIdx(head).SetIsotope(number)
        molecule.GetAtomWithIdx(tail).SetIsotope(number + strands)
    parts = Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False)
    part = next(
        part for part in parts if any(atom.GetAtomicNum() == 0 and atom.GetIsotope() == 1 for atom in part.GetAtoms())
    )
    Chem.SanitizeMol(part)
    if double_bonds:
        # RDKit's stereo clean-up reads the directions of the bonds beside a double bond, not the flags just set.
        Chem.SetDoubleBondNeighborDirections(part)
        Chem.AssignStereochemistry(part, cleanIt=True, force=True)
    return unit_of(part)
