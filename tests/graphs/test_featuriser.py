"""Graphs of polymers: each read once, and from the disk no other than from its SMILES."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from helpers.tiny_models import small_table

from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.errors import PolymerError
from polyid.graphs import featuriser as module
from polyid.graphs.cache import GraphStore
from polyid.graphs.features import atom_features_v1, bond_features_v1, feature_set
from polyid.graphs.featuriser import Featuriser
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.read import read_graph
from polyid.graphs.refinement import QuotientGraph, compress
from polyid.graphs.together import compress_all

SMILES = [*small_table()["smiles_polymer"], "CCO", "CCO", "[Xe]"]
FEATURISER = Featuriser(atom_features_v1, bond_features_v1, True, 3)


def assert_same_graph(a: QuotientGraph, b: QuotientGraph) -> None:
    assert a.atom_features == b.atom_features and a.bond_features == b.bond_features
    for field in dataclasses.fields(a)[2:]:
        for x, y in zip(getattr(a, field.name), getattr(b, field.name), strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYID_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The SMILES that are read from here on."""
    texts: list[str] = []

    def noting(text, *arguments):
        texts.append(text)
        return read_graph(text, *arguments)

    monkeypatch.setattr(module, "read_graph", noting)
    return texts


def test_cached_graphs_are_the_graphs(folder, read):
    first = FEATURISER(SMILES)
    assert read == list(dict.fromkeys(SMILES)), "equal SMILES are read once"
    for text, graph in zip(SMILES, first, strict=True):
        assert_same_graph(graph, compress(read_graph(text, atom_features_v1, bond_features_v1, True), 3))
        assert_same_graph(graph, pickle.loads(pickle.dumps(graph)))
        assert_same_graph(graph, QuotientGraph.from_bytes(graph.to_bytes()))
        # Other processes read long tables; what a graph has besides comes along.
        assert pickle.loads(pickle.dumps(dataclasses.replace(graph, numbers=(0.25,)))).numbers == (0.25,)
    read.clear()
    for a, b in zip(first, FEATURISER(SMILES), strict=True):
        assert_same_graph(a, b)
    assert read == []


def test_each_molecule_is_kept_by_itself(folder, read, monkeypatch):
    monkeypatch.setattr(module, "_MOLECULES_KEPT_TOGETHER", 4)
    FEATURISER(SMILES[:6])
    read.clear()
    FEATURISER([SMILES[9], *SMILES[3:7]])
    assert sorted(read) == sorted([SMILES[9], SMILES[6]]), (
        "another list with some of the same polymers reads the others"
    )
    read.clear()
    for other in (
        dataclasses.replace(FEATURISER, rounds=2),
        dataclasses.replace(FEATURISER, explicit_hs=False),
        Featuriser(*feature_set("stereo"), True, 3),
        dataclasses.replace(FEATURISER, atom_features=lambda atom: atom.GetSymbol()),
    ):
        other(SMILES[:2])
        assert read == SMILES[:2], "graphs of other settings are other graphs"
        read.clear()
    FEATURISER(SMILES[:2], cache=False)
    assert read == SMILES[:2]


def test_a_damaged_read_only_or_locked_cache_costs_the_cache_and_not_the_run(folder, read):
    first = FEATURISER(SMILES)
    (path,) = folder.rglob("*.sqlite")
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"nonsense", b""):
        path.write_bytes(damaged)
        for a, b in zip(first, FEATURISER(SMILES), strict=True):
            assert_same_graph(a, b)
    path.unlink(missing_ok=True)
    FEATURISER(SMILES)
    read.clear()
    FEATURISER(SMILES)
    assert read == [], "a damaged cache is begun anew"
    path.unlink()
    path.mkdir()
    for a, b in zip(first, FEATURISER(SMILES), strict=True):
        assert_same_graph(a, b)


def test_damaged_rows_are_read_again(folder):
    store = GraphStore(folder / "graphs.sqlite")
    (graph,) = FEATURISER(["CCO"], cache=False)
    store.save({"good": graph})
    assert set(store.load(["good", "absent"])) == {"good"}
    with pytest.raises(ValueError):
        QuotientGraph.from_bytes(b"nonsense")


def test_errors_name_the_row_and_the_smiles():
    with pytest.raises(PolymerError, match="Row 2"):
        FEATURISER(["CC", "C(C", "C(C"], cache=False)
    with pytest.raises(PolymerError, match="Row 12"):
        FEATURISER(["CC", "C(C"], cache=False, rows=[7, 12])


@pytest.mark.parametrize("explicit_hs, rounds", [(False, 4), (True, 1)])
def test_molecules_refined_together_are_as_each_alone(explicit_hs, rounds):
    featuriser = Featuriser(*feature_set("stereo"), explicit_hs, rounds)
    texts = [*(f"*CC(*){'C' * n}O x 18" for n in range(1, 40)), "C", "[Cl][Cl]", "c1ccccc1C(=O)OC" * 9]
    graphs = [featuriser.read(text) for text in texts]
    for one, together in zip(graphs, compress_all(graphs, rounds), strict=True):
        assert compress(one, rounds).to_bytes() == together.to_bytes()
    assert compress_all([], rounds) == []


def test_a_row_is_read_whole_whether_its_chain_is_written_out_or_not():
    oligomer, key = to_oligomer("*CC(*)Cl", 6), ChainSettings(6).key("*CC(*)Cl")
    assert key == "*CC(*)Cl x 6"
    preprocessor = PolymerPreprocessor(explicit_hs=False)
    written = preprocessor(pd.Series({"smiles_polymer": oligomer}), train=True)
    for name, values in preprocessor(pd.Series({"smiles_polymer": key})).items():
        np.testing.assert_array_equal(values, written[name])
    assert preprocessor.create_nx_graph(pd.Series({"smiles_polymer": key})).number_of_nodes() == 18
