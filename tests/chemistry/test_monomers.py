"""Monomers are read as the repeat unit that they make, in whatever order; a network or an unknown reaction is said to be one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.spellings import renumbered
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.forms import PolymerForm, parse_polymer, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.polymerisation import monomers_of, repeat_units, unit_smiles
from polyid.chemistry.repeat_unit import unit_of
from polyid.errors import PolymerError

LISTED = [
    [cell.strip() for cell in line.split(" | ")]
    for line in Path(__file__).with_name("polymers_from_monomers.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("name", "monomers", "unit"), LISTED, ids=[row[0] for row in LISTED])
def test_monomers_are_the_polymer_that_textbooks_say(name, monomers, unit):
    assert polymer_identity(monomers) == polymer_identity(unit)
    assert recognise_form(monomers) is PolymerForm.MONOMERS
    made = repeat_units(monomers_of(parse_polymer(monomers)[0]))
    # Which enantiomer or which end comes first may differ from the unit as it is written; the atoms may not.
    assert made.source and len(made.units) == 1
    assert formula_of_three(monomers) == formula_of_three(unit)
    assert as_smiles(monomers).notes[-1].endswith(f"read as {made.polymer} {unit_smiles(made.units[0])}")


def formula_of_three(polymer: str) -> str:
    """Molecular formula of an oligomer of three units."""
    return str(CalcMolFormula(Chem.MolFromSmiles(to_oligomer(polymer, 3))))


def test_the_answer_does_not_depend_on_how_monomers_are_written():
    generator = random.Random(3)
    for name, monomers, _ in LISTED:
        parts = [renumbered(monomer, generator) for monomer in monomers.split(".")]
        generator.shuffle(parts)
        assert to_oligomer(".".join(parts), 3) == to_oligomer(monomers, 3), name


@pytest.mark.parametrize(
    ("monomers", "unit"),
    [
        ("C=C(C)C", "*CC(*)(C)C"),
        ("C=C(F)F", "*CC(*)(F)F"),
        ("C=C(C)C(=O)OC", "*CC(*)(C)C(=O)OC"),
        ("OCCO.O=C(O)c1ccc(C(=O)O)cc1", "*OCCOC(=O)c1ccc(C(*)=O)cc1"),
        ("O=C1CCCCCN1", "*NCCCCCC(*)=O"),
        ("C[C@H](O)C(=O)O", "*O[C@@H](C)C(*)=O"),
        ("C[C@@H]1OC(=O)[C@H](C)OC1=O", "*O[C@@H](C)C(*)=O"),
        ("C[C@H]1CO1", "*C[C@H](C)O*"),
        ("Nc1cccc(C(=O)O)c1", "*Nc1cccc(C(*)=O)c1"),
    ],
)
def test_monomers_grow_to_the_chain_of_their_unit(monomers, unit):
    assert to_oligomer(monomers, 5) == to_oligomer(unit, 5)


@pytest.mark.parametrize(
    ("monomers", "units"),
    [
        ("C=CC=C.C=Cc1ccccc1", {"*CC=CC*": 0.5, "*CC(*)c1ccccc1": 0.5}),
        ("C=CC=C.C=CC#N", {"*CC=CC*": 0.5, "*CC(*)C#N": 0.5}),
        ("C=C(C)C.C=C(C)C=C.C=C(C)C", {"*CC(*)(C)C": 2 / 3, "*CC(C)=CC*": 1 / 3}),
        ("C=C.C=COC(C)=O", {"*CC*": 0.5, "*CC(*)OC(C)=O": 0.5}),
        ("C=C.C1=CC2CCC1C2", {"*CC*": 0.5, "*C1C2CCC(C2)C1*": 0.5}),
        ("C=C(F)F.FC(F)=C(F)C(F)(F)F", {"*CC(*)(F)F": 0.5, "*C(F)(F)C(*)(F)C(F)(F)F": 0.5}),
        ("C=CC(=O)OC.O=C1C=CC(=O)O1", {"*CC(*)C(=O)OC": 0.5, "*C1C(*)C(=O)OC1=O": 0.5}),
        ("CC1OC(=O)C(C)OC1=O.O=C1COC(=O)CO1", {"*OC(C)C(*)=O": 0.5, "*OCC(*)=O": 0.5}),
        ("CC(O)C(=O)O.OCC(=O)O", {"*OC(C)C(*)=O": 0.5, "*OCC(*)=O": 0.5}),
        ("CC(O)CC(=O)O.CCC(O)CC(=O)O", {"*OC(C)CC(*)=O": 0.5, "*OC(CC)CC(*)=O": 0.5}),
        ("C1CO1.C1CCOC1", {"*CCO*": 0.5, "*CCCCO*": 0.5}),
        ("C1OCOCO1.C1COCO1", {"*CO*": 0.5, "*COCCO*": 0.5}),
        (
            "OCCO.O=C(O)c1ccc(C(=O)O)cc1.O=C(O)c1cccc(C(=O)O)c1",
            {"*OCCOC(=O)c1ccc(C(*)=O)cc1": 0.5, "*OCCOC(=O)c1cccc(C(*)=O)c1": 0.5},
        ),
        ("NCCCCCCN.O=C(O)CCCCC(=O)O.O=C1CCCCCN1", {"*NCCCCCCNC(=O)CCCCC(*)=O": 0.5, "*NCCCCCC(*)=O": 0.5}),
        (
            "O=C=NCCCCCCN=C=O.OCCCCO.NCCN",
            {"*OCCCCOC(=O)NCCCCCCNC(*)=O": 0.5, "*NCCNC(=O)NCCCCCCNC(*)=O": 0.5},
        ),
    ],
)  # fmt: skip
def test_comonomers_make_several_units_with_their_shares(monomers, units):
    made = repeat_units(monomers.split("."))
    shares = {canonical_unit(unit): share for unit, share in zip(made.units, made.fractions, strict=True)}
    expected = {canonical_unit(unit_of(Chem.MolFromSmiles(unit))): share for unit, share in units.items()}
    assert shares == pytest.approx(expected)
    written = f"{' : '.join(units)} = {' : '.join(map(str, units.values()))} random"
    assert to_oligomer(monomers, 12) == to_oligomer(written, 12)
    assert to_oligomer(".".join(reversed(monomers.split("."))), 12) == to_oligomer(written, 12)
    assert polymer_identity(monomers) == polymer_identity(written)
    assert recognise_form(monomers) is PolymerForm.MONOMERS and "random copolymer" in as_smiles(monomers).notes[-1]


def test_amounts_are_the_shares_of_units():
    made = repeat_units(["C=CC=C", "C=Cc1ccccc1"], [3.0, 1.0])
    shares = {unit_smiles(unit): share for unit, share in zip(made.units, made.fractions, strict=True)}
    assert shares == {"*CC=CC*": 0.75, "*CC(*)c1ccccc1": 0.25}
    # Two diacids share what the diol gives, however much of it there is.
    made = repeat_units(["OCCO", "O=C(O)CCC(=O)O", "O=C(O)CC(=O)O"], [10.0, 3.0, 1.0])
    assert sorted(made.fractions) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(
    ("monomers", "message"),
    [
        ("OCC(O)CO.O=C(O)CCCCC(=O)O", "make a network"),
        ("C=Cc1ccccc1.C=Cc1ccc(C=C)cc1", "make a network"),
        ("Oc1ccccc1.C=O", "make a network"),
        ("Nc1nc(N)nc(N)n1.C=O", "make a network"),
        ("C=Cc1ccccc1.C1CCOC1", "is not known here; write the repeat unit"),
        ("CCO.CCO", "polymerises with itself is not known here; join a different partner"),
        ("OCCO.CCCCN", "is not known here"),
        ("CC(=O)O.OCCO", "is not known here"),
        ("C1=CCCC1.O=C1OC(=O)c2cc3C(=O)OC(=O)c3cc12", "is not known here"),
        (".".join("C=C" + "C" * n for n in range(9)), "9 different monomers"),
        ("C=CC(=O)[O-].[Na+]", "Na"),
    ],
)
def test_what_is_not_known_here_is_said_with_a_remedy(monomers, message):
    with pytest.raises(PolymerError, match=message) as caught:
        read_polymer(monomers)
    assert str(caught.value).endswith(".") and "does not polymerise" not in str(caught.value)


@pytest.mark.parametrize(
    "smiles",
    ["C=Cc1ccccc1C=C", "COc1ccc2nccc(c2c1)C(O)C1CC2CCN1CC2C=C", "CN1CCCC1=O", "C1CCOCC1", "Cc1cccc(C)c1O", "C1CCCC=C1"],
)
def test_a_molecule_alone_is_taken_for_a_monomer_only_where_it_can_be_nothing_else(smiles):
    assert recognise_form(smiles) is PolymerForm.OLIGOMER
    with pytest.raises(PolymerError, match="not a polymer"):
        to_oligomer(smiles)


def test_a_mechanism_says_how_monomers_react():
    # An amino alcohol makes a poly(ester amide) with a diacid; told to make an ester, there is one group too few.
    with pytest.raises(PolymerError, match="not known here"):
        to_oligomer("NCCO.O=C(O)CCCCC(=O)O", mechanism="ester")
    # So with two diacids, of which several units would be made.
    for mechanism in ("ester", "amide"):
        with pytest.raises(PolymerError, match="not known here"):
            to_oligomer("NCCO.O=C(O)CCCCC(=O)O.O=C(O)CCC(=O)O", mechanism=mechanism)
    glycol_and_diacids = "OCCO.O=C(O)CCCCC(=O)O.O=C(O)CCC(=O)O"
    assert to_oligomer(glycol_and_diacids, mechanism="ester") == to_oligomer(glycol_and_diacids)
    # What a chain takes in has a mechanism too.
    assert to_oligomer("CC1CO1.O=C=O", 4, mechanism="carbonate") == to_oligomer("CC1CO1.O=C=O", 4)
    with pytest.raises(PolymerError, match="not known here"):
        to_oligomer("CC1CO1.O=C=O", mechanism="ester")
    assert to_oligomer("C=Cc1ccccc1", 4, mechanism="vinyl") == to_oligomer("*CC(*)c1ccccc1", 4)
