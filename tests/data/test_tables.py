"""Tables: malformed files, columns, units, facts, previews, training sets and prediction inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import malformed_tables
from helpers.paths import published_file
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import ChainSettings
from polyid.chemistry.polymer import Polymer
from polyid.data import reference as reference_table
from polyid.data.build import build_training_set
from polyid.data.catalogue import bundled_tables
from polyid.data.columns import Mapping, PropertyColumn, propose_mapping
from polyid.data.files import read_table_bytes
from polyid.data.numbers import read_number
from polyid.data.prediction_table import load_prediction_table
from polyid.data.preview import preview
from polyid.data.problems import KEPT, LEFT_OUT
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.raw import read_raw_table
from polyid.data.training_table import apply_mapping, read_training_table
from polyid.data.units import convert, read_unit
from polyid.errors import DataError

CASES = malformed_tables.cases()


def written(tmp_path: Path, text: str, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_there_are_at_least_fifty_malformed_files():
    assert len({case.name for case in CASES}) == len(CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_file_is_read_right_or_refused_clearly(case, tmp_path):
    path = tmp_path / case.name
    path.write_bytes(case.data)
    if case.error is not None:
        with pytest.raises(DataError, match=case.error) as caught:
            read_training_table(path)
        message = str(caught.value)
        assert "\n" not in message and message.endswith(".") and case.name in message
        return
    table = read_training_table(path)
    assert set(table.problems["row"]) == case.problem_rows
    for name, values in case.values.items():
        keys = {polymer_identity(smiles): value for smiles, value in values.items()}
        read = table.frame.dropna(subset=name)
        outliers = {
            problem.row
            for problem in table.problems.itertuples()
            if problem.outcome == KEPT and find_property(problem.column)[0].name == name
        }
        read = read[~read["row"].isin(outliers)]
        assert len(read) == len(values) * case.repeats
        assert set(read["smiles_monomer"]) == set(keys)
        np.testing.assert_allclose(read[name], read["smiles_monomer"].map(keys), rtol=1e-9)


@given(st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_numbers_read_back_exactly_or_are_refused(value, decimal_commas):
    text = repr(value).replace(".", ",") if decimal_commas else repr(value)
    try:
        assert read_number(text, decimal_commas) == value
    except ValueError as error:
        assert "thousands" in str(error) or (abs(value) > 1e30 and "too large a number" in str(error))


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"smiles,Tg\n{text}".encode()))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    try:
        raw = read_table_bytes(data, "random.csv")
        apply_mapping(raw, propose_mapping(raw), ChainSettings(3))
    except DataError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "value", "unit", "expected"),
    [
        ("Glass_Transition", 373.15, "K", 100.0),
        ("Glass_Transition", 212.0, "°F", 100.0),
        ("YoungMod", 3.2, "GPa", 3200.0),
        ("YoungMod", 1000.0, "psi", 6.894757),
        ("Tensile_Strength", 5e7, "Pa", 50.0),
        ("Density", 1050.0, "kg/m3", 1.05),
        ("log10_Permeability_CO2", 10.0, "Barrer", 1.0),
        ("log10_Permeability_CO2", 1e-9, "cm3·cm/(cm2·s·cmHg)", 1.0),
        ("log10_Permeability_CO2", 65.664, "cm3·mm/(m2·day·atm)", 0.0),
        # 1 Barrer is 3.3464e-16 mol m/(m2 s Pa) and 7.5006e-18 m3(STP) m/(m2 s Pa): both tabulated widely.
        ("log10_Permeability_CO2", 3.3464e-16, "mol·m/(m2·s·Pa)", 0.0),
        ("log10_Permeability_CO2", 7.50062e-18, "m3·m/(m2·s·Pa)", 0.0),
        ("log10_ElongBreak", 1.5, "fraction", np.log10(150)),
    ],
)
def test_units_are_converted(name, value, unit, expected):
    assert convert(value, unit, PROPERTIES[name]) == pytest.approx(expected, rel=2e-6, abs=2e-6)
    assert read_unit(unit) == unit


def test_units_of_another_quantity_are_refused():
    with pytest.raises(ValueError, match="can't be converted"):
        convert(1.0, "K", PROPERTIES["Density"])
    with pytest.raises(ValueError, match="no logarithm"):
        convert(0.0, "Barrer", PROPERTIES["log10_Permeability_CO2"])


def test_properties_keep_the_name_they_are_asked_by(tmp_path):
    path = written(tmp_path, "smiles,Tg,Tm,Tg_units,Tm_units\n*CC*,195,137,K,C\n")
    asked = read_training_table(path, ["Tg", "Tm"])
    assert asked.properties == ["Tg", "Tm"] and asked.units == {"Tg": "°C", "Tm": "°C"}
    assert asked.frame["Tg"].tolist() == [-78.15]
    assert read_training_table(path, ["Melt_Temp"]).frame["Melt_Temp"].tolist() == [137]
    assert read_training_table(path).properties == ["Glass_Transition", "Melt_Temp"]


def test_a_name_that_says_its_unit_keeps_it(tmp_path):
    path = written(tmp_path, "smiles,Tg (K),P(CO2)\n*CC*,195,10\n")
    asked = read_training_table(path, ["Tg (K)", "P(CO2)"])
    assert asked.frame[["Tg (K)", "P(CO2)"]].values.tolist() == [[195, 10]]
    assert asked.units == {"Tg (K)": "K", "P(CO2)": "Barrer"}
    found = read_training_table(path)
    assert found.frame[["Glass_Transition", "log10_Permeability_CO2"]].values.tolist() == [[-78.15, 1]]


def test_a_column_of_kelvin_without_a_unit_is_pointed_out(tmp_path):
    units = ["*CC*", "*CC(*)C", "*CC(*)Cl", "*CC(*)F", "*CC(*)c1ccccc1"]
    rows = "".join(f"{unit},{value}\n" for unit, value in zip(units, [195, 263, 355, 313, 373], strict=True))
    table = read_training_table(written(tmp_path, "smiles,Tg\n" + rows))
    first = table.problems.iloc[0]
    assert (first["row"], first["outcome"]) == (1, KEPT) and "may be kelvin" in first["problem"]
    assert table.frame["Glass_Transition"].tolist() == [195, 263, 355, 313, 373]
    assert read_training_table(written(tmp_path, "smiles,Tg (K)\n" + rows)).problems.empty


def test_a_property_of_the_users_own_is_read_by_name(tmp_path):
    path = written(tmp_path, "SMILES,FFV,Tg\n*CC*,0.374,\n*CC(*)C,0.4,-10\n")
    table = read_training_table(path, ["FFV"])
    assert table.frame["FFV"].tolist() == [0.374, 0.4] and table.units == {"FFV": None}
    assert propose_mapping(read_raw_table(path)).other == ("FFV",)


def test_missing_property_names_the_columns_seen(tmp_path):
    path = written(tmp_path, "smiles,Tg\n*CC*,-78\n")
    with pytest.raises(DataError, match="no column for the property Density; its columns are smiles, Tg"):
        read_training_table(path, ["Density"])
    with pytest.raises(DataError, match="choose at least one"):
        read_training_table(path, [])


def test_property_without_a_value_is_refused_when_asked_for_and_left_out_otherwise(tmp_path):
    path = written(tmp_path, "smiles,Tg,Tm\n*CC*,-78,NA\n*CC(*,,137\n")
    with pytest.raises(DataError, match="no value of Tm in a row that can be read"):
        read_training_table(path, ["Tg", "Tm"])
    assert read_training_table(written(tmp_path, "smiles,Tg,Tm\n*CC*,-78,NA\n")).properties == ["Glass_Transition"]


def test_pasted_rows_are_a_table():
    raw = read_table_bytes(b"SMILES\tTg (K)\n*CC*\t195\n", "The pasted text")
    assert apply_mapping(raw, propose_mapping(raw)).frame["Glass_Transition"].tolist() == [-78.15]
    with pytest.raises(DataError, match="The pasted text is empty"):
        read_table_bytes(b"  ", "The pasted text")


def test_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_training_table(tmp_path / "nothing.csv")


def heavy_atoms_of(key):
    """Of the oligomer, written out and read by RDKit."""
    return Chem.MolFromSmiles(Polymer.read(key).smiles()).GetNumHeavyAtoms()


def test_all_three_forms_in_one_column(tmp_path):
    path = written(
        tmp_path,
        f"smiles,Tg\n*CC(*)c1ccccc1,100\nOCCO.O=C(O)c1ccc(C(=O)O)cc1,76\n{'C' * 36},-80\n",
    )
    frame = read_training_table(path, chain=ChainSettings(4)).frame
    atoms = [heavy_atoms_of(key) for key in frame["smiles_polymer"]]
    assert atoms == [4 * 8, 4 * 14, 36]


def test_monomers_grow_by_the_mechanism_of_their_row(tmp_path):
    path = written(
        tmp_path, "smiles_monomer,mechanism,Tg\nC=CF,vinyl,40\nOCCC(=O)O,ester,-30\nC=CF,,40\nOCCC(=O)O,vinyl,40\n"
    )
    table = read_training_table(path, chain=ChainSettings(5))
    atoms = [heavy_atoms_of(key) for key in table.frame["smiles_polymer"]]
    assert atoms == [15, 25, 15]
    assert table.problems["row"].tolist() == [5] and "not known here" in table.problems["problem"][0]


def test_key_groups_tacticities_and_spellings(tmp_path):
    path = written(
        tmp_path,
        "smiles,pm,Tg\n*CC(*)C,0.1,-10\n*C(C)C*,0.9,-8\n*CC(*)C,,-9\n*O[C@@H](C)C(*)=O,,60\n*OC(C)C(*)=O,,55\n",
    )
    frame = read_training_table(path).frame
    assert frame["smiles_monomer"].nunique() == 2
    assert frame["smiles_polymer"].nunique() == 5


def test_user_may_change_the_mapping(tmp_path):
    raw = read_raw_table(written(tmp_path, "smiles,T1,T2\n*CC*,195,-78\n"))
    with pytest.raises(DataError, match="no property column"):
        propose_mapping(raw)
    chosen = Mapping({"smiles": "smiles"}, (PropertyColumn("Glass_Transition", "T1", "K"),))
    assert apply_mapping(raw, chosen).frame["Glass_Transition"].tolist() == [-78.15]


def test_values_in_another_unit_are_pointed_out_and_kept(tmp_path):
    path = written(tmp_path, "smiles,Tg,Density\n*CC(*)c1ccccc1,373,1.05\n*CC(*)F,900,1.3\n*CC*,-78,920\n")
    reference = written(
        tmp_path,
        "repeat_unit,property,value,unit\n*C(c1ccccc1)C*,Glass_Transition,100,°C\n",
        "polymer_properties.csv",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_table, "bundled_tables", lambda: {"polymer_properties": reference})
        reference_table.reference_values.cache_clear()
        table = read_training_table(path)
    reference_table.reference_values.cache_clear()
    found = table.problems.set_index("row")
    assert "looks like kelvin" in found.problem[2] and "Tg (K)" in found.remedy[2]
    assert "outside -150 to 500" in found.problem[3]
    assert "looks like kg/m3" in found.problem[4] and "0.92" in found.remedy[4]
    assert set(found.outcome) == {KEPT}
    assert table.frame["Glass_Transition"].tolist() == [373, 900, -78]
    assert table.frame["Density"].tolist() == [1.05, 1.3, 920]


def test_disagreeing_duplicates_are_listed_unless_stereochemistry_explains_them(tmp_path):
    text = "smiles,pm,Tm\n*CC(*)C,,160\n*C(C)C*,,100\n*CC(*)Cl,0.1,200\n*CC(*)Cl,0.9,100\n"
    text += "*C/C=C/C*,,145\n*C/C=C\\C*,,2\n"
    table = read_training_table(written(tmp_path, text))
    assert table.problems["row"].tolist() == [3]
    assert "100 to 160 in rows 2, 3" in table.problems["problem"][0]
    assert len(table.frame) == 6


def test_facts_are_gathered_and_repeats_kept(tmp_path):
    text = "polymer,class,repeat_unit,property,value,unit,tacticity,pm,source,note\n"
    text += "PS,vinyls,*CC(*)c1ccccc1,Glass_Transition,373.15,K,,,handbook,\n"
    text += "PS,vinyls,*CC(*)c1ccccc1,Density,1050,kg/m3,,,handbook,\n"
    text += "PS,vinyls,*CC(*)c1ccccc1,Glass_Transition,98,°C,,,paper,\n"
    text += "i-PS,vinyls,*CC(*)c1ccccc1,Melt_Temp,240,°C,isotactic,1.0,handbook,\n"
    text += "PS,vinyls,*CC(*)c1ccccc1,Melt_Temp,soft,°C,,,handbook,\n"
    table = read_training_table(written(tmp_path, text))
    assert table.labels == {"Glass_Transition": 2, "Melt_Temp": 1, "Density": 1}
    first, second, third = table.frame.to_dict("records")
    assert (first["Glass_Transition"], first["Density"], first["row"]) == (100.0, 1.05, 2)
    assert (second["Glass_Transition"], second["row"]) == (98.0, 4)
    assert (third["Melt_Temp"], third["pm"], third["class"]) == (240.0, 1.0, "vinyls")
    assert table.problems[["row", "value", "outcome"]].values.tolist() == [[6, "soft", LEFT_OUT]]
    assert read_training_table(tmp_path / "table.csv", ["Tg"]).labels == {"Tg": 2}


def test_nothing_is_lost_between_file_and_table(tmp_path):
    rows = [f"*{'C' * (place % 7 + 1)}O*,{place if place % 3 else 'x'}" for place in range(60)]
    table = read_training_table(written(tmp_path, "smiles,Tg\n" + "\n".join(rows)))
    left_out = set(table.problems.loc[table.problems.outcome == LEFT_OUT, "row"])
    assert set(table.frame["row"]) | left_out == set(range(2, 62))
    assert not set(table.frame["row"]) & left_out


def test_preview_counts_what_is_there(tmp_path):
    table = read_training_table(written(tmp_path, "smiles,Tg,Tm\n*CC*,-78,137\n*CC(*)C,-10,\n*CC(*)F,,\n*CC(*)Cl,?,\n"))
    seen = preview(table, bins=4)
    assert (seen.polymers, seen.rows, seen.labels) == (2, 2, {"Glass_Transition": 2, "Melt_Temp": 1})
    edges, counts = seen.histograms["Glass_Transition"]
    assert len(edges) == 5 and sum(counts) == 2 and (edges[0], edges[-1]) == (-78, -10)
    text = " ".join(seen.sentences)
    assert "1 row has something" in text and "2 rows have none of these properties" in text


def test_training_set_is_deterministic_and_reads_back(tmp_path):
    source = written(
        tmp_path,
        "polymer,class,repeat_unit,property,value,unit,tacticity,pm\n"
        "PVC,vinyls,*CC(*)Cl,Tg,355.15,K,,0.45\nPE,vinyls,*CC*,Density,0.92,g/cm3,,\nbad,vinyls,*CC(*,Tg,1,K,,\n",
        "facts.csv",
    )
    one = build_training_set(source, tmp_path / "one.csv", ChainSettings(6, 5), replicates=3)
    build_training_set(source, tmp_path / "two.csv", ChainSettings(6, 5), replicates=3)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert one.problems["row"].tolist() == [4]
    written_frame = pd.read_csv(tmp_path / "one.csv")
    assert written_frame["Glass_Transition_units"].dropna().unique().tolist() == ["°C"]
    back = read_training_table(tmp_path / "one.csv")
    assert back.labels == one.labels == {"Glass_Transition": 3, "Density": 1}
    written_out = [Polymer.read(key).smiles() for key in one.frame["smiles_polymer"]]
    assert back.frame["smiles_polymer"].tolist() == written_out and not any("*" in text for text in written_out)
    replicates = back.frame.dropna(subset="Glass_Transition")
    assert replicates["smiles_polymer"].nunique() == 3 and replicates["smiles_monomer"].nunique() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.csv", "one.csv", "two.csv"]


def test_bundled_table_builds_completely(tmp_path):
    path = bundled_tables().get("polymer_properties")
    if path is None:
        pytest.skip("no table is bundled")
    table = build_training_set(path, tmp_path / "out.csv")
    assert table.problems[table.problems.outcome == LEFT_OUT].empty
    facts = pd.read_csv(path)
    known = facts[facts["property"].isin(table.properties)]
    assert sum(table.labels.values()) == len(known)
    for name, rows in known[known["unit"].isin(["°C", "g/cm3"])].groupby("property"):
        assert sorted(table.frame[name].dropna()) == pytest.approx(sorted(rows["value"]))


@pytest.mark.parametrize(
    ("file", "labels"),
    [
        ("stereopolymer_input_nopush.csv", {"Glass_Transition": 155, "Melt_Temp": 123}),
        ("polyid_train.csv", {"Glass_Transition": 994, "Melt_Temp": 261, "Density": 261, "YoungMod": 340}),
    ],
)
def test_published_tables_are_read_whole(file, labels):
    path = published_file(file)
    table = read_training_table(path)
    assert {name: table.labels[name] for name in labels} == labels
    reference = pd.read_csv(path)
    assert table.frame["smiles_polymer"].tolist() == reference["smiles_polymer"].tolist()
    column = "Tg" if "Tg" in reference else "Glass_Transition"
    np.testing.assert_array_equal(table.frame["Glass_Transition"], reference[column])
    assert table.problems[table.problems.outcome == LEFT_OUT].empty


def test_prediction_table_keeps_rows_order_and_columns(tmp_path):
    path = written(tmp_path, "id,SMILES,remark\n7,*CC*,first\n7,nonsense,\n3,,“quoted”\n9,*CC*,last\n")
    table = load_prediction_table(path)
    assert table.smiles_column == "SMILES"
    assert table.smiles == ["*CC*", "nonsense", "", "*CC*"]
    assert table.frame.columns.tolist() == ["id", "SMILES", "remark"]
    assert table.frame["id"].tolist() == ["7", "7", "3", "9"]
    assert table.frame.index.tolist() == [2, 3, 4, 5]


def test_prediction_table_may_be_a_bare_list(tmp_path):
    assert load_prediction_table(written(tmp_path, "*CC*\n*CC(*)C\n")).smiles == ["*CC*", "*CC(*)C"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,value\na,1\n", "no SMILES column; its columns are name, value"),
        ("smiles\n", "no rows"),
        ("smiles,x\n*CC*,1,2\n", "Row 2"),
        ("", "is empty"),
    ],
)
def test_prediction_table_errors(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        load_prediction_table(written(tmp_path, text))
