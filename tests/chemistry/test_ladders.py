"""Ladder polymers against chains written out by hand."""

import csv
import random

import pytest
from helpers.paths import published_file
from helpers.spellings import renumbered
from rdkit import Chem

from polyid.chemistry.chain import canonical, chain
from polyid.chemistry.forms import parse_polymer
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.repeat_unit import unit_of
from polyid.errors import PolymerError
from polyid.explain.copies import find_repeats

# PIM-1 of Budd et al., Chem. Commun. 2004, 230, doi:10.1039/b311764b: a spirobisindane and a dinitrile, joined by dioxins. A unit
# may follow with its spiro atom on either side.
PIM_1 = "{}Oc1cc2c(cc1O{})C1(CC2(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)c({})c({})c(C#N)c1O3"
PIM_1_TWICE = (
    "Oc1cc2c(cc1O)C1(CC2(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)c2c(c(C#N)c1O3)Oc1cc3c(cc1O2)C1(CC3(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)ccc(C#N)c1O3",
    "Oc1cc2c(cc1O)C1(CC2(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)c2c(c(C#N)c1O3)Oc1cc3c(cc1O2)C(C)(C)CC13CC(C)(C)c2cc3c(cc21)Oc1c(C#N)ccc(C#N)c1O3",
)
# PIM-EA-TB of Carta et al., Science 2013, 339, 303, doi:10.1126/science.1228032: an ethanoanthracene and Tröger's base.
TROEGER = "{}CN1CN({})Cc2cc3c(cc21)C1(C)CCC3(C)c2cc({})c({})cc21"
TROEGER_TWICE = (
    "CN1CNCc2cc3c(cc21)C1(C)CCC3(C)c2cc3c(cc21)N1CN(C3)c2cc3c(cc2C1)C1(C)CCC3(C)c2ccccc21",
    "CN1CNCc2cc3c(cc21)C1(C)CCC3(C)c2cc3c(cc21)CN1CN3Cc2cc3c(cc21)C1(C)CCC3(C)c2ccccc21",
)
# A spirobifluorene of Bezzu et al., Adv. Mater. 2012, 24, 5930, doi:10.1002/adma.201202393.
SPIROBIFLUORENE = "{}Oc1c(C#N)c2c(c(C#N)c1O{})Oc1cc3c(cc1O2)-c1ccccc1C31c2ccccc2-c2cc({})c({})cc21"
SPIROBIFLUORENE_TWICE = (
    "Oc1c(C#N)c2c(c(C#N)c1O)Oc1cc3c(cc1O2)-c1ccccc1C31c2ccccc2-c2cc3c(cc21)Oc1c(C#N)c2c(c(C#N)c1O3)Oc1cc3c(cc1O2)-c1ccccc1C31c2ccccc2-c2ccccc21",
    "Oc1c(C#N)c2c(c(C#N)c1O)Oc1cc3c(cc1O2)-c1ccccc1C31c2ccccc2-c2cc3c(cc21)Oc1c(C#N)c2c(c(C#N)c1O3)Oc1cc3c(cc1O2)C1(c2ccccc2-3)c2ccccc2-c2ccccc21",
)
# A naphthalene with a methyl group on one side: strands that do not meet follow each other without crossing.
NAPHTHALENE = "{}Oc1c(C)c2cc({})c({})cc2cc1O{}"
NAPHTHALENE_TWICE = (
    "Oc1c(C)c2cc3c(cc2cc1O)Oc1cc2ccccc2c(C)c1O3",
    "Oc1c(C)c2cc3c(cc2cc1O)Oc1c(C)c2ccccc2cc1O3",
)
LABELLED = [
    (PIM_1, ("[e]", "[d]", "[g]", "[t]"), PIM_1_TWICE),
    (TROEGER, ("[e]", "[d]", "[t]", "[g]"), TROEGER_TWICE),
    (SPIROBIFLUORENE, ("[e]", "[d]", "[g]", "[t]"), SPIROBIFLUORENE_TWICE),
    (NAPHTHALENE, ("[e]", "[t]", "[g]", "[d]"), NAPHTHALENE_TWICE),
]
CROSSED = {"[e]": "[e]", "[d]": "[d]", "[t]": "[g]", "[g]": "[t]"}
MAPS = {"[e]": "[*:1]", "[d]": "[*:2]", "[t]": "[*:3]", "[g]": "[*:4]"}


def two_as_cut(text: str) -> str:
    """Two units of a chain, cut where the text cuts it."""
    return canonical(chain([unit_of(parse_polymer(text)[0])] * 2))


@pytest.mark.parametrize(("unit", "labels", "twice"), LABELLED)
def test_labels_say_which_strand_goes_on_where(unit, labels, twice):
    straight, crossed = map(Chem.CanonSmiles, twice)
    assert straight != crossed
    assert two_as_cut(unit.format(*labels)) == straight
    assert two_as_cut(unit.format(*(MAPS[label] for label in labels))) == straight
    assert two_as_cut(unit.format(*(CROSSED[label] for label in labels))) == crossed
    if unit is not NAPHTHALENE:
        assert polymer_identity(unit.format(*labels)) != polymer_identity(
            unit.format(*(CROSSED[label] for label in labels))
        )


@pytest.mark.parametrize(("unit", "labels", "twice"), LABELLED)
def test_without_labels_a_ladder_is_one_of_its_chains_and_always_the_same(unit, labels, twice):
    text = unit.format("*", "*", "*", "*")
    oligomer, key = to_oligomer(text, 2), polymer_identity(text)
    assert two_as_cut(text) in [Chem.CanonSmiles(chain) for chain in twice[: 1 if unit is NAPHTHALENE else 2]]
    assert any("ladder" in note for note in as_smiles(text).notes)
    generator = random.Random(1)
    for _ in range(3):
        shuffled = renumbered(text, generator)
        assert (to_oligomer(shuffled, 2), polymer_identity(shuffled)) == (oligomer, key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # PIM-1 cut at the other bonds of its dioxin, and two units of it.
        (PIM_1.format(*"****"), "*c1cc2c(cc1*)C1(CC2(C)C)CC(C)(C)c2cc3c(cc21)Oc1c(C#N)c(O*)c(O*)c(C#N)c1O3"),
        (
            "[e]Oc1cc2cc([t])c([g])cc2cc1O[d]",
            "[e]Oc1cc2cc3c(cc2cc1O[d])Oc1cc2cc([g])c([t])cc2cc1O3",
        ),
        # Where a single bond holds the rings together, two attachment points say the same.
        ("[e]Oc1ccc(-c2ccc3c(c2)Oc2cc([t])c([g])cc2O3)cc1O[d]", "*c1ccc2c(c1)Oc1cc3c(cc1O2)Oc1cc(*)ccc1O3"),
        ("[e]Oc1ccc(-c2ccc3c(c2)Oc2cc([g])c([t])cc2O3)cc1O[d]", "*c1ccc2c(c1)Oc1cc3c(cc1O2)Oc1ccc(*)cc1O3"),
    ],
)  # fmt: skip
def test_a_ladder_has_one_key_and_one_oligomer_wherever_it_is_cut(one, other):
    assert polymer_identity(one) == polymer_identity(other)
    assert to_oligomer(one, 4) == to_oligomer(other, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("*CC(*)c1ccc(C(*)C*)cc1", "networks are not supported"),
        ("*N(*)c1ccc(N(*)*)cc1", "double bond between units"),
        ("*C1C(*)C(*)C1*", "in several ways"),
        ("*C1(*)CCC(*)(*)CC1", "double bond between units"),
        ("[*:1]C1([*:2])CCC([*:3])([*:4])CC1", "double bond between units"),
        ("[e]c1ccccc1[d]", "each of the four once"),
        ("*Oc1ccc(O*)c(*)c1", "3 attachment points"),
    ],
)
def test_four_points_that_make_no_ladder_are_refused(text, why):
    with pytest.raises(PolymerError, match=why):
        read_polymer(text)


def test_an_explanation_finds_the_units_of_a_ladder():
    text = PIM_1.format(*"****")
    repeats = find_repeats(to_oligomer(text, 4), polymer_identity(text))
    assert repeats.copies == 4 and repeats.smiles.count("*") == 4
    assert (repeats.atom >= 0).all()
    # Two bonds lead from each unit to the next, and are there in both directions.
    assert len(repeats.links) == 12


@pytest.mark.parametrize("labels, chain", [("1221", 0), ("1122", 0), ("2211", 0), ("1212", 1), ("1112", 0)])
def test_labels_may_be_those_of_two_ends_or_of_two_joints(labels, chain):
    points = [f"[*:{label}]" for label in labels]
    # The first and last point are at one end, the second on the strand of the first.
    text = NAPHTHALENE.format(points[0], points[1], points[2], points[3])
    assert two_as_cut(text) == Chem.CanonSmiles(NAPHTHALENE_TWICE[chain])


def test_pm_is_refused_for_a_ladder():
    with pytest.raises(PolymerError, match="ladder"):
        to_oligomer(PIM_1.format(*"****"), pm=0.5)


def test_polymers_of_the_gas_permeability_table_are_read():
    with open(published_file("gas_permeability_measuring_only.csv"), encoding="utf-8") as stream:
        every = {row["Smiles"] for row in csv.DictReader(stream)}
    assert len(every) == 282
    ladders = {text for text in every if text.count("*") == 4}
    assert len(ladders) == 26
    for text in ladders | set(sorted(every)[::4]):
        oligomer = to_oligomer(text, 2)
        assert Chem.MolFromSmiles(oligomer) is not None
        assert "*" not in oligomer and "." not in oligomer, text
