"""Quotient graphs of several polymers packed into one batch of fixed shape."""

from __future__ import annotations

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
    for m, quotients in enumerate(members):
        if quotients:
            _fill(batch, m, quotients, tokens[m])
    return batch


def _fill(batch: dict, m: int, quotients: Sequence[QuotientGraph], tokens: Sequence[tuple]) -> None:
    """Write the graphs of member `m` into its rows of the batch, their indices shifted to where each graph begins."""
    rounds = quotients[0].rounds
    batch["graph_weight"][m, : len(quotients)] = 1.0
    sizes = np.stack([q.sizes for q in quotients])
    start = np.cumsum(sizes, axis=0) - sizes
    atoms, bonds = start[:, :rounds], start[:, rounds : 2 * rounds + 1]
    atom_sizes, bond_sizes = sizes[:, :rounds], sizes[:, rounds : 2 * rounds + 1]
    numbers = np.arange(len(quotients), dtype=np.int32)

    def put(row: np.ndarray, parts: list[np.ndarray], shift: np.ndarray | None = None) -> None:
        joined = np.concatenate(parts)
        if shift is not None:
            joined = joined + np.repeat(shift, [len(part) for part in parts])
        row[: len(joined)] = joined

    put(batch["atom_token"][m], [t[0] for t in tokens])
    put(batch["bond_token"][m], [t[1] for t in tokens])
    for level in range(rounds + 1):
        for element, lengths in (("atom", atom_sizes), ("bond", bond_sizes)):
            if level < lengths.shape[1]:
                put(batch[f"{element}_count"][level][m], [getattr(q, f"{element}_count")[level] for q in quotients])
                put(batch[f"{element}_graph"][level][m], [np.repeat(numbers, lengths[:, level])])
    for i in range(rounds):
        put(batch["bond_parent"][i][m], [q.bond_parent[i] for q in quotients], bonds[:, i])
        put(batch["bond_source"][i][m], [q.bond_source[i] for q in quotients], atoms[:, i])
        put(batch["bond_target"][i][m], [q.bond_target[i] for q in quotients], atoms[:, i])
    for i in range(rounds - 1):
        put(batch["atom_parent"][i][m], [q.atom_parent[i] for q in quotients], atoms[:, i])
        put(batch["neighbour_bond"][i][m], [q.neighbour_bond[i] for q in quotients], bonds[:, i + 1])
        put(batch["neighbour_atom"][i][m], [q.neighbour_atom[i] for q in quotients], atoms[:, i + 1])
        put(batch["neighbour_count"][i][m], [q.neighbour_count[i] for q in quotients])
