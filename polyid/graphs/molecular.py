"""A molecule as arrays: its atoms, its directed bonds and their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MolecularGraph:
    """A molecule as a directed graph, each bond once in each direction.

    Attributes
    ----------
    atom_features : tuple of str
        The distinct atom features.
    atom_type : int array, shape (V,)
        Index into `atom_features` of each atom.
    bond_features : tuple of str
        The distinct bond features.
    bond_type : int array, shape (D,)
        Index into `bond_features` of each directed bond.
    connectivity : int array, shape (D, 2)
        Source and target atom of each directed bond, ordered by source.
    weight : float array, shape (V,), or None
        How often each atom counts, and the bonds that leave it; None for once.
    numbers : tuple of float
        Of the whole molecule, for a network of one's own; as many for every molecule.
    """

    atom_features: tuple[str, ...]
    atom_type: np.ndarray
    bond_features: tuple[str, ...]
    bond_type: np.ndarray
    connectivity: np.ndarray
    weight: np.ndarray | None = None
    numbers: tuple[float, ...] = ()


def weighted_union(graphs: Sequence[MolecularGraph], weights: Sequence[float]) -> MolecularGraph:
    """One graph of several molecules, each counted as often as its weight says, which need not be whole.

    Weights that a graph has of its own are multiplied by that.
    """
    atoms = {text: number for number, text in enumerate(dict.fromkeys(t for g in graphs for t in g.atom_features))}
    bonds = {text: number for number, text in enumerate(dict.fromkeys(t for g in graphs for t in g.bond_features))}
    sizes = [len(graph.atom_type) for graph in graphs]
    begins = np.cumsum(sizes) - sizes
    own = [np.ones(len(graph.atom_type)) if graph.weight is None else graph.weight for graph in graphs]
    return MolecularGraph(
        tuple(atoms),
        np.concatenate([np.array([atoms[t] for t in g.atom_features], np.int64)[g.atom_type] for g in graphs]),
        tuple(bonds),
        np.concatenate([np.array([bonds[t] for t in g.bond_features], np.int64)[g.bond_type] for g in graphs]),
        np.concatenate([graph.connectivity + begin for graph, begin in zip(graphs, begins, strict=True)]),
        np.repeat(np.asarray(weights, float), sizes) * np.concatenate(own),
        tuple(np.average([graph.numbers for graph in graphs], axis=0, weights=weights).tolist())
        if graphs[0].numbers
        else (),
    )
