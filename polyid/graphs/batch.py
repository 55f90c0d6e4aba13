"""Quotient graphs of several polymers packed into one batch of fixed shape."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from polyid.graphs.refinement import QuotientGraph


def pack(
    members: Sequence[Sequence[QuotientGraph]],
    tokens: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]],
    budget: np.ndarray | None = None,
    graphs: int | None = None,
) -> dict:
    """Join the graphs of each member into one flat disjoint union, padded to equal sizes over members.

    Parameters
    ----------
    members : sequence of sequences of QuotientGraph
        The graphs of each ensemble member, M of them.
    tokens : sequence of sequences of (int array, int array)
        For each graph, the embedding classes of its `atom_features` and `bond_features`, as that member numbers them.
    budget : int array, shape (3R,), optional
        Rows of each level (in the order of `QuotientGraph.sizes`); by default what the largest member needs.
    graphs : int, optional
        Graphs a member; by default the most that a member has.

    Returns
    -------
    dict
        ``atom_token`` (M, n_0), ``bond_token`` (M, e_0), ``graph_weight`` (M, G; 1 for a graph, 0 for padding) and, as one
        array a level, ``atom_count``, ``atom_graph``, ``bond_count``, ``bond_graph``, ``atom_parent``, ``bond_parent``,
        ``bond_source``, ``bond_target``, ``neighbour_bond``, ``neighbour_atom``, ``neighbour_count``. Padding rows have
        count 0. ``atom_graph``, ``bond_graph``, ``atom_parent``, ``bond_source`` and ``neighbour_atom`` ascend, padding
        included.

        Graphs with numbers of their own have them as ``graph_numbers``, an array (M, G) each, zeros where there is no graph.
    """
    rounds = next(q.rounds for m in members for q in m) if budget is None else len(budget) // 3
    n_members = len(members)
    needed = np.max([np.sum([q.sizes for q in m], axis=0) if m else np.zeros(3 * rounds, int) for m in members], axis=0)
    budget = needed if budget is None else np.asarray(budget)
    if np.any(needed > budget):
        raise ValueError("graphs exceed the budget of the batch")
    graphs = max(len(m) for m in members) if graphs is None else graphs
    n_rows, e_rows, i_rows = budget[:rounds], budget[rounds : 2 * rounds + 1], budget[2 * rounds + 1 :]

    def empty(rows: np.ndarray, dtype: type, fill: int = 0) -> tuple[np.ndarray, ...]:
        return tuple(np.full((n_members, int(n)), fill, dtype) for n in rows)

    def ascending(rows: np.ndarray, referred: np.ndarray) -> tuple[np.ndarray, ...]:
        """Indices that refer to the last of so many rows."""
        return tuple(
            np.full((n_members, int(n)), max(0, int(last) - 1), np.int32)
            for n, last in zip(rows, referred, strict=True)
        )

    batch: dict[str, Any] = {
        "atom_token": np.zeros((n_members, int(n_rows[0])), np.int32),
        "bond_token": np.zeros((n_members, int(e_rows[0])), np.int32),
        "graph_weight": np.zeros((n_members, graphs), np.float32),
        "atom_count": empty(n_rows, np.float32),
        "atom_graph": empty(n_rows, np.int32, graphs - 1),
        "bond_count": empty(e_rows, np.float32),
        "bond_graph": empty(e_rows, np.int32, graphs - 1),
        "atom_parent": ascending(n_rows[1:], n_rows[:-1]),
        "bond_parent": empty(e_rows[1:], np.int32),
        "bond_source": ascending(e_rows[1:], n_rows),
        "bond_target": empty(e_rows[1:], np.int32),
        "neighbour_bond": empty(i_rows, np.int32),
        "neighbour_atom": ascending(i_rows, n_rows[1:]),
        "neighbour_count": empty(i_rows, np.float32),
    }
    if count := len(next((q.numbers for m in members for q in m), ())):
        batch["graph_numbers"] = empty(np.full(count, graphs), np.float32)
        for m, quotients in enumerate(members):
            for k, numbers in enumerate(batch["graph_numbers"]):
                numbers[m, : len(quotients)] = [q.numbers[k] for q in quotients]
    if any(len(own) for own in members):
        _fill(batch, members, tokens)
    return batch


def _fill(batch: dict, members: Sequence[Sequence[QuotientGraph]], tokens: Sequence[Sequence[tuple]]) -> None:
    """Write the graphs of every member into its rows of the batch, their indices shifted to where each graph begins."""
    graphs = [graph for own in members for graph in own]
    rounds = graphs[0].rounds
    counts = np.array([len(own) for own in members])
    last = np.cumsum(counts)
    member = np.repeat(np.arange(len(members)), counts)
    number = (np.arange(len(graphs)) - (last - counts)[member]).astype(np.int32)
    batch["graph_weight"][member, number] = 1.0
    sizes = np.stack([graph.sizes for graph in graphs])
    # Rows ahead of each graph: of all members, at whose ends the members are cut apart, and of its own.
    ahead = np.concatenate([np.zeros((1, sizes.shape[1]), np.int64), np.cumsum(sizes, axis=0)])
    cuts = ahead[np.concatenate([[0], last])]
    start = ahead[:-1] - cuts[member]

    def put(target: np.ndarray, column: int, values: np.ndarray, refers_to: int | None = None) -> None:
        """Write the rows of a level, the indices among them to rows of the level `refers_to`."""
        if refers_to is not None:
            values = values + np.repeat(start[:, refers_to], sizes[:, column])
        for row, (first, stop) in zip(target, itertools.pairwise(cuts[:, column].tolist()), strict=True):
            row[: stop - first] = values[first:stop]

    def levels(name: str) -> list[np.ndarray]:
        return [np.concatenate(own) for own in zip(*[getattr(graph, name) for graph in graphs], strict=True)]

    atom, bond, neighbour = 0, rounds, 2 * rounds + 1
    each = [one for own in tokens for one in own]
    put(batch["atom_token"], atom, np.concatenate([atoms for atoms, _ in each]))
    put(batch["bond_token"], bond, np.concatenate([bonds for _, bonds in each]))
    for element, first in (("atom", atom), ("bond", bond)):
        for i, values in enumerate(levels(f"{element}_count")):
            put(batch[f"{element}_count"][i], first + i, values)
            put(batch[f"{element}_graph"][i], first + i, np.repeat(number, sizes[:, first + i]))
    # Of the rows of one level, one behind the other, and to rows of which level they refer.
    for name, column, refers_to in (
        ("atom_parent", atom + 1, atom),
        ("bond_parent", bond + 1, bond),
        ("bond_source", bond + 1, atom),
        ("bond_target", bond + 1, atom),
        ("neighbour_bond", neighbour, bond + 1),
        ("neighbour_atom", neighbour, atom + 1),
        ("neighbour_count", neighbour, None),
    ):
        for i, values in enumerate(levels(name)):
            put(batch[name][i], column + i, values, None if refers_to is None else refers_to + i)
