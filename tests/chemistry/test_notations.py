"""What people paste is read as what it means, or refused with the place and the remedy; nothing raises anything else."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.errors import PolymerError

SAME = {
    "*CC*": [
        "∗CC∗", "＊CC＊", "✱CC✱", "⋆CC⋆", "•CC•", "–CC–", "−CC−", "-CC-", "·CC·", "“*CC*”", "'*CC*'", '"*CC*",', "*CC*;",
        "*CC* polyethylene", "*CC*\tPE", "*CC*, polyethylene", "*CC* |$star_e;;;star_e$|", "\u00a0*CC*\u00a0", "\ufeff*CC*",
        "*CC*\u200b", "*CC*_x000D_", "*CC*\r\n", "[R1]CC[R2]", "[R]CC[R]", "$CC$", "[*:1]CC[*:2]", "[1*]CC[2*]", "[Ce]CC[Th]",
        "[Cu]CC[Au]", "[At]CC[At]", "{[$]CC[$]}", "{[][$|3|]CC[$|3|][]}|schulz_zimm(900, 500)|", "C{[$][$]CC[$][$]}C",
        "[*:1]CC[*:2]|1.0|<1-2:1.0:1.0", "CCCC |Sg:n:1,2:n:ht|", "{[][$]CC[$][]}", "C{[$]CC[$]}C", "*[CH2][CH2]*", "＊Ｃ－Ｃ＊",
    ],
    "*CC(*)C": ["•CC(•)C", "–CC(–)C", "$CC($)C", "[R1]CC([R2])C", "{[][<]CC([>])C[]}", "{[>][<]CC(C)[>][<]}"],
    "*CC(*)(C)C(=O)OC": ["*CC(*)(C)C(＝O)OC", "［*］CC(［*］)(C)C(=O)OC"],
    "*C=CC1CCC(*)C1": ["*=CC1CCC(C1)C=*"],
    "*C=C*": ["*=CC=*"],
    "*OCCOC(=O)CC(*)=O": ["{[][<]OCCO[<],[>]C(=O)CC(=O)[>][]}", "{[>][>]C(=O)CC(=O)[>],[<]OCCO[<][<]}"],
    # Spiro links in the backbone.
    "*CC1COC2(OC1)OCC(*)CO2": ["*C1COC2(OC1)OCC(C*)CO2", "*CC1COC2(OCC(*)CO2)OC1"],
}  # fmt: skip

REFUSED = {
    "é*CC*": "latin small letter e with acute at position 1",
    "*CC*\0": "control character 0x00 at position 5",
    "\ud800CC*": "control character 0xd800 at position 1",
    "*CC(*) C": "has a gap in it",
    "*C C(*)c1ccccc1": "has a gap in it",
    "*CC(*)C |Sg:n:1,2:n:ht|": "3 bonds out of it",
    "{[$]CC[$],[$]CC[<]}": "bonding descriptors",
    "{[$]CC{[$]C[$]}[$]}": "nested",
    "{[$]CC[$]": "not closed",
    "[e]c1ccccc1[d]": "each of the four once",
    "[*:1]CC[*:2].[*:3]C[*:4]|0.5|<1-3:0.5:0.5": "2 monomers and 1 readable fraction",
    "[*:1]CC([*:5])[*:2].[*:3]C[*:4]|0.5|0.5|<1-3:0.5:0.5": "3 attachment points",
    "[*:1]CC[*:2].[*:3]C[*:4]|0.5|0.5|<1-9:0.5:0.5": "no monomer has",
    "[*:1]CC[*:2].[*:3]C[*:4]|0.5|0.5|<1-3": "edges that can't be read",
    "PS-b-PP": "names a copolymer",
    "P(S-co-MMA)": "names a copolymer",
    "{[$]CC[<]}": "bonding descriptors",
    "InChI=1S/nonsense": "no InChI",
    "*C~C*": "bond of type unspecified",
    "*C->C*": "bond of type dative",
    "[*+]C[*-]": "charge",
    "*CC(*)C(=O):OC": "aromatic",
    "*C:C*": "aromatic",
    "c$c": "aromatic",
    "*c1ccc(-c2~ccccc2)cc1*": "unspecified",
    "*CC(*)c1ccccc#1": "small ring",
    "*CC(*)c1ccc=cc1": "small ring",
    "*CC(*)C1=CC=CC#C1": "small ring",
    "“”": "holds no SMILES",
}


@pytest.mark.parametrize("smiles, pasted", [(smiles, text) for smiles, texts in SAME.items() for text in texts])
def test_a_pasted_text_is_the_polymer_it_means(smiles, pasted):
    form, polymer = read_polymer(pasted)
    assert form is PolymerForm.REPEAT_UNIT
    assert polymer.smiles() == to_oligomer(smiles)
    assert polymer_identity(pasted) == polymer_identity(smiles)


@pytest.mark.parametrize(
    "pasted", ["∗CC∗", "–CC–", "*CC* polyethylene", "[R1]CC[R2]", "{[$]CC[$]}", "[Ce]CC[Th]", "“*CC*”"]
)
def test_what_is_turned_into_something_else_is_said(pasted):
    assert as_smiles(pasted).notes
    assert not as_smiles("*CC*").notes and not as_smiles(" [*]CC[*]\n").notes


SELF, CROSS = (
    "<1-1:{0}:{0}<2-2:{0}:{0}<1-2:{0}:{0}<3-3:{0}:{0}<4-4:{0}:{0}<3-4:{0}:{0}",
    "<1-3:{0}:{0}<1-4:{0}:{0}<2-3:{0}:{0}<2-4:{0}:{0}",
)
GRAPH = "[*:1]CC([*:2])C.[*:3]CC([*:4])c1ccccc1|0.5|0.5|"
COPOLYMERS = {
    "{[$]CC[$],[$]CC(C)[$]}": "*CC* : *CC(*)C = 1 : 1 random",
    "{[>][<]CC[>], [<]CC(C)[>];[<]C[<]}": "*CC* : *CC(*)C = 1 : 1 random",
    "C{[$][$]CC[$][$]}{[$][$]CC(C)[$][$]}C": "*CC* : *CC(*)C = 1 : 1 block",
    GRAPH + SELF.format(0.25) + CROSS.format(0.25): "*CC(*)C : *CC(*)c1ccccc1 = 1 : 1 random",
    GRAPH + SELF.format(0.375) + CROSS.format(0.125) + "~10": "*CC(*)C : *CC(*)c1ccccc1 = 1 : 1 block",
    GRAPH + CROSS.format(0.5): "*CC(*)C : *CC(*)c1ccccc1 alternating",
}  # fmt: skip


@pytest.mark.parametrize("pasted, copolymer", COPOLYMERS.items())
def test_copolymers_in_other_notations_are_read(pasted, copolymer):
    assert read_polymer(pasted) == read_polymer(copolymer)
    assert polymer_identity(pasted) == polymer_identity(copolymer)
    assert as_smiles(pasted).notes


@pytest.mark.parametrize(
    "pasted, unit",
    {"•C(N•)": "*CN*", "∗P(C)∗": "*P(*)C", "C(O•)C•": "*CCO*", "–CN–": "*CN*", "•P(S)•": "*P(*)S"}.items(),
)
def test_a_unit_whose_letters_are_a_name_stays_a_unit(pasted, unit):
    assert polymer_identity(pasted) == polymer_identity(unit)
    assert polymer_identity("• polystyrene") == polymer_identity("*CC(*)c1ccccc1")


@pytest.mark.parametrize("pasted, why", REFUSED.items())
def test_what_can_mean_two_things_is_refused(pasted, why):
    for read in (read_polymer, polymer_identity, recognise_form):
        with pytest.raises(PolymerError, match=re.escape(why)):
            read(pasted)


def test_a_mol_block_is_read_as_it_is_drawn():
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("*CC(*)c1ccccc1"))
    assert to_oligomer(block) == to_oligomer("*CC(*)c1ccccc1")
    assert "mol block" in as_smiles(block).notes[0]


def test_brackets_in_a_mol_block_are_the_repeat_unit():
    molecule = Chem.RWMol(Chem.MolFromSmiles("CC(C)CC(C)O"))
    group = Chem.CreateMolSubstanceGroup(molecule, "SRU")
    for atom in (1, 2, 3):
        group.AddAtomWithIdx(atom)
    for bond in molecule.GetBonds():
        if (bond.GetBeginAtomIdx() in (1, 2, 3)) != (bond.GetEndAtomIdx() in (1, 2, 3)):
            group.AddBondWithIdx(bond.GetIdx())
    assert to_oligomer(Chem.MolToMolBlock(molecule)) == to_oligomer("*C(C)C*")


def test_inchi_is_a_monomer():
    inchi = Chem.MolToInchi(Chem.MolFromSmiles("C=Cc1ccccc1"))
    assert as_smiles(inchi).text == "C=Cc1ccccc1"
    assert to_oligomer(inchi, mechanism="vinyl") == to_oligomer("C=Cc1ccccc1", mechanism="vinyl")


ATOMS = st.sampled_from(["C", "N", "O", "*", "c", "n", "[nH]", "[C@H]", "[C@@]", "[*:1]", "F", "Si", "[Si]", "S", "P", "B", "[O-]",
                         "[N+]", "[2H]", "Cl", "∗", "é", "\ud800", "\0", "{", "[$]", "$", "[R1]", "|", " ", "-", "[Na]",
                         "[e]", "[t]", "[>]", "}", "[*:3]", "&1", "<1-3:0.5:0.5", " : ", "Sg:n:1:", "c1ccccc1", "C(*)", "[Cl-]"])  # fmt: skip
LINKS = st.sampled_from(["", "", "", "=", "#", "-", ":", "~", "->", "$", "/", "\\", "(", ")", "1", "2", "%10", "."])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(ATOMS, LINKS), max_size=14).map(lambda parts: "".join(atom + link for atom, link in parts)))
@example("C(" * 3000 + "C" + ")" * 3000)
@example("(" * 9000)
@example("C1" * 4000)
def test_no_text_raises_anything_but_a_polymer_error_or_takes_long(text):
    started = time.process_time()
    for read in (read_polymer, polymer_identity, recognise_form):
        try:
            read(text)
        except PolymerError as error:
            str(error).encode()
    assert time.process_time() - started < 6.0


def test_texts_as_people_paste_them_are_read_rightly_or_refused_with_the_reason():
    lines = Path(__file__).with_name("texts_as_pasted.txt").read_text(encoding="utf-8").splitlines()
    cases = [line.encode("latin-1", "backslashreplace").decode("unicode_escape").split("\t") for line in lines[2:]]
    assert len(cases) > 200
    meant = {meaning: _polymer(meaning) for *_, meaning in cases if not meaning.startswith("refused:")}
    wrong = []
    for *text, meaning in cases:
        polymer = _polymer("\t".join(text))
        if isinstance(polymer, str):
            right = meaning.startswith("refused:") and meaning.removeprefix("refused:") in polymer
        else:
            right = meaning == polymer[0] or meant.get(meaning, "")[1:] == polymer[1:]
        if not right:
            wrong.append((text, polymer))
    assert not wrong


def _polymer(text: str) -> tuple[PolymerForm, Polymer, str] | str:
    """Form, short oligomer and key of a polymer, or why it is none."""
    try:
        return *read_polymer(text, 4), polymer_identity(text)
    except PolymerError as error:
        return str(error)
