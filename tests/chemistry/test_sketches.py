"""Structures for a drawing program: what it is given says what the text said, and what a drawing can't say is refused."""

from __future__ import annotations

import pytest
from rdkit import Chem

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.sketches import MOST_ATOMS, sketch
from polyid.errors import PolymerError


@pytest.mark.parametrize(
    "text",
    [
        "*CC(*)c1ccccc1",
        "polystyrene",
        "[1*]CC([2*])C(=O)OC",
        "[R1]CC[R2]",
        "{[$]CC(C)[$]}",
        "*O[C@@H](C)C(*)=O",
        "*C/C=C\\C*",
        "*c1cc[nH]c1*",
        "*CC(*)C[N+](C)(C)CC(=O)[O-]",
        "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
        "C=Cc1ccccc1",
    ],
)
def test_the_one_door_reads_from_a_drawing_what_it_read_from_the_text(text):
    assert polymer_identity(sketch(text)) == polymer_identity(text)


def test_a_drawing_is_flat_and_calls_attachment_points_by_their_star():
    block = sketch("*C[C@H](C)O*").splitlines()
    atoms = [line.split() for line in block[4 : 4 + int(block[3][:3])]]
    assert [symbol for *_, symbol in (atom[:4] for atom in atoms)].count("*") == 2
    places = {(x, y) for x, y, *_ in atoms}
    assert len(places) == len(atoms) and {atom[2] for atom in atoms} == {"0.0000"}
    assert Chem.MolFromMolBlock("\n".join(block)).GetNumAtoms() == 6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("C=Cc1ccccc1 : C=CC(=O)OC = 0.7 : 0.3 random", "fractions are written"),
        ("[1*]C1C([3*])C([4*])C1[2*]", "numbers its attachment points"),
        ("*CC(*", "not closed"),
        ("*" + "C" * 6000 + "*", "6,002 characters"),
        ("*" + "C" * MOST_ATOMS + "*", f"{MOST_ATOMS + 2} atoms"),
    ],
)
def test_what_a_drawing_cannot_say_is_refused_in_a_sentence(text, reason):
    with pytest.raises(PolymerError, match=reason):
        sketch(text)
