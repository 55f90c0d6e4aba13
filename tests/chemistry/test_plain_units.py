"""The short ways by which plain repeat units are read come to what the long ways do."""

from __future__ import annotations

import pytest
from rdkit import Chem

from polyid.chemistry.backbone import framed_smiles, framed_unit
from polyid.chemistry.forms import parse_polymer, parsed_polymer
from polyid.chemistry.oligomer import read_polymer
from polyid.chemistry.polymer import is_plain
from polyid.chemistry.repeat_unit import unit_of, unit_of_parsed
from polyid.errors import PolymerError

UNITS = (
    "*CC(*)c1ccccc1",
    "*Nc1ccc(NC(=O)c2cccc(C(=O)*)c2)cc1",
    "*c1ccc(Oc2ccc(-n3c(=O)c4cc5c(=O)n(*)c(=O)c5cc4c3=O)cc2)cc1",
    "*CCOC(=O)c1ccc(C(=O)OCC(C)O*)s1",
    "*C(=O)CCCCC(=O)NCCCCCCN*",
    "*[Si](C)(C)O[Si](*)(c1ccccc1)C",
    "*C=CC(*)C[N+](=O)[O-]",
    "*c1cc2[nH]c3cc(*)ccc3c2cc1",
    "*CCCOCCCO*",
)


@pytest.mark.parametrize("text", UNITS)
def test_smiles_of_the_framed_unit_is_that_of_the_unit_itself(text: str) -> None:
    molecule = parse_polymer(text)[0]
    framed = Chem.Mol(framed_unit(unit_of(molecule)).molecule)
    Chem.SanitizeMol(framed)
    assert framed_smiles(unit_of_parsed(molecule))[0] == framed_smiles(unit_of(molecule))[0] == Chem.MolToSmiles(framed)


def test_what_is_read_is_not_changed() -> None:
    text = "*Nc1ccc(NC(=O)c2cccc(C(=O)*)c2)cc1"
    before = Chem.MolToSmiles(parse_polymer(text)[0])
    read_polymer(text)
    assert Chem.MolToSmiles(parsed_polymer(text).molecule) == before


def test_labels_stay_with_who_wrote_them() -> None:
    parsed = parsed_polymer("[*:2]CC([*:1])C")
    unit = unit_of_parsed(parsed.molecule)
    assert "[1*]" in Chem.MolToSmiles(parsed.molecule)
    assert [unit.flat.GetAtomWithIdx(point).GetIsotope() for point in (unit.head, unit.tail)] == [0, 0]


@pytest.mark.parametrize("text", ["*CC(*)C", "*C(*)[H]", "*C[C@H](*)C", "*C/C=C/C*"])
def test_plain_is_what_has_no_configuration(text: str) -> None:
    parsed = parsed_polymer(text)
    assert is_plain(unit_of_parsed(parsed.molecule)) is not parsed.may_have_stereo


@pytest.mark.parametrize("text", ["*CC(*)C1CCCC#CC1", "*c1cc=ccc1*", "*CC(*)C1=C=CCC1", "*CC(C#N)C(=O)C1CC=C=CC1*"])
def test_strained_rings_are_refused(text: str) -> None:
    with pytest.raises(PolymerError, match="small ring"):
        parsed_polymer(text)


@pytest.mark.parametrize("text", ["*CC(*)C#N", "*CC(*)C(=O)OC", "N#CC(*)C*", "O=C(*)NCCCCC*"])
def test_multiple_bonds_at_the_ends_are_read(text: str) -> None:
    assert parsed_polymer(text).molecule.GetNumAtoms()
