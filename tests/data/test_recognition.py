"""What headers, rows of units and columns mean: as people write them, and as a user corrects them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.paths import published_file

from polyid.cli.main import main
from polyid.data.columns import properties_present, propose_mapping
from polyid.data.described import corrected_columns, describe_columns, mapping_of
from polyid.data.files import read_table_bytes
from polyid.data.headers import RawTable
from polyid.data.prediction_table import load_prediction_table
from polyid.data.problems import KEPT, LEFT_OUT
from polyid.data.properties import find_property
from polyid.data.training_table import apply_mapping, read_training_table
from polyid.errors import DataError

RUBBERS = ["*CC*", "*CC(*)C", "*CC(*)Cl", "*CC(*)F", "*CC(*)c1ccccc1", "*CC(*)(C)C(=O)OC"]


def raw(text: str, name: str = "table.csv") -> RawTable:
    return read_table_bytes(text.encode(), name)


def file_of(tmp_path: Path, content: str | bytes, name: str = "table.csv") -> Path:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Tg", "Glass_Transition", None),
        ("Tg (K)", "Glass_Transition", "K"),
        ("tg_celsius", "Glass_Transition", "°C"),
        ("Glass transition temperature / K", "Glass_Transition", "K"),
        ("exp_Tg (°C)", "Glass_Transition", "°C"),
        ("Melting temp.", "Melt_Temp", None),
        ("Density (kg m^-3)", "Density", "kg/m3"),
        ("density_g_cm3", "Density", "g/cm3"),
        ("Young’s modulus [GPa]", "YoungMod", "GPa"),
        ("P(CO2)", "log10_Permeability_CO2", None),
        ("logP_O2", "log10_Permeability_O2", "log10(Barrer)"),
        ("CO₂ permeability (Barrer)", "log10_Permeability_CO2", "Barrer"),
        ("N2 perm [mol m/(m2 s Pa)]", "log10_Permeability_N2", "mol·m/(m2·s·Pa)"),
        ("Elongation at break (%)", "log10_ElongBreak", "%"),
        ("log10_ElongBreak", "log10_ElongBreak", "log10(%)"),
        ("Tg (K) exp", "Glass_Transition", "K"),
        ("Experiment Tg (K)", "Glass_Transition", "K"),
        ("Exp. Tg (°C)", "Glass_Transition", "°C"),
        ("Tg (DSC)", "Glass_Transition", None),
        ("Tg (K, DSC)", "Glass_Transition", "K"),
        ("labels.Exp_Tg(K)", "Glass_Transition", "K"),
        ("Glass transition temperature (Tg) / K", "Glass_Transition", "K"),
        ("Tg (oC)", "Glass_Transition", "°C"),
        ("Tm value", "Melt_Temp", None),
        ("O2 (Barrer)", "log10_Permeability_O2", "Barrer"),
        ("log10_O2", "log10_Permeability_O2", "log10(Barrer)"),
        ("CO2 permeability coefficient (Barrer)", "log10_Permeability_CO2", "Barrer"),
    ],
)
def test_headers_as_people_write_them(header, name, unit):
    entry, found = find_property(header)
    assert (entry.name, found) == (name, unit)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Tg_units",
            "Tg_std",
            "source",
            "pm",
            "logP",
            "Tc",
            "FFV",
            "unit",
            "E",
            "Tg (s)",
            "",
            "O2",
            "O2 (%)",
            "Tg pred",
        ),
        *("Tg (MD)", "Tg_mean_pred", "calc. Tg", "value", "exp", "Tg error", "log10_D", "a" * 10**6),
    ],
)
def test_headers_of_other_things(header):
    assert find_property(header) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("smiles,Tg,Mn\n-,K,kDa\n*CC*,195,3\n", {"Glass_Transition": -78.15}),
        ("smiles,Tg,Density\n,(K),[kg/m3]\n*CC*,195,920\n", {"Glass_Transition": -78.15, "Density": 0.92}),
        ("smiles,Tg,Density\nunits,K,kg/m3\n*CC*,195,920\n", {"Glass_Transition": -78.15, "Density": 0.92}),
        ("smiles,Tg\n*CC*,-78 ± 3\n", {"Glass_Transition": -78}),
        ("smiles,Tg (K)\n*CC*,195+/-2.5\n", {"Glass_Transition": -78.15}),
        ("smiles,Tg,,Mn\n,value,unit,kDa\n*CC*,195,K,3\n", {"Glass_Transition": -78.15}),
        ("smiles,Tg,unit,Tm,unit\n*CC*,195,K,137,C\n", {"Glass_Transition": -78.15, "Melt_Temp": 137}),
        ("smiles,value,what,unit\n*CC*,195,Tg,K\n*CC*,137,Tm,C\n", {"Glass_Transition": -78.15, "Melt_Temp": 137}),
        ("Tg,,\n,smiles,value\n,*CC*,-78\n", {"Glass_Transition": -78}),
        ("smiles,Mp\n*CC*,137\n", {"Melt_Temp": 137}),
        ("\ufeffsmiles;Tg (°C)\n*CC*;−78,5\n", {"Glass_Transition": -78.5}),
        ("smiles\tTg\n*CC*\t\u200e-78\u200e\n", {"Glass_Transition": -78}),
        ("smiles\tYoungMod\n*CC*\t1\u00a0250,5\n", {"YoungMod": 1250.5}),
    ],
)
def test_units_and_names_around_the_header(text, values):
    table = raw(text)
    read = apply_mapping(table, propose_mapping(table))
    assert {name: read.frame[name].dropna().tolist() for name in read.properties} == {
        name: [pytest.approx(value)] for name, value in values.items()
    }


def test_a_column_called_value_is_the_one_property_that_is_meant():
    table = raw("smiles,value\n*CC*,195\n", "Tg (K).csv")
    assert apply_mapping(table, propose_mapping(table)).frame["Glass_Transition"].tolist() == [-78.15]
    nameless = raw("smiles,value\n*CC*,195\n")
    with pytest.raises(DataError, match="no property column"):
        propose_mapping(nameless)
    assert propose_mapping(nameless, ["Tg"]).properties[0].column == "value"
    with pytest.raises(DataError, match="no property column"):
        properties_present(nameless, ["Tg", "Density"])


def test_a_peak_molar_mass_is_no_melting_point():
    for text in ("smiles,Tg,Mn,Mp\n*CC*,-78,9000,800\n", "smiles,Tg,Mp\n*CC*,-78,12000\n"):
        table = raw(text)
        read = apply_mapping(table, propose_mapping(table))
        assert read.properties == ["Glass_Transition"] and "Mp" in read.notes[-1]


def test_an_unknown_unit_below_the_header_is_not_taken_for_the_usual_one():
    with pytest.raises(DataError, match="no property column"):
        propose_mapping(raw("smiles,Tg,Mn\n,R,K\n*CC*,195,3\n"))


def test_a_list_without_header_keeps_its_first_polymer(tmp_path):
    rows = "*CC*,-78\n*CC(*)C,-10\n"
    assert load_prediction_table(file_of(tmp_path, rows)).smiles == ["*CC*", "*CC(*)C"]
    assert load_prediction_table(file_of(tmp_path, "CCCCCCCCCCCC\n")).smiles == ["CCCCCCCCCCCC"]
    table = raw(rows)
    read = apply_mapping(table, mapping_of(table, corrected_columns(table, ["column 2=Tg[°C]"])))
    assert read.frame["Glass_Transition"].tolist() == [-78, -10] and read.frame["row"].tolist() == [1, 2]
    assert "no header" in read.notes[0]
    # Headers that are SMILES of small molecules are headers.
    assert raw("drawn,CO\n*CC*,1\n").cells.columns.tolist() == ["drawn", "CO"]


def test_names_stand_for_structures_where_a_table_has_no_others(tmp_path):
    table = raw("polymer,Tg\nPMMA,105\nnylon 6,50\nKevler,300\nPS,100\n")
    read = apply_mapping(table, propose_mapping(table))
    assert read.frame["Glass_Transition"].tolist() == [105, 50]
    remedies = [f"{row.problem}; {row.remedy}" for row in read.problems.itertuples()]
    assert "did you mean" in remedies[0] and "write which" in remedies[1]
    assert load_prediction_table(file_of(tmp_path, "polymer\nPMMA\nPET\n")).smiles == ["PMMA", "PET"]
    # Without a header the first name is a polymer too.
    for rows in ("PMMA,105\nPET,70\n", "polystyrene\npolyethylene\n"):
        first = rows.split("\n")[0].split(",")[0]
        assert load_prediction_table(file_of(tmp_path, rows)).smiles[0] == first
    # Beside structures a name is a name.
    assert propose_mapping(raw("name,drawn,Tg\nPMMA,*CC*,1\n")).roles["smiles"] == "drawn"


def test_a_first_row_that_may_be_a_polymer_is_said_to_be_taken_for_the_header(tmp_path):
    for first in ("C1CC", "some polymer"):
        table = load_prediction_table(file_of(tmp_path, f"{first}\n*CC*\n*CC(*)C\n"))
        assert table.smiles == ["*CC*", "*CC(*)C"]
        assert any(f"The first row, {first!r}, is taken for the header" in note for note in table.notes)
    for text in ("smiles\n*CC*\n", "name,structure\na,*CC*\n"):
        assert load_prediction_table(file_of(tmp_path, text)).notes == ()


@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\x7f", b"\x8d"])
def test_a_stray_byte_lists_its_row_and_the_others_are_read(tmp_path, byte):
    for place, outcome in ((b"*CC*", LEFT_OUT), (b"-78", LEFT_OUT), (b"one", KEPT)):
        content = b"smiles,Tg,note\n*CC*,-78,one\n*CC(*)C,-10,two\n".replace(place, place + byte)
        table = read_training_table(file_of(tmp_path, content))
        assert table.problems[["row", "outcome"]].values.tolist() == [[2, outcome]], place
        assert len(table.frame) == (2 if outcome == KEPT else 1)
        assert table.frame["Glass_Transition"].iloc[-1] == -10


def test_columns_that_are_not_used_are_named():
    table = raw("smiles,Tg,source,DOI\n*CC*,-78,a,b\n")
    assert "Not used: source, DOI." in apply_mapping(table, propose_mapping(table)).notes


def test_a_column_of_units_is_used_whoever_says_what_the_columns_are():
    table = raw("drawn,Tg,Tg_units,DOI\n*CC*,195,K,a\n")
    read = apply_mapping(table, mapping_of(table, corrected_columns(table, ["drawn=smiles"])))
    assert read.frame["Glass_Transition"].tolist() == [-78.15]
    assert [note for note in read.notes if note.startswith("Not used")] == ["Not used: DOI."]


def test_a_user_says_what_columns_are(tmp_path, capsys):
    path = file_of(tmp_path, "drawn,T1=a,Tg\n*CC*,195,1\n*CC(*)C,263,2\n")
    table = read_table_bytes(path.read_bytes(), path.name)
    columns = corrected_columns(table, ["T1=a=Glass_Transition[K]", "drawn=smiles"])
    assert columns == {
        "drawn": {"as": "smiles", "unit": None},
        "T1=a": {"as": "Glass_Transition", "unit": "K"},
        "Tg": {"as": "", "unit": None},
    }
    assert mapping_of(table, columns, ["Tg"]).properties[0].property == "Tg"
    assert main(["data", "show", str(path), "--column", "T1=a=Tg[K]"]) == 0
    said = capsys.readouterr().out
    assert "Glass_Transition (°C): 2 values" in said and "Not used: Tg." in said
    for wrong, sentence in {
        "Tg": "write COLUMN=MEANING",
        "Tx=smiles": "no column Tx",
        "Tg=Glas_Transition": "did you mean Glass_Transition",
        "Tg=Density[K]": "can't be converted to g/cm3",
        "x" * 10**6: "write COLUMN=MEANING",
    }.items():
        with pytest.raises(DataError, match=sentence):
            mapping_of(table, corrected_columns(table, [wrong]))
    for kind in ({"Tg": {"as": "Glas_Transition"}}, {"Tg": "Tg"}, {"Tg": {"as": 5}}, ["Tg"]):
        with pytest.raises(DataError):
            mapping_of(table, kind)


@pytest.mark.parametrize("header", ["Tg", "Tg (°C)", "Glass_Transition"])
def test_kelvin_that_is_taken_for_celsius_is_pointed_out_and_corrected_by_an_option(tmp_path, header, capsys):
    bundled = dict(zip(RUBBERS, [195.0, 263.0, 354.0, 313.0, 373.0, 378.0], strict=True))
    path = file_of(tmp_path, f"smiles,{header}\n" + "".join(f"{unit},{value}\n" for unit, value in bundled.items()))
    table = read_training_table(path)
    assert table.kelvin == (header,) and table.frame["Glass_Transition"].tolist() == list(bundled.values())
    option = f"{header}=Glass_Transition[K]"
    assert option in table.problems.query("row == 1")["remedy"].iloc[0]
    corrected = read_training_table(
        path, columns=corrected_columns(read_table_bytes(path.read_bytes(), "t.csv"), [option])
    )
    np.testing.assert_allclose(corrected.frame["Glass_Transition"], np.array(list(bundled.values())) - 273.15)
    assert corrected.kelvin == () and corrected.problems.query("row == 1").empty


def test_public_tables_with_columns_of_gases_say_how_to_read_them():
    table = read_table_bytes(published_file("gas_permeability_measuring_only.csv").read_bytes(), "gas.csv")
    with pytest.raises(DataError, match="say what they are"):
        propose_mapping(table)
    columns = corrected_columns(table, ["O2=O2 permeability[Barrer]", "N2=log10_Permeability_N2[Barrer]"])
    assert [entry.unit for entry in mapping_of(table, columns).properties] == ["Barrer", "Barrer"]
    assert describe_columns(table)["Smiles"] == {"as": "smiles", "unit": None}
