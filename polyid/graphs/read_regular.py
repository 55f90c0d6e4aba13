"""Graphs of regular chains, read from short ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from polyid.chemistry.arrays.chains import ChainArrays
from polyid.chemistry.arrays.counts import chain_arrays
from polyid.chemistry.polymer import LOCAL_REACH, Polymer
from polyid.graphs.array_features import ARRAY_FEATURES, atom_text, bond_text
from polyid.graphs.features import Feature
from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.read import graph_of


def read_regular(
    polymers: Sequence[Polymer], atom_features: Callable, bond_features: Callable, explicit_hs: bool, rounds: int
) -> list[MolecularGraph]:
    """Graphs of short chains in which so many rounds of message passing see all that they see in regular chains.

    The package's own features are told from arrays; for any other function a molecule of each chain is made.

    Returns
    -------
    list of MolecularGraph
        Their weights say how often each atom counts.
    """
    reach = rounds + LOCAL_REACH
    if not polymers:
        return []
    chains = chain_arrays(polymers, reach)
    if atom_features in ARRAY_FEATURES and bond_features in ARRAY_FEATURES:
        return _graphs_of(chains, atom_features, bond_features, explicit_hs)
    graphs = []
    for polymer, units, weight in zip(
        polymers, chains.units.tolist(), np.split(chains.weight, chains.starts[1:-1]), strict=True
    ):
        graph = graph_of(polymer.chain_unit.chain(units), atom_features, bond_features, explicit_hs)
        graphs.append(replace(graph, weight=np.append(weight, weight[_carriers(graph, len(weight))])))
    return graphs


def _carriers(graph: MolecularGraph, heavy: int) -> np.ndarray:
    """The atom that each hydrogen is bonded to; hydrogens come behind all other atoms."""
    carrier = np.zeros(len(graph.atom_type) - heavy, np.int64)
    of_hydrogen = graph.connectivity[:, 0] >= heavy
    carrier[graph.connectivity[of_hydrogen, 0] - heavy] = graph.connectivity[of_hydrogen, 1]
    return carrier


def _graphs_of(
    chains: ChainArrays, atom_feature: Feature, bond_feature: Feature, explicit_hs: bool
) -> list[MolecularGraph]:
    """Graphs of all chains, atoms and bonds in the order of `polyid.graphs.read`: hydrogens behind the other atoms of a chain."""
    n, heavy = len(chains.units), len(chains.polymer)
    carrier = np.repeat(np.arange(heavy), chains.hydrogens) if explicit_hs else np.zeros(0, np.int64)
    of_hydrogen = chains.polymer[carrier]
    ahead = np.searchsorted(of_hydrogen, np.arange(n + 1))  # hydrogens of the chains before each
    start = chains.starts + ahead
    place = np.arange(heavy) + ahead[chains.polymer]
    hydrogen = np.arange(len(carrier)) + chains.starts[of_hydrogen + 1]
    atoms = heavy + len(carrier)

    rows = np.stack(ARRAY_FEATURES[atom_feature].columns(chains, explicit_hs), axis=1).astype(np.int64)
    texts, kind_of_heavy = _texts(rows, lambda row: atom_text(atom_feature, *row))
    kind = np.full(atoms, len(texts))
    kind[place] = kind_of_heavy
    texts.append(atom_text(atom_feature))

    ends = np.sort(np.stack([chains.element[chains.source], chains.element[chains.target]], axis=1), axis=1)
    rows = np.column_stack([ends, *ARRAY_FEATURES[bond_feature].columns(chains, explicit_hs)]).astype(np.int64)
    bond_texts, bond_kind = _texts(rows, lambda row: bond_text(bond_feature, (row[0], row[1]), *row[2:]))
    to_hydrogen = np.unique(chains.element[carrier])
    kind_to_hydrogen = len(bond_texts) + np.searchsorted(to_hydrogen, chains.element[carrier])
    bond_texts += [bond_text(bond_feature, (1, element)) for element in to_hydrogen.tolist()]

    source = np.concatenate([place[chains.source], place[carrier], hydrogen])
    target = np.concatenate([place[chains.target], hydrogen, place[carrier]])
    by_source = np.argsort(source, kind="stable")
    source, target = source[by_source], target[by_source]
    bond_kind = np.concatenate([bond_kind, kind_to_hydrogen, kind_to_hydrogen])[by_source]
    weight = np.empty(atoms)
    weight[place], weight[hydrogen] = chains.weight, chains.weight[carrier]

    of_atom = np.repeat(np.arange(n), np.diff(start))
    of_bond = of_atom[source]
    atom_lists, atom_type = _by_appearance(kind, of_atom, texts, n)
    bond_lists, bond_type = _by_appearance(bond_kind, of_bond, bond_texts, n)
    connectivity = np.stack([source, target], axis=1) - start[of_bond][:, None]
    bond_start = np.searchsorted(of_bond, np.arange(n + 1)).tolist()
    graphs = []
    for i, (first, stop) in enumerate(zip(start[:-1].tolist(), start[1:].tolist(), strict=True)):
        bonds = slice(bond_start[i], bond_start[i + 1])
        graphs.append(
            MolecularGraph(
                atom_lists[i],
                atom_type[first:stop],
                bond_lists[i],
                bond_type[bonds],
                connectivity[bonds],
                weight[first:stop],
            )
        )
    return graphs


def _texts(rows: np.ndarray, text: Callable[[list[int]], str]) -> tuple[list[str], np.ndarray]:
    """Text of each kind of rows (K, w), and the kind of each row."""
    low = rows.min(axis=0, initial=0)
    shape = tuple((rows.max(axis=0, initial=0) - low + 1).tolist())
    keys, kind = np.unique(np.ravel_multi_index(tuple((rows - low).T), shape), return_inverse=True)
    kinds = np.stack(np.unravel_index(keys, shape), axis=1) + low
    return [text(row) for row in kinds.tolist()], kind


def _by_appearance(
    kind: np.ndarray, graph: np.ndarray, texts: list[str], graphs: int
) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The texts of each graph's kinds in the order in which they appear in it, and the place among them of each item."""
    keys, first, own = np.unique(graph * len(texts) + kind, return_index=True, return_inverse=True)
    order = np.argsort(first)
    ends = np.searchsorted(keys // len(texts), np.arange(graphs + 1))
    rank = np.empty(len(keys), np.int64)
    rank[order] = np.arange(len(keys))
    kinds = (keys[order] % len(texts)).tolist()
    lists = [tuple(texts[k] for k in kinds[a:b]) for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    return lists, rank[own] - ends[graph]
