"""The rules by which the table of cited facts is built, on polymers and numbers worked out by hand."""

from __future__ import annotations

import csv
import math
from collections import Counter

import pytest
from cited_table.build import build
from cited_table.classes import polymer_class
from cited_table.facts import Fact, FactKey, Value, disagreements, flag_outliers, stated_tacticity
from cited_table.measurements import SOURCES, Measurement, read_measurements
from cited_table.plausibility import flag_implausible, packing_fraction
from cited_table.repeat_units import PolymerKey, copolymer_of_monomers, plain_unit, polymer_key, repeat_unit_of_monomers
from cited_table.structures import KnownStructures, read_structure
from helpers.paths import BUNDLED_TABLE, published_file
from studies.cross_check_table import polymer_key as chain_key

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import to_oligomer


@pytest.mark.parametrize(
    ("monomers", "mechanism", "repeat_unit"),
    [
        ("C=Cc1ccccc1", "vinyl", "*CC(*)c1ccccc1"),
        ("OCCO.O=C(O)c1ccc(C(=O)O)cc1", "ester", "*OCCOC(=O)c1ccc(C(*)=O)cc1"),
        ("O=C(Cl)CCCC(=O)Cl.OCCO", "ester", "*OCCOC(=O)CCCC(*)=O"),
        ("NCCCCCCN.O=C(O)CCCCC(=O)O", "amide", "*NCCCCCCNC(=O)CCCCC(*)=O"),
        ("C1CNCCN1.O=C(O)CCCCC(=O)O", "amide", "*N1CCN(C(=O)CCCCC(*)=O)CC1"),
        ("OCCCCO.O=C=NCCCCCCN=C=O", "urethane", "*OCCCCOC(=O)NCCCCCCNC(*)=O"),
        ("O=C(Cl)Cl.CC(C)(c1ccc(O)cc1)c1ccc(O)cc1", "carbonate", "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1"),
        (
            "O=C1OC(=O)c2cc3c(cc21)C(=O)OC3=O.Nc1ccc(Oc2ccc(N)cc2)cc1",
            "imide",
            "*c1ccc(Oc2ccc(N3C(=O)c4cc5c(cc4C3=O)C(=O)N(*)C5=O)cc2)cc1",
        ),
        (
            "Nc1ccc(Oc2ccc(N)cc2)cc1.O=C(O)c1cc(C(=O)O)c(C(=O)O)cc1C(=O)O",
            "amide",
            "*c1ccc(Oc2ccc(N3C(=O)c4cc5c(cc4C3=O)C(=O)N(*)C5=O)cc2)cc1",
        ),
        (
            "Nc1ccc(Oc2ccc(N)cc2)cc1.O=C(O)c1ccc(Oc2ccc(C(=O)O)c(C(=O)O)c2)cc1C(=O)O",
            "amide",
            "*c1ccc(Oc2ccc(N3C(=O)c4ccc(Oc5ccc6c(c5)C(=O)N(*)C6=O)cc4C3=O)cc2)cc1",
        ),
        ("CC(O)C(=O)O", "ester", "*OC(C)C(*)=O"),
        ("C[C@H](O)C(=O)O.C[C@@H](O)C(=O)O", "ester", "*OC(C)C(*)=O"),
        ("NCCCCCC(=O)O", "amide", "*NCCCCCC(*)=O"),
    ],
)
def test_monomers_give_the_repeat_unit_of_the_textbook(monomers, mechanism, repeat_unit):
    unit = repeat_unit_of_monomers(monomers, mechanism)
    assert polymer_key(unit) == polymer_key(repeat_unit)
    # The order in which the monomers are written makes no difference.
    turned = ".".join(reversed(monomers.split(".")))
    assert repeat_unit_of_monomers(turned, mechanism) == unit


@pytest.mark.parametrize(
    ("monomers", "mechanism"),
    [
        ("OCC(O)CO.O=C(O)CCCCC(=O)O", "ester"),
        ("CC(O)CC(=O)O.CCC(O)CC(=O)O", "ester"),
        ("C=Cc1ccccc1.C=CC#N", "vinyl"),
        ("NCCCCCCN.O=C1OCC(COCC2COC(=O)O2)O1", "NIPU"),
    ],
)
def test_branched_chains_and_copolymers_have_no_repeat_unit(monomers, mechanism):
    assert repeat_unit_of_monomers(monomers, mechanism) is None


def test_copolymers_keep_their_shares():
    text = copolymer_of_monomers("CCCC(O)CC(=O)O.CC(O)CC(=O)O", "ester", "[18, 82]")
    assert text == "*OC(C)CC(*)=O : *OC(CCC)CC(*)=O = 0.82 : 0.18 random"
    assert polymer_identity(text) == polymer_identity("*OC(C)CC(*)=O : *OC(CCC)CC(*)=O = 0.5 : 0.5 random")
    assert copolymer_of_monomers("C=COC(C)=O.C=C", "vinyl", "") is None
    assert read_structure("CC(O)CC(=O)O.CCC(O)CC(=O)O [16,84]", "ester").repeat_unit.endswith("= 0.16 : 0.84 random")


def test_two_ways_round_give_one_repeat_unit():
    first = repeat_unit_of_monomers("CC(O)CO.O=C(O)CC(C)C(=O)O", "ester")
    second = repeat_unit_of_monomers("O=C(O)C(C)CC(=O)O.OCC(O)C", "ester")
    assert first == second


def test_repeat_units_are_those_of_the_published_oligomers():
    """Oligomers that repeat, read by the cross-check's own rule: another way to the same polymer."""
    with published_file("polyid_train.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))[::120]
    structures, compared = KnownStructures(SOURCES / "structures.csv"), 0

    def pieces(smiles: str) -> dict[str, float]:
        """Share of each piece of a chain: which way round a monomer goes in is drawn at random there."""
        counts = Counter((chain_key(smiles) or "").split())
        return {piece: count / counts.total() for piece, count in counts.items()}

    for row in rows:
        structure = structures[row["smiles_monomer"], row["mechanism"]]
        published = pieces(row["smiles_polymer"])
        if structure is None or not published or row["mechanism"] == "vinyl":
            continue
        assert pieces(to_oligomer(structure.repeat_unit)) == pytest.approx(published), row["smiles_monomer"]
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize(
    ("repeat_unit", "geometry"),
    [
        ("*C/C=C\\C*", ("cis",)),
        ("*C/C=C/C*", ("trans",)),
        ("*C/C(C)=C\\C*", ("cis",)),
        ("*C/C=C(/C)C*", ("cis",)),
        ("*CC=CC*", ()),
        ("*CC(*)/C=C/C", ()),
    ],
)
def test_geometry_of_the_chain_tells_polymers_apart(repeat_unit, geometry):
    assert polymer_key(repeat_unit).geometry == geometry


def test_a_ladder_has_a_key_and_a_volume():
    unit = "*Oc1cc2c(cc1O*)C1(CC2(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)c(*)c(*)c(C#N)c1O3"
    assert polymer_key(unit).geometry == ()
    # PIM-1, C29 H20 N2 O4: 60 bonds within the unit and 2 to the next; of its 6 rings 3 are aromatic.
    volume = 29 * 20.58 + 20 * 7.24 + 2 * 15.60 + 4 * 14.71 - 5.92 * (60 + 2) - 3 * 14.7 - 3 * 3.8
    assert packing_fraction(unit, 1.0) == pytest.approx(volume * 0.602214 / 460.5, rel=1e-3)


def test_the_table_writes_no_hands():
    assert plain_unit("*O[C@@H](C)C(*)=O") == "*OC(C)C(*)=O"
    assert plain_unit("[1*]C/C=C\\C[2*]") == "*C/C=C\\C*"


def test_structures_in_the_file_are_those_that_are_read_today():
    with (SOURCES / "structures.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[::80]
    for row in rows:
        structure = read_structure(row["structure"], row["mechanism"])
        assert bool(structure) == bool(row["key"]), row["structure"]
        if structure:
            assert row["key"] == structure.key.structure
            assert polymer_identity(row["key"]) == polymer_identity(row["repeat_unit"])
            assert " ".join(structure.key.geometry) == row["geometry"]


def test_structures_are_read_anew_where_no_file_is_given():
    known = KnownStructures(None)
    assert known.rows() == []
    assert known["*C(C*)Cl", ""].key == PolymerKey(polymer_identity("*CC(*)Cl"))
    assert [row[0] for row in known.rows()] == ["*C(C*)Cl"]


def fact(*numbers: tuple[str, float], name: str = "Glass_Transition") -> Fact:
    polymer = Fact(FactKey(PolymerKey("*CC*"), "", name), "*CC*")
    polymer.values = [
        Value(Measurement(source, str(place), "", "*CC*", name, number, "°C"))
        for place, (source, number) in enumerate(numbers)
    ]
    return polymer


def test_consensus_is_the_median_of_sources_and_memory_counts_only_alone():
    values = fact(("a", 100.0), ("a", 104.0), ("b", 110.0), ("memory", 90.0))
    assert values.consensus == 106.0 and values.spread == 20.0
    for value in values.values[:3]:
        value.flag = "wrong"
    assert values.consensus == 90.0 and values.spread is None
    values.values[3].flag = "wrong"
    assert values.consensus is None


def test_outliers_are_flagged_by_their_robust_z_score_and_two_that_disagree_are_both():
    # Noise 10: against the median 101 of 100, 102 and 101 the last is off by 99, scale 10 · sqrt(1 + 1/3): z = 8.57.
    values = fact(("a", 100.0), ("b", 102.0), ("c", 101.0), ("d", 200.0))
    flag_outliers(values, 10.0)
    assert [value.flag for value in values.values] == ["", "", "", "outlier: robust z-score 8.6 against 3 others"]
    # Two values 60 apart: z = 60 / (10 · sqrt 2) = 4.24; 40 apart: 2.83.
    pair = fact(("a", 100.0), ("b", 160.0))
    flag_outliers(pair, 10.0)
    assert [value.flag for value in pair.values] == ["disputed: robust z-score 4.2 against 1 other"] * 2
    assert pair.consensus is None
    near = fact(("a", 100.0), ("b", 140.0))
    flag_outliers(near, 10.0)
    assert near.consensus == 120.0


def test_values_outside_the_range_and_repeated_numbers_are_flagged():
    values = fact(("a", 700.0), ("b", 50.0), ("b", 50.0))
    flag_implausible([values])
    assert [bool(value.flag) for value in values.values] == [True, False, True]
    assert values.consensus == 50.0


def test_a_record_that_melts_before_it_softens_is_flagged():
    glass, melt = fact(("a", 150.0)), fact(("a", 120.0), name="Melt_Temp")
    flag_implausible([glass, melt])
    assert glass.consensus is None and melt.consensus is None


def test_a_record_whose_gases_or_density_no_polymer_has_is_flagged():
    # N2 a hundred times faster than O2, as one record of the database has it.
    gases = [fact(("a", 0.0), name="log10_Permeability_O2"), fact(("a", 2.0), name="log10_Permeability_N2")]
    flag_implausible(gases)
    assert [gas.consensus for gas in gases] == [None, None]
    # Polyethylene: CH2CH2 fills 2 · (20.58 + 2 · 7.24) - 5.92 · 6 = 34.6 Å3, 0.635 of the volume at 0.855 g/cm3.
    assert packing_fraction("*CC*", 0.855) == pytest.approx(0.6358, abs=0.001)
    light, plain = fact(("a", 0.4), name="Density"), fact(("a", 0.9), name="Density")
    flag_implausible([light, plain])
    assert light.consensus is None and plain.consensus == 0.9


def test_disagreement_of_sources_is_robust_and_by_factors_for_moduli():
    # Differences 1, 3, 5: median 3, median deviation 2, robust standard deviation 2.9652.
    rows = {
        (row.first, row.second): row
        for row in disagreements([fact(("a", 10.0 + step), ("b", 10.0)) for step in (1, 3, 5)])
    }
    assert rows["a", "b"].pairs == 3 and rows["a", "b"].median_difference == 3.0
    assert rows["a", "b"].robust_std == pytest.approx(2.9652)
    assert rows["any", "any"].noise == pytest.approx(2.9652 / math.sqrt(2))
    (row, _) = disagreements([fact(("a", 1000.0), ("b", 100.0), name="YoungMod")])
    assert row.median_absolute_difference == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("tacticity", "pm", "stated"),
    [
        ("isotactic", "", "isotactic"),
        ("atactic", "", ""),
        ("atactic", "0.2", ""),
        ("", "1", "isotactic"),
        ("", "0.5", ""),
        ("", "0.9", "0.9"),
    ],
)
def test_tacticities_that_are_one_fact(tacticity, pm, stated):
    assert stated_tacticity(tacticity, pm) == stated


def test_units_of_the_mined_source():
    with (SOURCES / "openpoly.csv").open(encoding="utf-8", newline="") as stream:
        first = next(csv.DictReader(stream))
    read = {m.property_name: m.value for m in read_measurements() if m.source == "openpoly" and m.record == "PLA"}
    assert read["Glass_Transition"] == pytest.approx(float(first["Tg (K)"]) - 273.15)
    assert read["YoungMod"] == float(first["Young's Modulus (MPa)"])
    assert read["log10_ElongBreak"] == pytest.approx(math.log10(float(first["Elongation at Break (%)"])))
    assert read["Decomposition_Temp"] == pytest.approx(614.5552932 - 273.15)


def test_classes_by_structure_are_those_of_the_compilation():
    with BUNDLED_TABLE.open(encoding="utf-8", newline="") as stream:
        classes = {row["repeat_unit"]: row["class"] for row in csv.DictReader(stream)}
    agreeing = sum(polymer_class(unit) == name for unit, name in classes.items())
    assert agreeing >= 0.85 * len(classes)


def test_building_again_gives_the_files_in_the_repository():
    built = build(SOURCES)
    assert set(built) >= {"cited_properties.csv", "sources/measured_values.csv", "sources/measured_noise.csv"}
    for name, text in built.items():
        assert (SOURCES.parent / name).read_bytes() == text.encode(), f"{name}: run scripts/cited_table/build.py"
