"""Tables whose columns say together what a copolymer is."""

import numpy as np
import pandas as pd
import pytest

from polyid.chemistry.oligomer import to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.data.component_names import component_number, is_architecture_name, is_ratio_name, share_number
from polyid.data.copolymer_columns import TEXT_COLUMN
from polyid.data.dataset import Dataset
from polyid.data.described import describe_columns, mapping_of
from polyid.data.keys import polymer_keys
from polyid.data.prediction_table import load_prediction_table
from polyid.data.raw import as_raw_table
from polyid.data.roles import COPOLYMER_PART
from polyid.data.splits import assign_folds
from polyid.data.training_table import read_training_table
from polyid.errors import DataError

STYRENE, ACRYLATE = "*CC(*)c1ccccc1", "*CC(*)C(=O)OC"
ASKED = f"{STYRENE} : {ACRYLATE}"


def texts(**columns):
    """What is read of the first row of a table."""
    return load_prediction_table(pd.DataFrame({name: [cell] for name, cell in columns.items()})).smiles[0]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("smiles_1", 1), ("SMILES A", 1), ("monoB", 2), ("monomer 2 SMILES", 2), ("SMILES_monomer_1", 1), ("repeat_unit_b", 2),
        ("SMILES (2)", 2), ("pSMILES3", 3), ("smiles", None), ("monomers", None), ("unit_cell", None), ("x1", None),
    ],
)  # fmt: skip
def test_columns_of_components_are_told_by_name(name, number):
    assert component_number(name) == number


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("fracA", (1, False)), ("mol% B", (2, False)), ("x_1", (1, False)), ("f1", (1, False)), ("Monomer A ratio", (1, False)),
        ("B (mol%)", (2, False)), ("Feed A (wt%)", (1, True)), ("weight fraction of B", (2, True)), ("ratio", None), ("Tf 1", None),
    ],
)  # fmt: skip
def test_columns_of_shares_are_told_by_name(name, share):
    assert share_number(name) == share


def test_columns_of_ratios_and_architectures_are_told_by_name():
    for name in ("ratio", "composition", "Molar ratio", "Copolymer composition (mol%)", "distribution", "feed ratio"):
        assert is_ratio_name(name)
    for name in ("architecture", "poly_type", "Copolymer type", "distribution", "Sequence"):
        assert is_architecture_name(name)
    assert not is_ratio_name("draw ratio") and not is_architecture_name("mechanism")


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "fraction_1": "0.7", "fraction_2": "0.3"}, f"{ASKED} = 0.7 : 0.3"),
        ({"SMILES A": STYRENE, "SMILES B": ACRYLATE, "mol% A": "70"}, f"{ASKED} = 70 : 30"),
        ({"SMILES A": STYRENE, "SMILES B": ACRYLATE, "mol% A": "70%"}, f"{ASKED} = 70% : 30%"),
        ({"monoA": STYRENE, "monoB": ACRYLATE, "fracA": "0.25", "fracB": "0.75", "poly_type": "block"}, f"{ASKED} = 0.25 : 0.75 block"),
        ({"smiles": STYRENE, "smiles_2": ACRYLATE, "ratio": "70/30"}, f"{ASKED} = 70/30"),
        ({"unit A": STYRENE, "unit B": ACRYLATE, "wt% A": "60", "wt% B": "40"}, f"{ASKED} = 60 : 40 wt%"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "weight ratio": "60/40"}, f"{ASKED} = 60/40 wt%"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "composition (wt%)": "60/40"}, f"{ASKED} = 60/40 wt%"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE}, ASKED),
        ({"smiles": f"{STYRENE}.{ACRYLATE}", "ratio": "7:3", "architecture": "random"}, f"{ASKED} = 7:3 random"),
        ({"smiles": ASKED, "distribution": "[0.7, 0.3]"}, f"{ASKED} = [0.7, 0.3]"),
        ({"smiles": ASKED, "distribution": "alternating"}, f"{ASKED} alternating"),
        ({"smiles_monomer": "C=CC.C=C", "distribution": "[]"}, "C=CC.C=C"),
        # Rows of homopolymers among those of copolymers.
        ({"smiles_1": STYRENE, "smiles_2": "", "fraction_1": "1", "fraction_2": "0"}, STYRENE),
        ({"smiles_1": STYRENE, "smiles_2": "-", "ratio": "", "type": "homopolymer"}, STYRENE),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "fraction_1": "1"}, f"{ASKED} = 1 : 0"),
    ],
)  # fmt: skip
def test_what_several_columns_say_of_a_row_is_one_text(columns, read):
    assert texts(**columns) == read


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"smiles_1": STYRENE, "smiles_2": "", "fraction_1": "0.7", "fraction_2": "0.3"}, "empty component"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "ratio": "70/20/10"}, "2 components but 3 numbers"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "architecture": "graft"}, "graft"),
        ({"smiles_1": STYRENE, "smiles_2": ACRYLATE, "fraction_1": "x", "fraction_2": "0.3"}, "no number"),
        ({"smiles_1": STYRENE, "smiles_2": "what", "fraction_1": "0.7"}, "what"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_listed_with_its_row(columns, reason):
    frame = pd.DataFrame([{**columns, "Tg": 90.0}, {**dict.fromkeys(columns, ""), "smiles_1": STYRENE, "Tg": 100.0}])
    table = read_training_table(frame)
    assert len(table.frame) == 1
    assert reason in f"{table.problems.problem[0]} {table.problems.remedy[0]}"


def test_nothing_is_dropped_without_a_word():
    table = as_raw_table(pd.DataFrame({"smiles_1": [STYRENE], "smiles_2": [ACRYLATE], "Tg": [1.0]}))
    assert "smiles_1, smiles_2 were read together" in table.notes[-1] and "equal amounts" in table.notes[-1]
    assert next(iter(table.cells)) == TEXT_COLUMN
    named = read_training_table(table.cells.drop(columns=TEXT_COLUMN)).notes
    assert not any(note.startswith("Not used") for note in named)
    # A page shows what each column is, and sends it back.
    described = describe_columns(table)
    assert {column: what["as"] for column, what in described.items()} == {
        TEXT_COLUMN: "smiles",
        "smiles_1": COPOLYMER_PART,
        "smiles_2": COPOLYMER_PART,
        "Tg": "Glass_Transition",
    }
    assert mapping_of(table, described).roles == {"smiles": TEXT_COLUMN}
    with pytest.raises(DataError, match="Tg is not read as part of a copolymer"):
        mapping_of(table, {**described, "Tg": {"as": COPOLYMER_PART, "unit": None}})


@pytest.fixture(scope="module")
def table():
    shares = np.linspace(0, 1, 6)
    frame = pd.DataFrame(
        {
            "SMILES A": [STYRENE] * 6 + ["*CC*", "*CC(*)C"],
            "SMILES B": [ACRYLATE] * 6 + ["", ""],
            "fraction A": [f"{x:g}" for x in shares] + ["1", "1"],
            "fraction B": [f"{1 - x:g}" for x in shares] + ["", ""],
            "architecture": ["random"] * 6 + ["", ""],
            "Tg": [*(10.0 + 90 * shares), -120.0, -10.0],
        }
    )
    return read_training_table(frame)


def test_copolymers_are_trained_on_by_what_they_are(table):
    assert table.problems.empty
    asked = [Polymer.read(key).smiles() for key in table.frame.smiles_polymer]
    assert asked[0] == to_oligomer(ACRYLATE) and asked[5] == to_oligomer(STYRENE)
    assert asked[1] == to_oligomer(f"{ASKED} = 0.2 : 0.8")
    dataset = Dataset.of_table(table.frame, ["Glass_Transition"])
    assert len(dataset.structure_keys) == 8 and len(set(dataset.ids)) == 8
    assert dataset.polymers[1] == "*CC(*)C(=O)OC : *CC(*)c1ccccc1 = 0.8 : 0.2 random"
    assert len(dataset.fragments) == 8


def test_copolymers_of_the_same_units_are_held_out_together(table):
    copolymers = table.frame.iloc[1:5]
    assert len(set(polymer_keys(copolymers))) == 1
    assert assign_folds(table.frame, 4).iloc[1:5].nunique() == 1


def test_a_table_read_again_is_the_same(table, tmp_path):
    path = tmp_path / "again.csv"
    table.frame.drop(columns="row").to_csv(path, index=False)
    again = read_training_table(path)
    pd.testing.assert_series_equal(again.frame.smiles_polymer, table.frame.smiles_polymer)
    pd.testing.assert_series_equal(again.frame.smiles_monomer, table.frame.smiles_monomer)
