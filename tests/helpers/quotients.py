"""Quotient graphs whatever their classes are numbered: what each class is, in nested words, and how often it occurs."""

from __future__ import annotations

import hashlib

import numpy as np

from polyid.graphs.refinement import QuotientGraph


def classes_of(graph: QuotientGraph) -> list[dict[str, float]]:
    """Count of every class at every level, atoms and bonds in turn; a class is named by all that it is made of."""
    atoms, bonds = _names(graph.atom_features), _names(graph.bond_features)
    levels = [_counted(atoms, graph.atom_count[0]), _counted(bonds, graph.bond_count[0])]
    for level in range(graph.rounds):
        ends = graph.bond_parent[level], graph.bond_source[level], graph.bond_target[level]
        next_bonds = _names((bonds[p], atoms[s], atoms[t]) for p, s, t in zip(*ends, strict=True))
        levels.append(_counted(next_bonds, graph.bond_count[level + 1]))
        if level < graph.rounds - 1:
            around: list[list] = [[] for _ in graph.atom_parent[level]]
            entries = graph.neighbour_bond[level], graph.neighbour_atom[level], graph.neighbour_count[level]
            for bond, atom, count in zip(*entries, strict=True):
                around[atom].append((next_bonds[bond], int(count)))
            atoms = _names((atoms[p], sorted(leave)) for p, leave in zip(graph.atom_parent[level], around, strict=True))
            levels.append(_counted(atoms, graph.atom_count[level + 1]))
        bonds = next_bonds
    return levels


def _names(parts) -> list[str]:
    return [hashlib.sha256(repr(part).encode()).hexdigest() for part in parts]


def _counted(names: list[str], counts: np.ndarray) -> dict[str, float]:
    assert len(set(names)) == len(names), "two classes are one"
    return dict(zip(names, counts.tolist(), strict=True))
