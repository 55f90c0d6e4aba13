"""Polymers read from short chains: the same as RDKit makes of the chain that is written out."""

from __future__ import annotations

import pickle

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from helpers.quotients import classes_of

from polyid.chemistry.composition import polymer_fragments
from polyid.chemistry.forms import parse_polymer
from polyid.chemistry.fragments import chain_fragments, elements_of
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.repeat_unit import unit_of
from polyid.data.catalogue import bundled_tables
from polyid.graphs.features import FEATURE_SETS, FEATURES
from polyid.graphs.featuriser import Featuriser

UNITS = [
    *("*C*", "*O*", "*S*", "*N*", "*[SiH2]*", "*C#C*", "*C=C*", "*C(*)=O", "*N=P(*)(C)C", "*C(C)(*)C"),
    *("*CC*", "*CC(*)c1ccccc1", "*C(C)C*", "*CC(=C)*", "*CC=CC*", "*CC(C)=CC*", "*c1ccc(*)cc1", "*c1ccc(*)s1"),
    *("*OCCOC(=O)c1ccc(C(*)=O)cc1", "*NCCCCCC(*)=O", "*NCC(*)=O", "*CC(*)C(N)=O", "*CC1CCC(*)C1", "*C1CC1*"),
    "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(*)=O",
    "*c1ccc(Oc2ccc(N3C(=O)c4ccc5c(c4C3=O)C(=O)N(*)C5=O)cc2)cc1",
]


def differences(polymer: Polymer, rounds: tuple[int, ...]) -> list:
    """What of a regular chain is not as in its oligomer: settings of the graph, kinds of fragments, descriptors."""
    found: list = []
    written = polymer.smiles()
    for name, features in FEATURE_SETS.items():
        for explicit_hs in (False, True):
            for number in rounds:
                graphs = Featuriser(*features, explicit_hs, number)([polymer.key, written], cache=False)
                if classes_of(graphs[0]) != classes_of(graphs[1]):
                    found.append((name, explicit_hs, number))
    short, whole = polymer_fragments([polymer.key]), polymer_fragments([written])
    for kind in range(3):
        for one, other in ((short.keys, whole.keys), (short.counts, whole.counts)):
            if not np.array_equal(one[kind][0], other[kind][0]):
                found.append(("fragments", kind))
    if not np.allclose(short.composition, whole.composition, rtol=1e-12, atol=1e-12):
        found.append("composition")
    if chain_fragments(polymer.key) != chain_fragments(written) or elements_of(polymer.key) != elements_of(written):
        found.append("domain")
    return found


def differing(smiles: list[str], degree: int, rounds: tuple[int, ...]) -> dict[str, list]:
    polymers = {text: Polymer.of_unit(unit_of(parse_polymer(text)[0]), degree) for text in smiles}
    assert [text for text, polymer in polymers.items() if not polymer.is_regular] == []
    return {text: found for text, polymer in polymers.items() if (found := differences(polymer, rounds))}


@pytest.mark.parametrize("degree, rounds", [(2, (4,)), (3, (2,)), (18, (4, 12))])
def test_a_regular_chain_is_read_as_its_oligomer(degree, rounds):
    assert differing(UNITS, degree, rounds) == {}


@pytest.mark.exhaustive
def test_all_bundled_units_are_read_as_their_oligomers():
    table = pd.read_csv(bundled_tables()["polymer_properties"])
    polymers = [read_polymer(text)[1] for text in table["repeat_unit"].unique()]
    regular = [polymer for polymer in polymers if polymer.is_regular]
    assert len(regular) > 0.8 * len(polymers)
    different = {polymer.key: found for polymer in regular if (found := differences(polymer, tuple(range(1, 13))))}
    assert different == {}


def test_a_polymer_has_one_key_however_its_unit_was_written():
    for one, other in (("*CC(*)C", "C(*)C(C)*"), ("*c1ccc(O*)cc1", "*OC1=CC=C(*)C=C1"), ("*CC*", "C(*)C*")):
        keys = {Polymer.of_unit(unit_of(parse_polymer(text)[0]), 18).key for text in (one, other)}
        assert len(keys) == 1
        (key,) = keys
        assert Polymer.read(key).key == key


@pytest.mark.parametrize("smiles, pm", [("*C[C@H](*)C", None), ("*C/C=C\\C*", None), ("*CC(*)C", 0.5)])
def test_what_stereochemistry_makes_irregular_is_written_out(smiles, pm):
    polymer = read_polymer(smiles, pm=pm)[1]
    assert not polymer.is_regular
    assert polymer.key == polymer.smiles() == to_oligomer(smiles, pm=pm)


def test_the_length_of_a_chain_costs_nothing():
    unit = unit_of(parse_polymer("*CC(*)c1ccccc1")[0])
    featuriser = Featuriser(*FEATURE_SETS["v1"], True, 4)
    graphs = featuriser([Polymer.of_unit(unit, degree).key for degree in (100, 10_000)], cache=False)
    assert graphs[0].sizes.tolist() == graphs[1].sizes.tolist()
    assert [graph.atom_count[0].sum() for graph in graphs] == [100 * 16 + 2, 10_000 * 16 + 2]


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_features_are_the_same_in_another_process(pickler):
    # Those of the package are read from arrays there too.
    for feature in FEATURES.values():
        assert pickle.loads(pickler.dumps(feature)) is feature
