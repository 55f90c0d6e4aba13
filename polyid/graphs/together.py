"""Colour refinement of many molecules in one pass, so that what NumPy takes for a call is paid once for all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.refinement import QuotientGraph, compress, refine

# More would be slower again: the arrays that are sorted leave the cores' own memory.
_ATOMS_TOGETHER = 3_000


def compress_all(graphs: Sequence[MolecularGraph], rounds: int) -> list[QuotientGraph]:
    """What `polyid.graphs.refinement.compress` gives for each of the graphs."""
    found: list[QuotientGraph] = []
    for part in _parts(graphs):
        found += [compress(part[0], rounds)] if len(part) == 1 else _compressed(part, rounds)
    return found


def _parts(graphs: Sequence[MolecularGraph]) -> Iterator[Sequence[MolecularGraph]]:
    start, atoms = 0, 0
    for stop, graph in enumerate(graphs):
        if stop > start and atoms + len(graph.atom_type) > _ATOMS_TOGETHER:
            yield graphs[start:stop]
            start, atoms = stop, 0
        atoms += len(graph.atom_type)
    if graphs:
        yield graphs[start:]


def _compressed(graphs: Sequence[MolecularGraph], rounds: int) -> list[QuotientGraph]:
    union = _side_by_side(graphs)
    quotient = refine(union, rounds)[0]
    numbers = range(len(graphs))
    of_types = [
        np.repeat(numbers, [len(getattr(graph, features)) for graph in graphs])
        for features in ("atom_features", "bond_features")
    ]
    # The graph that each class is of; features of different graphs are different, so that all classes are, and in order.
    atoms = [of_types[0][np.unique(union.atom_type)]]
    bonds = [of_types[1][np.unique(union.bond_type)]]
    for parent in quotient.atom_parent:
        atoms.append(atoms[-1][parent])
    for parent in quotient.bond_parent:
        bonds.append(bonds[-1][parent])
    neighbours = [own[atom] for own, atom in zip(atoms[1:], quotient.neighbour_atom, strict=True)]

    ends = np.arange(len(graphs) + 1)
    atom_ends, bond_ends, neighbour_ends = (
        [np.searchsorted(own, ends) for own in levels] for levels in (atoms, bonds, neighbours)
    )

    def cut(levels: Sequence[np.ndarray], at: list[np.ndarray], start: list[np.ndarray] | None = None) -> list[list]:
        """The part of each graph of each level, counted from where its own classes begin in the levels referred to."""
        parts = []
        for number, (level, own) in enumerate(zip(levels, at, strict=True)):
            if start is not None:
                level = level - np.repeat(start[number][:-1], np.diff(own)).astype(np.int32)
            parts.append([level[first:last] for first, last in itertools.pairwise(own.tolist())])
        return parts

    arrays = (
        cut(quotient.atom_count, atom_ends),
        cut(quotient.bond_count, bond_ends),
        cut(quotient.atom_parent, atom_ends[1:], atom_ends[:-1]),
        cut(quotient.bond_parent, bond_ends[1:], bond_ends[:-1]),
        cut(quotient.bond_source, bond_ends[1:], atom_ends),
        cut(quotient.bond_target, bond_ends[1:], atom_ends),
        cut(quotient.neighbour_bond, neighbour_ends, bond_ends[1:-1]),
        cut(quotient.neighbour_atom, neighbour_ends, atom_ends[1:]),
        cut(quotient.neighbour_count, neighbour_ends),
    )
    features = [
        [texts[first:last] for first, last in itertools.pairwise(own.tolist())]
        for texts, own in ((quotient.atom_features, atom_ends[0]), (quotient.bond_features, bond_ends[0]))
    ]
    each: list[list[Any]] = [
        [features[0][i], features[1][i], *(tuple(level[i] for level in levels) for levels in arrays), graphs[i].numbers]
        for i in numbers
    ]
    return [QuotientGraph(*own) for own in each]


def _side_by_side(graphs: Sequence[MolecularGraph]) -> MolecularGraph:
    """One graph of several, in which no two of them share a feature."""

    def shifted(arrays: list[np.ndarray], lengths: list[int]) -> np.ndarray:
        begins = itertools.accumulate(lengths, initial=0)
        return np.concatenate([array + begin for array, begin in zip(arrays, begins, strict=False)])

    return MolecularGraph(
        tuple(text for graph in graphs for text in graph.atom_features),
        shifted([graph.atom_type for graph in graphs], [len(graph.atom_features) for graph in graphs]),
        tuple(text for graph in graphs for text in graph.bond_features),
        shifted([graph.bond_type for graph in graphs], [len(graph.bond_features) for graph in graphs]),
        shifted([graph.connectivity for graph in graphs], [len(graph.atom_type) for graph in graphs]),
        np.concatenate([np.ones(len(g.atom_type)) if g.weight is None else g.weight for g in graphs]),
    )
