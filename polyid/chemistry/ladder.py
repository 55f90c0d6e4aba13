"""Ladder polymers: which two of four attachment points are at one end of a repeat unit, and which are joined to each other.

A ladder is two strands that rings hold together (IUPAC, Pure Appl. Chem. 1993, 65, 1561, doi:10.1351/pac199365071561). Labels
tell ends and strands. Without labels, the two points of an end are those that make a ring with the next unit, and a strand leads
from a head to the tail that it reaches without crossing the other strand. Where both strands go through one atom, as through the
spiro atom of PIM-1, units follow each other either way round, at random in the real polymer: then it is the way whose standard
unit has the lesser SMILES.
"""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.cutting import Neighbours, neighbours_of, reached
from polyid.chemistry.repeat_unit import unit_of
from polyid.errors import PolymerError

Ends = tuple[tuple[int, int], tuple[int, int]]
"""The points of one end, and those of the other that they are joined to."""

_LABELS = "label the points of one end [*:1] and [*:2], and those that they are joined to [*:3] and [*:4]"
# Atoms of the rings between two units.
_SMALLEST_RING, _LARGEST_RING = 4, 8
_MOST_STEPS = 10_000


def with_strands(molecule: Chem.Mol, shown: str) -> Chem.Mol:
    """A repeat unit with four attachment points, these labelled by isotopes as `polyid.chemistry.repeat_unit.unit_of` reads them.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        Its points may be labelled by isotopes: 1 and 2 at one end, joined to 3 and 4; or 1 twice and 2 twice, for the two ends or,
        where both are at either end, for what is joined.
    shown : str
        The SMILES, for error messages.

    Raises
    ------
    PolymerError
        The points make no ladder, or more than one.
    """
    points = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    points.sort(key=lambda atom: atom.GetIsotope())
    labels, (a, b, c, d) = [point.GetIsotope() for point in points], [point.GetIdx() for point in points]
    if len({point.GetNeighbors()[0].GetIdx() for point in points}) == 2:
        raise PolymerError(
            f"“{shown}” has its 4 attachment points on 2 atoms, which makes a double bond between units; cut it at a single "
            "bond."
        )
    if labels == [1, 2, 3, 4]:
        return _labelled(molecule, ((a, b), (c, d)))
    ends = _ends(molecule, (a, b, c, d), shown)
    first_label, *other_labels = (molecule.GetAtomWithIdx(point).GetIsotope() for end in ends for point in end)
    if labels == [1, 1, 2, 2] and other_labels[0] != first_label:
        return _labelled(molecule, ends if other_labels[1] == first_label else (ends[0], ends[1][::-1]))
    ways = {way: _labelled(molecule, way) for way in _ways(molecule, ends, shown)}
    return min(ways.values(), key=lambda way: canonical_unit(unit_of(way))) if len(ways) > 1 else ways.popitem()[1]


def _labelled(molecule: Chem.Mol, ends: Ends) -> Chem.Mol:
    labelled = Chem.Mol(molecule)
    for label, point in enumerate((*ends[0], *ends[1]), 1):
        labelled.GetAtomWithIdx(point).SetIsotope(label)
    return labelled


def _ends(molecule: Chem.Mol, points: Sequence[int], shown: str) -> Ends:
    """The points two by two, so that the rings between units are the smallest."""
    lengths: dict[Ends, int] = {}
    first, *others = points
    for partner in others:
        left, right = (point for point in others if point != partner)
        paths = [_between(molecule, *end) for end in ((first, partner), (left, right))]
        in_rings = all(any(molecule.GetAtomWithIdx(atom).IsInRing() for atom in path) for path in paths)
        length = sum(map(len, paths))
        if in_rings and _SMALLEST_RING <= length <= _LARGEST_RING:
            lengths[(first, partner), (left, right)] = length
    if not lengths:
        raise PolymerError(
            f"“{shown}” has 4 attachment points, but not two at each end that make a ring with the next unit, as those of a "
            f"ladder polymer do, and networks are not supported; write a repeat unit with two points, or {_LABELS}."
        )
    shortest = [ends for ends, length in lengths.items() if length == min(lengths.values())]
    if len(shortest) > 1:
        raise PolymerError(
            f"“{shown}” has 4 attachment points that can be the ends of a ladder in several ways; {_LABELS}."
        )
    return shortest[0]


def _between(molecule: Chem.Mol, one: int, other: int) -> list[int]:
    """The atoms between two attachment points."""
    return list(Chem.GetShortestPath(molecule, one, other))[1:-1]


def _ways(molecule: Chem.Mol, ends: Ends, shown: str) -> list[Ends]:
    """How the units may follow each other: the way in which the strands don't cross, or both ways where they meet."""
    neighbours = neighbours_of(molecule)
    heads, tails = ([molecule.GetAtomWithIdx(point).GetNeighbors()[0].GetIdx() for point in end] for end in ends)
    ways = [ends, (ends[0], ends[1][::-1])]
    if _meet(neighbours, heads, tails):
        return ways
    apart = [_are_apart(neighbours, heads, tails), _are_apart(neighbours, heads, tails[::-1])]
    if None in apart or all(apart):
        raise PolymerError(f"“{shown}” has 4 attachment points whose two strands are not clear; {_LABELS}.")
    return [way for way, is_apart in zip(ways, apart, strict=True) if is_apart] or ways


def _meet(neighbours: Neighbours, heads: Sequence[int], tails: Sequence[int]) -> bool:
    """Whether one atom holds the two ends together."""
    for atom in neighbours:
        others = {index: [other for other in around if other != atom] for index, around in neighbours.items()}
        if not reached(others, set(heads) - {atom}) & (set(tails) - {atom}):
            return True
    return False


def _are_apart(neighbours: Neighbours, heads: Sequence[int], tails: Sequence[int]) -> bool | None:
    """Whether paths lead from each head to its tail that share no atom; None if that takes too long to find out."""
    taken = {heads[1], tails[1]}
    path, branches, steps = [heads[0]], [iter(neighbours[heads[0]])], 0
    while branches and steps < _MOST_STEPS:
        steps += 1
        step = None
        if path[-1] != tails[0]:
            step = next((atom for atom in branches[-1] if atom not in path and atom not in taken), None)
        elif heads[1] not in path and tails[1] not in path:
            steps += len(neighbours)
            free = {atom: [other for other in around if other not in path] for atom, around in neighbours.items()}
            if tails[1] in reached(free, {heads[1]}):
                return True
        if step is None:
            path.pop()
            branches.pop()
        else:
            path.append(step)
            branches.append(iter(neighbours[step]))
    return None if branches else False
