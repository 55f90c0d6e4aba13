"""A batch of several members holds each graph's rows as they are, shifted to where the graph begins."""

from __future__ import annotations

import numpy as np
import pytest

from polyid.graphs.batch import pack
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.featuriser import Featuriser

ROUNDS = 3
SMILES = ("CCO", "c1ccccc1C(=O)OC", "CC(C)CC", "C")
MEMBERS = ([0, 1], [], [2, 0, 3], [])
# Indices of each kind, and the level and kind of rows that they refer to.
REFERRED = {
    "atom_parent": ("atom", 0),
    "bond_parent": ("bond", 0),
    "bond_source": ("atom", 0),
    "bond_target": ("atom", 0),
    "neighbour_bond": ("bond", 1),
    "neighbour_atom": ("atom", 1),
}


@pytest.fixture(scope="module")
def graphs():
    return Featuriser(atom_features_v1, bond_features_v1, True, ROUNDS)(list(SMILES), cache=False)


@pytest.fixture(scope="module")
def batch(graphs):
    tokens = [(np.arange(len(g.atom_features)) + 2, np.arange(len(g.bond_features)) + 2) for g in graphs]
    budget = np.sum([g.sizes for g in graphs], axis=0) + 5
    return pack([[graphs[i] for i in own] for own in MEMBERS], [[tokens[i] for i in own] for own in MEMBERS], budget, 4)


@pytest.mark.parametrize("name", [*REFERRED, "atom_count", "bond_count", "neighbour_count", "atom_graph", "bond_graph"])
def test_rows_of_each_member_are_those_of_its_graphs_one_behind_the_other(graphs, batch, name):
    for m, own in enumerate(MEMBERS):
        for i, target in enumerate(batch[name]):
            expected, offset = [], 0
            for number, graph in enumerate(graphs[g] for g in own):
                if name.endswith("_graph"):
                    expected += [number] * len(getattr(graph, name.replace("_graph", "_count"))[i])
                    continue
                shift = offset if name in REFERRED else 0
                expected += [value + shift for value in getattr(graph, name)[i].tolist()]
                if name in REFERRED:
                    kind, later = REFERRED[name]
                    offset += len(getattr(graph, f"{kind}_count")[i + later])
            np.testing.assert_array_equal(target[m, : len(expected)], expected)
            if name.endswith("_count"):
                assert not target[m, len(expected) :].any()


def test_graphs_that_are_not_there_weigh_nothing(batch):
    np.testing.assert_array_equal(batch["graph_weight"].sum(axis=1), [len(own) for own in MEMBERS])


def test_tokens_stand_in_the_order_of_the_rows(graphs, batch):
    for kind in ("atom", "bond"):
        sizes = [len(getattr(graphs[i], f"{kind}_features")) for i in MEMBERS[2]]
        expected = np.concatenate([np.arange(size) + 2 for size in sizes])
        np.testing.assert_array_equal(batch[f"{kind}_token"][2, : len(expected)], expected)
