"""What people paste is read as what it means, or refused with the place and the remedy; nothing raises anything else."""

import re
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.errors import PolymerError

SAME = {
    "*CC*": [
        "∗CC∗", "＊CC＊", "✱CC✱", "⋆CC⋆", "•CC•", "–CC–", "−CC−", "-CC-", "·CC·", "“*CC*”", "'*CC*'", '"*CC*",', "*CC*;",
        "*CC* polyethylene", "*CC*\tPE", "*CC*, polyethylene", "*CC* |$star_e;;;star_e$|", "\u00a0*CC*\u00a0", "\ufeff*CC*",
        "*CC*\u200b", "*CC*_x000D_", "*CC*\r\n", "[R1]CC[R2]", "[R]CC[R]", "$CC$", "[*:1]CC[*:2]", "[1*]CC[2*]", "[Ce]CC[Th]",
        "[Cu]CC[Au]", "[At]CC[At]", "{[$]CC[$]}", "{[][$]CC[$][]}", "C{[$]CC[$]}C", "*[CH2][CH2]*", "＊Ｃ－Ｃ＊",
    ],
    "*CC(*)C": ["•CC(•)C", "–CC(–)C", "$CC($)C", "[R1]CC([R2])C", "{[][<]CC([>])C[]}", "{[>][<]CC(C)[>][<]}"],
    "*CC(*)(C)C(=O)OC": ["*CC(*)(C)C(＝O)OC", "［*］CC(［*］)(C)C(=O)OC"],
    "*C=CC1CCC(*)C1": ["*=CC1CCC(C1)C=*"],
    "*C=C*": ["*=CC=*"],
}  # fmt: skip

REFUSED = {
    "é*CC*": "latin small letter e with acute at position 1",
    "*CC*\0": "control character 0x00 at position 5",
    "\ud800CC*": "control character 0xd800 at position 1",
    "*CC(*) C": "has a gap in it",
    "*C C(*)c1ccccc1": "has a gap in it",
    "*CC(*)C |Sg:n:1,2:n:ht|": "3 bonds out of it",
    "{[$]CC[$],[$]CC(C)[$]}": "copolymer (*CC* : *CC(C)*)",
    "{[$]CC[<]}": "bonding descriptors",
    "InChI=1S/nonsense": "no InChI",
    "*C~C*": "bond of type unspecified",
    "*C->C*": "bond of type dative",
    "[*+]C[*-]": "charge",
    "*CC(*)C(=O):OC": "aromatic",
    "*C:C*": "aromatic",
    "c$c": "aromatic",
    "*c1ccc(-c2~ccccc2)cc1*": "unspecified",
    "“”": "holds no SMILES",
}


@pytest.mark.parametrize("smiles, pasted", [(smiles, text) for smiles, texts in SAME.items() for text in texts])
def test_a_pasted_text_is_the_polymer_it_means(smiles, pasted):
    form, oligomer = read_polymer(pasted)
    assert form is PolymerForm.REPEAT_UNIT
    assert oligomer == to_oligomer(smiles)
    assert polymer_identity(pasted) == polymer_identity(smiles)


@pytest.mark.parametrize(
    "pasted", ["∗CC∗", "–CC–", "*CC* polyethylene", "[R1]CC[R2]", "{[$]CC[$]}", "[Ce]CC[Th]", "“*CC*”"]
)
def test_what_is_turned_into_something_else_is_said(pasted):
    assert as_smiles(pasted).notes
    assert not as_smiles("*CC*").notes and not as_smiles(" [*]CC[*]\n").notes


@pytest.mark.parametrize("pasted, why", REFUSED.items())
def test_what_can_mean_two_things_is_refused(pasted, why):
    for read in (read_polymer, polymer_identity, recognise_form):
        with pytest.raises(PolymerError, match=re.escape(why)):
            read(pasted)


def test_a_mol_block_is_read_as_it_is_drawn():
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("*CC(*)c1ccccc1"))
    assert to_oligomer(block) == to_oligomer("*CC(*)c1ccccc1")
    assert "mol block" in as_smiles(block).notes[0]


def test_inchi_is_a_monomer():
    inchi = Chem.MolToInchi(Chem.MolFromSmiles("C=Cc1ccccc1"))
    assert as_smiles(inchi).text == "C=Cc1ccccc1"
    assert to_oligomer(inchi, mechanism="vinyl") == to_oligomer("C=Cc1ccccc1", mechanism="vinyl")


ATOMS = st.sampled_from(["C", "N", "O", "*", "c", "n", "[nH]", "[C@H]", "[C@@]", "[*:1]", "F", "Si", "[Si]", "S", "P", "B", "[O-]",
                         "[N+]", "[2H]", "Cl", "∗", "é", "\ud800", "\0", "{", "[$]", "$", "[R1]", "|", " ", "-", "[Na]"])  # fmt: skip
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
