"""Graphs of copolymers: weighted unions of chains, refined together."""

import itertools

import numpy as np
import pytest
from rdkit import Chem

from polyid.chemistry.oligomer import to_oligomer
from polyid.graphs.features import atom_features_v1, bond_features_v1
from polyid.graphs.featuriser import Featuriser
from polyid.graphs.molecular import weighted_union
from polyid.graphs.read import read_graph
from polyid.graphs.refinement import QuotientGraph, compress

STYRENE, ACRYLATE = "*CC(*)c1ccccc1", "*CC(*)C(=O)OC"
PIECES = ("CC(c1ccccc1)", "CC(C(=O)OC)")


def featuriser(rounds, explicit_hs=False):
    return Featuriser(atom_features_v1, bond_features_v1, explicit_hs, rounds)


def graph_of(smiles, explicit_hs=False):
    return read_graph(Chem.CanonSmiles(smiles), atom_features_v1, bond_features_v1, explicit_hs)


def test_every_class_has_the_expected_count_over_all_sequences():
    length, share, rounds = 7, 0.6, 4
    asked = featuriser(rounds).read(to_oligomer(f"{STYRENE} : {ACRYLATE} = {share} : {1 - share}, {length} units"))
    every = list(itertools.product((0, 1), repeat=length))
    weights = [float(np.prod([(share, 1 - share)[unit] for unit in sequence])) for sequence in every]
    written_out = weighted_union([graph_of("".join(PIECES[unit] for unit in sequence)) for sequence in every], weights)
    # Counted against each other, in classes of both together: nothing is left.
    left = compress(weighted_union([asked, written_out], [1.0, -1.0]), rounds)
    for count in (*left.atom_count, *left.bond_count):
        np.testing.assert_allclose(count, 0.0, atol=1e-5)


@pytest.mark.parametrize("explicit_hs", [False, True])
def test_weights_count_and_whole_weights_change_nothing(explicit_hs):
    graph = graph_of("CC(c1ccccc1)CC(C)CC", explicit_hs)
    once, twice = compress(graph, 3), compress(weighted_union([graph, graph], [0.75, 1.25]), 3)
    np.testing.assert_array_equal(once.sizes, twice.sizes)
    for name in ("atom_count", "bond_count"):
        for count, doubled in zip(getattr(once, name), getattr(twice, name), strict=True):
            np.testing.assert_allclose(2.0 * count, doubled)


def test_fractional_counts_are_kept_on_disk():
    graph = featuriser(2)([to_oligomer(f"{STYRENE} : {ACRYLATE} = 1 : 2")], cache=False)[0]
    again = QuotientGraph.from_bytes(graph.to_bytes())
    for name in ("atom_count", "bond_count", "atom_parent", "neighbour_count"):
        for before, after in zip(getattr(graph, name), getattr(again, name), strict=True):
            np.testing.assert_array_equal(before, after)
    assert graph.atom_count[0].sum() == pytest.approx(18 * (8 / 3 + 6 * 2 / 3))


def test_counts_are_smooth_in_the_ratio():
    near = [
        featuriser(3)([to_oligomer(f"{STYRENE} : {ACRYLATE} = {x} : {1 - x}")], cache=False)[0]
        for x in (0.3, 0.3 + 1e-6)
    ]
    for name in ("atom_count", "bond_count"):
        for left, right in zip(*(getattr(graph, name) for graph in near), strict=True):
            np.testing.assert_allclose(left, right, atol=1e-3)
