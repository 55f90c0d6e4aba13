"""The bundled table of cited facts: every value has a source, and can be found there."""

from __future__ import annotations

import csv
import hashlib
import math
import re
import statistics
import tomllib
from collections import defaultdict

import pytest
from helpers.paths import BUNDLED_TABLE
from rdkit import Chem

from polyid.data.catalogue import SOURCES as PUBLISHED
from polyid.data.properties import PROPERTIES
from polyid.data.reference import measured_noise
from polyid.data.training_table import read_training_table

DATA = BUNDLED_TABLE.parent
SOURCES = DATA / "sources"
INDEX = tomllib.loads((SOURCES / "sources.toml").read_text("utf-8"))


def rows_of(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


FACTS = rows_of(DATA / "cited_properties.csv")
VALUES = rows_of(SOURCES / "measured_values.csv")


def test_sources_are_here_with_their_hash_and_licence():
    for name, entry in INDEX.items():
        assert entry["title"] and entry["cite"] and entry["licence"] and entry["held"] and entry["read"]
        assert (SOURCES / entry["file"]).is_file()
        if name == "memory":
            continue
        assert hashlib.sha256((SOURCES / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert re.fullmatch("[0-9a-f]{40}", entry["commit"])
        notice = (SOURCES / entry["licence_text"]).read_text("utf-8")
        # "MIT, © 2025 Jeff Law" against "Copyright (c) 2025 Jeff Law".
        year, holder = re.search(r"© (\d{4}) (.+)$", entry["licence"]).groups()
        assert year in notice and holder in notice.replace(",", "")
        if name in PUBLISHED:
            source = PUBLISHED[name]
            assert (source.repository, source.commit, source.path) == (
                entry["repository"],
                entry["commit"],
                entry["path"],
            )
            assert (source.sha256, source.licence) == (entry["published_sha256"], entry["licence"])


def test_every_value_is_found_in_its_source():
    """Read here without the package: the record's row holds the number, and the unit is that of its column."""
    numbers = defaultdict(set)
    for name, entry in INDEX.items():
        for row in rows_of(SOURCES / entry["file"]):
            record = {
                "polyid-database": lambda row: f"{row['smiles_monomer']} {row['distribution']}".strip(),
                "stereopolymers": lambda row: f"{row['polymer_name']}, pm {float(row['pm']):.4g}",
                "openpoly": lambda row: row["Name"],
                "memory": lambda row: row["polymer"],
            }[name](row)
            numbers[name, record].update(row.values())
    for row in VALUES:
        number, _, unit = row["written"].partition(" ")
        assert number in numbers[row["source"], row["record"]], row
        value, written = float(row["value"]), float(number)
        expected = {
            ("K", "°C"): written - 273.15,
            ("%", "log10(%)"): math.log10(written) if written > 0 else math.nan,
            ("Barrer", "log10(Barrer)"): math.log10(written) if written > 0 else math.nan,
        }.get((unit, row["unit"]), written)
        assert value == pytest.approx(expected, rel=1e-5), row


def test_nothing_of_a_source_is_dropped():
    counted = defaultdict(int)
    for row in VALUES:
        counted[row["source"]] += 1
    for name, skipped in (("polyid-database", 3), ("memory", None)):
        rows = rows_of(SOURCES / INDEX[name]["file"])
        cells = [cell for row in rows for cell in list(row.values())[skipped:] if cell] if skipped else rows
        assert counted[name] == len(cells)
    computed = ("Name", "PSMILES", "Bandgap", "Dielectric")
    rows = rows_of(SOURCES / "openpoly.csv")
    assert counted["openpoly"] == sum(bool(row[key]) for row in rows for key in row if not key.startswith(computed))


def test_every_fact_rests_on_values_with_a_source():
    """The consensus is the median over the sources of the median of each, taken anew from the values."""
    values = defaultdict(list)
    for row in VALUES:
        if not row["flag"]:
            values[row["repeat_unit"], row["property"], row["consensus"]].append(row)
    for fact in FACTS:
        sources = fact["source"].split("; ")
        assert set(sources) <= set(INDEX)
        assert "memory" not in sources or len(sources) == 1
        rows = [row for row in values[fact["repeat_unit"], fact["property"], fact["value"]] if row["source"] in sources]
        by_source = [[float(row["value"]) for row in rows if row["source"] == source] for source in sources]
        assert all(by_source)
        if len({row["pm"] + row["tacticity"] for row in rows}) == 1:
            assert float(fact["value"]) == pytest.approx(statistics.median(map(statistics.median, by_source)), rel=1e-5)


def test_there_are_as_many_as_the_readme_says():
    text = " ".join((DATA / "README.md").read_text("utf-8").split())
    polymers = {row["repeat_unit"] for row in FACTS}
    flagged = sum(bool(row["flag"]) for row in VALUES)
    assert len(VALUES) >= 6000
    assert f"{len(FACTS):,} facts of {len(polymers):,} polymers" in text
    assert f"{len(VALUES):,} values" in text and f"{flagged:,} of them are flagged" in text
    from_memory = sum(row["source"] == "memory" for row in FACTS)
    assert f"{from_memory} facts stay from memory" in text
    for name, entry in INDEX.items():
        values = [row for row in VALUES if row["source"] == name]
        assert f"| `{name}` | {len(values):,} |" in text and entry["licence"].split(",")[0] in text
    apart = {
        row["property"]: (
            float(row["median_absolute_difference"]),
            float(row["mean_absolute_difference"]),
            row["polymers"],
        )
        for row in rows_of(SOURCES / "measured_noise.csv")
        if (row["source"], row["other_source"]) == ("openpoly", "polyid-database")
    }
    median, mean, shared = apart["Glass_Transition"]
    assert f"of the glass transition is {median:.1f} °C (mean {mean:.1f} °C) over {shared} polymers" in text
    median, _, shared = apart["Melt_Temp"]
    assert f"that of the melting point {median:.1f} °C over {shared}." in text
    for name, noise in measured_noise().items():
        stated = f"| `{name}` | {noise.polymers} | {noise.median_difference:g} | {noise.mean_difference:g} | {noise.noise:g} |"
        assert stated in text


def test_polymers_are_written_as_one_repeat_unit_each():
    units = {row["repeat_unit"] for row in FACTS if not row["repeat_unit"].endswith(" random")}
    for unit in sorted(units)[::20]:
        molecule = Chem.MolFromSmiles(unit)
        assert unit.count("*") == 2 and "@" not in unit and Chem.MolToSmiles(molecule) == unit
    facts = [(row["repeat_unit"], row["property"], row["tacticity"], row["pm"]) for row in FACTS]
    assert len(set(facts)) == len(facts)


def test_values_lie_where_polymers_lie_and_melting_is_above_softening():
    temperatures = defaultdict(dict)
    for row in FACTS:
        target = PROPERTIES[row["property"]]
        assert row["unit"] == target.unit and target.low <= float(row["value"]) <= target.high
        temperatures[row["repeat_unit"], row["tacticity"], row["pm"]][row["property"]] = float(row["value"])
    wrong = [
        key for key, found in temperatures.items()
        if found.get("Glass_Transition", -200) >= found.get("Melt_Temp", 900)
    ]  # fmt: skip
    assert len(wrong) <= 3, wrong


@pytest.mark.parametrize(
    ("repeat_unit", "name", "expected", "within"),
    [
        ("*CC(*)c1ccccc1", "Glass_Transition", 100, 5),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "Melt_Temp", 255, 8),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", "Glass_Transition", 149, 5),
        ("*[Si](C)(C)O*", "Glass_Transition", -123, 5),
        ("*NCCCCCC(*)=O", "Melt_Temp", 221, 6),
        ("*CC(*)(C)C(=O)OC", "Glass_Transition", 106, 6),
    ],
)
def test_textbook_values(repeat_unit, name, expected, within):
    canonical = Chem.MolToSmiles(Chem.MolFromSmiles(repeat_unit))
    found = [
        float(row["value"]) for row in FACTS
        if row["repeat_unit"] in (canonical, repeat_unit) and row["property"] == name and row["tacticity"] in ("", "atactic")
    ]  # fmt: skip
    assert found == [pytest.approx(expected, abs=within)]


def test_it_can_be_trained_on(tmp_path):
    text = (DATA / "cited_properties.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "part.csv").write_text("".join([text[0], *text[1::250]]), encoding="utf-8")
    table = read_training_table(tmp_path / "part.csv")
    assert (
        sum(table.labels.values()) == len(text[1::250]) and table.problems[table.problems.outcome == "left out"].empty
    )
