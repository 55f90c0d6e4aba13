"""The cross-check matches the right polymers, counts rightly and names what disagrees, on made-up tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from studies import cross_check_table
from studies.cross_check_table import Comparison, compare, polymer_key, report

from polyid.chemistry.oligomer import to_oligomer
from polyid.data.catalogue import bundled_tables
from polyid.data.training_table import read_training_table

OURS = """polymer,class,repeat_unit,property,value,unit,tacticity,pm,source,note
PS,x,*CC(*)c1ccccc1,Glass_Transition,100,°C,,,made up,
PS,x,*CC(*)c1ccccc1,Density,1.05,g/cm3,,,made up,
PET,x,*OCCOC(=O)c1ccc(C(*)=O)cc1,Glass_Transition,76,°C,,,made up,
PET,x,*OCCOC(=O)c1ccc(C(*)=O)cc1,log10_Permeability_O2,-1.222,log10(Barrer),,,made up,
PP,x,*CC(*)C,Melt_Temp,165,°C,isotactic,,made up,
PP,x,*CC(*)C,Glass_Transition,-10,°C,atactic,,made up,
PP,x,*CC(*)C,Glass_Transition,0,°C,isotactic,,made up,
cis-BR,x,*C/C=C\\C*,Glass_Transition,-102,°C,,,made up,
trans-BR,x,*C/C=C/C*,Glass_Transition,-83,°C,,,made up,
Nylon 6,x,*NCCCCCC(*)=O,Glass_Transition,50,°C,,,made up,
"""
THEIRS = """smiles,Tg,Tm,Density,log10_Permeability_O2
*C(C*)c1ccccc1,110,,1.2,
*C(C*)c1ccccc1,120,,1.2,
OCCO.O=C(O)c1ccc(C(=O)O)cc1,91,,,-1.522
*C(C)C*,30,150,,
*CC=CC*,-90,,,
*CCNC(=O)CCC*,70,,,
*CC(*)(C)C(=O)OC,105,,,
"""


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    for path, text in zip(paths, (OURS, THEIRS), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_values_of_the_same_polymers_are_compared_and_no_others(tables):
    assert {(each.polymer, each.property_name): (each.ours, each.theirs, each.agrees) for each in compare(*tables)} == {
        ("PS", "Glass_Transition"): (100, 115, True),
        ("PS", "Density"): (1.05, 1.2, False),
        ("PET", "Glass_Transition"): (76, 91, True),
        ("PET", "log10_Permeability_O2"): (-1.222, -1.522, True),
        ("PP", "Melt_Temp"): (165, 150, True),
        # The atactic value, not the isotactic one or a mean of both.
        ("PP", "Glass_Transition"): (-10, 30, False),
        # The same chain cut elsewhere.
        ("Nylon 6", "Glass_Transition"): (50, 70, False),
    }


def test_the_report_counts_and_lists_the_largest_disagreement_first(tables):
    lines = report(compare(*tables)).splitlines()
    assert lines[:3] == [
        "Glass_Transition: 2 of 4 (50%) within 15; median difference 17.5",
        "    PP: -10 here, 30 there",
        "    Nylon 6: 50 here, 70 there",
    ]
    assert "Melt_Temp: 1 of 1 (100%) within 20; median difference 15" in lines
    assert "    PS: 1.05 here, 1.2 there" in lines
    assert "log10_Permeability_CO2: nothing to compare" in lines
    assert "    PS: 100 here, 115 there" in report(compare(*tables), everything=True)


@pytest.mark.parametrize(("difference", "agrees"), [(15, True), (-15, True), (15.1, False)])
def test_a_difference_of_just_the_tolerance_agrees(difference, agrees):
    assert Comparison("PS", "Glass_Transition", 100, 100 + difference).agrees is agrees


def test_a_published_row_of_oligomer_and_monomer_is_found(tmp_path, tables):
    # Upstream's oligomers of vinyl monomers join some units head to head; the monomer says which polymer it is.
    irregular = "CC(c1ccccc1)C(c1ccccc1)CCC(c1ccccc1)CC(c1ccccc1)C(c1ccccc1)CCC(c1ccccc1)C(c1ccccc1)C"
    path = tmp_path / "published.csv"
    path.write_text(
        f"smiles_monomer,mechanism,smiles_polymer,Glass_Transition\nC=Cc1ccccc1,vinyl,{irregular},90\n", "utf-8"
    )
    assert polymer_key(irregular) is None
    assert [(each.polymer, each.theirs) for each in compare(tables[0], path)] == [("PS", 90)]


@pytest.mark.parametrize(
    ("monomers", "mechanism", "distribution"),
    [
        ("C=Cc1ccccc1.C=CC(=O)OC", "vinyl", ""),
        ("C=Cc1ccccc1.C=CC(=O)OC", "vinyl", "[95, 5]"),
        ("C=C.C=C", "", "[95, 5]"),
    ],
)
def test_a_copolymer_is_not_taken_for_the_polymer_of_its_main_monomer(
    tmp_path, tables, monomers, mechanism, distribution
):
    # At 5 % of the other monomer most oligomers have none of it.
    oligomer = to_oligomer("*CC(*)c1ccccc1")
    path = tmp_path / "copolymer.csv"
    path.write_text(
        "smiles_monomer,mechanism,distribution,smiles_polymer,Glass_Transition\n"
        f'{monomers},{mechanism},"{distribution}",{oligomer},90\nC=CC,vinyl,,{to_oligomer("*CC(*)C")},0\n',
        "utf-8",
    )
    assert [each.polymer for each in compare(tables[0], path)] == ["PP"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*CC(*)C", "*C(C)C*"),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "OCCO.O=C(O)c1ccc(C(=O)O)cc1"),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "OCCO.COC(=O)c1ccc(C(=O)OC)cc1"),
        ("*NCCCCCC(*)=O", "*C(=O)CCCCCN*"),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", "Oc1ccc(C(C)(C)c2ccc(O)cc2)cc1.O=C(Cl)Cl"),
        (
            "*c1cc(N2C(=O)c3ccc(C(c4ccc5c(c4)C(=O)N(*)C5=O)(C(F)(F)F)C(F)(F)F)cc3C2=O)ccc1C",
            "Nc1ccc(C)c(N)c1.O=C1OC(=O)c2cc(C(c3ccc4c(c3)C(=O)OC4=O)(C(F)(F)F)C(F)(F)F)ccc21",
        ),
        ("*c1ccc(Oc2ccc(-n3c(=O)c4cc5c(=O)n(*)c(=O)c5cc4c3=O)cc2)cc1", "*c1ccc(Oc2ccc(N3C(=O)c4cc5c(cc4C3=O)C(=O)N(*)C5=O)cc2)cc1"),
    ],
)  # fmt: skip
def test_forms_cuts_and_directions_have_one_key(one, other):
    assert polymer_key(to_oligomer(one)) == polymer_key(to_oligomer(other)) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*NCCCCCCNC(=O)CCCCC(*)=O", "*NCCCCCC(*)=O"),
        ("*CC(*)C(=O)OC", "*CC(*)OC(C)=O"),
        ("*OCCCCOC(=O)CCC(*)=O", "*OCCOC(=O)CCCCC(*)=O"),
        ("*Oc1ccc(C(*)=O)cc1", "*Oc1cccc(C(*)=O)c1"),
        ("*CC(*)C", "*CC(C)C(C)C*"),
    ],
)
def test_isomers_have_different_keys(one, other):
    assert polymer_key(to_oligomer(one)) != polymer_key(to_oligomer(other))


@pytest.mark.parametrize("smiles", ["CCCO", "c1ccccc1", "OC(=O)CCC(=O)OCCO"])
def test_a_molecule_that_repeats_nothing_has_no_key(smiles):
    assert polymer_key(smiles) is None


@pytest.mark.exhaustive
def test_polymers_of_the_bundled_table_are_told_apart():
    table = read_training_table(bundled_tables()["polymer_properties"])
    polymers: dict[str | None, set[str]] = {}
    for smiles, name in zip(table.frame["smiles_polymer"], table.frame["polymer"], strict=True):
        polymers.setdefault(polymer_key(smiles), set()).add(name)
    too_long_side_chains = polymers.pop(None)
    assert len(too_long_side_chains) < 10
    assert [names for names in polymers.values() if len(names) > 1 and not all("1,4-" in name for name in names)] == []


def test_the_script_prints_the_report(tables):
    found = subprocess.run(
        [sys.executable, cross_check_table.__file__, str(tables[1]), "--table", str(tables[0])],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("Glass_Transition: 2 of 4 (50%) within 15")
