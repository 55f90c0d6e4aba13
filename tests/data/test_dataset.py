"""The data set that fitting indexes: rows, structures, labels and folds, against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.data.dataset import Dataset
from polyid.errors import DataError

NAMES = ["Tg", "Tm"]


@pytest.fixture
def table() -> pd.DataFrame:
    """Polystyrene twice, polyethylene, a row without a label, poly(vinyl chloride) as an oligomer."""
    return pd.DataFrame(
        {
            "smiles_monomer": ["*CC(*)c1ccccc1", "*CC(*)c1ccccc1", "*CC*", "*CCO*", "*CC(*)Cl"],
            "smiles_polymer": ["*CC(*)c1ccccc1", "*CC(*)c1ccccc1", "*CC*", "*CCO*", to_oligomer("*CC(*)Cl", 5)],
            "Tg": [100.0, 104.0, -120.0, np.nan, 80.0],
            "Tm": [240.0, np.nan, 135.0, np.nan, np.nan],
        },
        index=[7, 3, 9, 1, 4],
    )


def test_rows_without_a_label_are_left_out_and_rows_of_one_structure_share_it(table):
    dataset = Dataset.of_table(table, NAMES, ChainSettings(4))
    assert dataset.frame.index.tolist() == [0, 1, 2, 3] and dataset.frame["Tg"].tolist() == [100, 104, -120, 80]
    assert dataset.structure.tolist() == [0, 0, 1, 2]
    written_out = [to_oligomer("*CC(*)c1ccccc1", 4), to_oligomer("*CC*", 4), to_oligomer("*CC(*)Cl", 5)]
    assert [Polymer.read(key).smiles() for key in dataset.structure_keys] == written_out, (
        "an oligomer is taken as it is, whatever the degree of polymerisation"
    )
    assert dataset.ids.tolist() == [0, 0, 1, 2] and len(set(dataset.keys)) == 3
    np.testing.assert_array_equal(dataset.labels, table.drop(index=1)[NAMES])
    assert len(dataset.fragments) == 3


def test_the_label_of_a_structure_is_the_mean_of_the_rows_that_may_be_seen(table):
    dataset = Dataset.of_table(table, NAMES)
    both = dataset.mean_labels(np.array([0, 1, 2]), np.array([0, 2, 1]))
    np.testing.assert_array_equal(both, [[102, 240], [np.nan, np.nan], [-120, 135]])
    np.testing.assert_array_equal(dataset.mean_labels(np.array([1]), np.array([0])), [[104, np.nan]])


def test_folds_by_ids_are_rows_and_parts_are_copies(table):
    given = {"x": {"train": [0], "validate": [2]}, 1: {"train": [2, 0], "validate": [1]}}
    dataset = Dataset.of_table(table, NAMES).divided(given)
    assert [(fold.name, fold.train.tolist(), fold.held_out.tolist()) for fold in dataset.folds] == [
        ("x", [0, 1], [3]),
        ("1", [0, 1, 3], [2]),
    ]
    assert dataset.used.tolist() == [0, 1, 3, 2] and dataset.held_out.tolist() == [2, 3]
    part = dataset.part(dataset.folds[1].train)
    assert part.columns.tolist() == [*table.columns, "data_id"] and part["data_id"].tolist() == [0, 0, 2]
    part["Tg"] = 0.0
    assert dataset.frame["Tg"].tolist() == [100, 104, -120, 80]


def test_rows_that_members_were_given_are_one_where_label_and_structure_are(table):
    first, second = table.iloc[:3], table.iloc[[2, 4]]
    renumbered = table.iloc[[4]].set_axis([7])
    dataset = Dataset.of_members([("a", first, renumbered), ("b", second, None)], NAMES)
    assert len(dataset.frame) == 5, "the row 7 of each is another polymer"
    rows = [(fold.train.tolist(), fold.held_out.tolist()) for fold in dataset.folds]
    assert rows == [([0, 1, 2], [3]), ([2, 4], [])]
    assert dataset.structure.tolist() == [0, 0, 1, 2, 2]


def test_numbers_of_polymers_can_be_divided_but_have_no_structures():
    numbered = pd.DataFrame({"smiles_monomer": ["0", "0", "1"], "strength": [1.0, 2.0, 3.0]})
    dataset = Dataset.of_table(numbered, ["strength"]).divided({"0": {"train": [0], "validate": [1]}})
    assert dataset.folds[0].train.tolist() == [0, 1]
    with pytest.raises(DataError, match="no column 'smiles_polymer'"):
        _ = dataset.structure
