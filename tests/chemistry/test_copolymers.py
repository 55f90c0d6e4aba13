"""Copolymers: their text, their units, and the chains that stand for them, against chains written out by hand."""

import contextlib
import itertools
import random
import time

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from polyid.chemistry.composition import polymer_fragments
from polyid.chemistry.copolymer_reading import head_first, read_copolymer, repeating_chains, weighted_chains
from polyid.chemistry.copolymer_text import copolymer_text
from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.fragments import KnownFragments, chain_fragments
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import read_polymer, to_oligomer
from polyid.errors import PolymerError

STYRENE, ACRYLATE, PROPYLENE = "*CC(*)c1ccccc1", "*CC(*)C(=O)OC", "*CC(*)C"
# The same units as pieces of text that make a chain when they are written one behind the other.
PIECES = {STYRENE: "CC(c1ccccc1)", ACRYLATE: "CC(C(=O)OC)", PROPYLENE: "CC(C)"}


def canonical(smiles):
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


def written_out(units):
    return canonical("".join(PIECES[unit] for unit in units))


def fragment_counts(smiles, radius=2):
    return GetMorganGenerator(radius=radius).GetSparseCountFingerprint(Chem.MolFromSmiles(smiles)).GetNonzeroElements()


def expected_counts(weighted):
    counts = {}
    for smiles, weight in weighted:
        for fragment, count in fragment_counts(smiles).items():
            counts[fragment] = counts.get(fragment, 0.0) + weight * count
    return counts


@pytest.mark.parametrize(
    ("text", "components", "shares", "architecture"),
    [
        ("A : B = 0.7 : 0.3 random", "A B", (0.7, 0.3), "random"),
        ("A : B = 70/30", "A B", (0.7, 0.3), None),
        ("A : B=7:3", "A B", (0.7, 0.3), None),
        ("A : B = 70 % : 30 % statistical copolymer", "A B", (0.7, 0.3), "random"),
        ("A : B = 70 : 30 mol% block", "A B", (0.7, 0.3), "block"),
        ("A : B = [0.7, 0.3]", "A B", (0.7, 0.3), None),
        ("A : B = 0,7 : 0,3 alt", "A B", (0.7, 0.3), "alternating"),
        ("A ∶ B ＝ 7 ∶ 3", "A B", (0.7, 0.3), None),
        ("A : B : A = 1 : 2 : 1 triblock", "A B A", (0.25, 0.5, 0.25), "block"),
        ("A : B", "A B", None, None),
        ("A : B, 30 units", "A B", None, None),
        ("poly(A-co-B) = 0.7 : 0.3", "poly(A) poly(B)", (0.7, 0.3), None),
        ("poly[(A)-alt-(B)]", "poly(A) poly(B)", None, "alternating"),
        ("poly(A-b-B) = 1:1", "poly(A) poly(B)", (0.5, 0.5), "block"),
        ("CC=C.C=C = 1:1", "CC=C C=C", (0.5, 0.5), None),
        ("CC=C.C=C alternating", "CC=C C=C", None, "alternating"),
    ],
)
def test_the_text_of_a_copolymer_is_taken_apart(text, components, shares, architecture):
    read = copolymer_text(text)
    assert read.components == tuple(components.split())
    assert read.shares == (None if shares is None else pytest.approx(shares))
    assert read.architecture == architecture


@pytest.mark.parametrize(
    "text",
    [
        "*CC*",
        "C=1CC=1",
        "C=C.CC=C",
        "*CC* polyethylene",
        "polystyrene",
        "*C:C*",
        "",
        None,
        3,
        "InChI=1S/CH4/h1H4",
        "PS b",
    ],
)
def test_what_is_no_copolymer_is_left_to_others(text):
    assert copolymer_text(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*CC* : *CC(*)C = 1", "2 components but 1 number"),
        ("*CC* : *CC(*)C = 1 : 2 : 3", "2 components but 3 numbers"),
        ("*CC* : *CC(*)C = 1 : -1", "negative"),
        ("*CC* : *CC(*)C = 0 : 0", "nothing but zeros"),
        ("*CC* : *CC(*)C = 60 % : 30 %", "add up to 90"),
        ("*CC* : *CC(*)C = x : y", "no number"),
        ("*CC* : *CC(*)C graft", "“graft” is not known here"),
        ("*CC* : *CC(*)C = 1 : 2 zigzag", "“zigzag” is not known here"),
        ("*CC* : *CC(*)C = 0.7 : 0.3 alternating", "equal amounts"),
        ("*CC* : = 1 : 1", "empty component"),
        ("*CC* : CCO = 1 : 1", "neither a repeat unit nor a monomer"),
        ("*CC* : polypropylenn = 1 : 1", "polypropylenn"),
        ("*CC* : *CC = 1 : 1", "one attachment point"),
        (" : ".join(["*CC*"] * 17), "17 components"),
        ("*CC* : *CC(*)C, 1000 units", "1000 units"),
    ],
)
def test_a_copolymer_that_cannot_be_read_is_refused_in_a_sentence(text, reason):
    with pytest.raises(PolymerError, match=reason):
        to_oligomer(text)


@pytest.mark.parametrize(
    "text",
    [
        "*CC* : *CC(*)C = " + "1 : " * 2_000,
        "*CC* : *CC(*)C = " + "1," * 4_000,
        "*CC* : *CC(*)C" + " " * 9_000 + "x",
        "*CC* : *CC(*)C" + "," * 9_000 + "x",
        "*CC* : *CC(*)C = 1 : 2 " + "a " * 4_000 + "1",
        "*CC* : " * 1_400 + "*CC*",
        "*CC* : *CC(*)C, " + "9" * 8_000 + " units",
        "poly(" + "a-co-" * 1_900 + ") = 1 : 2",
        " : ".join(f"*CC(*){'C' * n}" for n in range(60, 76)),
        "*CC* : *CC(*)C = 1e400 : nan",
    ],
)
def test_hostile_copolymers_are_answered_at_once(text):
    start = time.process_time()
    with contextlib.suppress(PolymerError):
        to_oligomer(text)
    assert time.process_time() - start < 2


def test_the_form_of_a_copolymer_is_told():
    assert recognise_form(f"{STYRENE} : {PROPYLENE} = 1 : 2") is PolymerForm.COPOLYMER
    with pytest.raises(PolymerError, match="CCX"):
        recognise_form("*CCX* : *CC*")


@pytest.mark.parametrize(
    "ways",
    [
        ["*CC(*)c1ccccc1", "*C(c1ccccc1)C*", "*C(C*)c1ccccc1"],
        ["*OC(C)C(=O)*", "*C(C)C(=O)O*", "*C(=O)C(C)O*", "*C(=O)OC(*)C"],
        ["*OCC*", "*CCO*", "*COC*"],
        ["*CC(C)=CC*", "*CC=C(C)C*", "*C(C)=CCC*"],
        ["*OCCOC(=O)c1ccc(cc1)C(=O)*", "*c1ccc(cc1)C(=O)OCCOC(=O)*", "*COC(=O)c1ccc(cc1)C(=O)OC*"],
        ["*[Si](C)(C)O*", "*O[Si](C)(C)*"],
        ["*NCCCCCC(=O)*", "*CCC(=O)NCCC*"],
        ["*O[C@@H](C)C(=O)*", "*C(=O)[C@H](C)O*"],
    ],
)
def test_a_unit_is_framed_the_same_however_it_is_written(ways):
    framed = {head_first(Chem.MolFromSmiles(way)) for way in ways}
    assert framed == {head_first(Chem.MolFromSmiles(ways[0]))}
    assert polymer_identity(framed.pop()) == polymer_identity(ways[0])


def test_units_join_as_their_monomers_do():
    # Glycolic and lactic acid make esters, whichever bond a unit was cut at: no peroxide, no diketone.
    for lactic in ("*OC(C)C(=O)*", "*C(C)C(=O)O*", "*C(=O)C(C)O*"):
        chains = weighted_chains(to_oligomer(f"{lactic} : *C(=O)CO* = 1 : 1"))
        assert not any(Chem.MolFromSmiles(chain).HasSubstructMatch(Chem.MolFromSmarts("OO")) for chain, _ in chains)
        assert chains == weighted_chains(to_oligomer("*OCC(=O)* : *OC(C)C(=O)* = 1 : 1"))
    # Vinyl units join head to tail: no two substituted carbons side by side.
    for chain, _ in weighted_chains(to_oligomer(f"*C(c1ccccc1)C* : {PROPYLENE}")):
        assert not Chem.MolFromSmiles(chain).HasSubstructMatch(Chem.MolFromSmarts("[CX4H1][CX4H1]"))


def test_monomers_and_names_are_components_too():
    asked = to_oligomer(f"{STYRENE} : {ACRYLATE} = 0.7 : 0.3")
    assert to_oligomer("C=Cc1ccccc1 : C=CC(=O)OC = 70 : 30") == asked
    assert to_oligomer("polystyrene : C=CC(=O)OC = 7 : 3 random") == asked
    assert to_oligomer("C=Cc1ccccc1.C=CC(=O)OC = 7 : 3") == asked
    assert to_oligomer("poly(styrene-co-methyl acrylate) = 7 : 3") == asked
    assert to_oligomer("styrene : methyl acrylate = 7 : 3") == asked
    assert "polystyrene" in "; ".join(read_copolymer("polystyrene : C=CC(=O)OC = 7 : 3").notes)


@pytest.mark.parametrize(
    "text",
    [
        f"{STYRENE}:{ACRYLATE}=0.7:0.3",
        "[*]CC([*])c1ccccc1:[*]CC([*])C(=O)OC=70:30",
        "C=Cc1ccccc1:C=CC(=O)OC=70:30",
        "polystyrene:poly(methyl acrylate)=7:3",
    ],
)
def test_a_copolymer_needs_no_blanks_where_its_ratio_or_its_attachment_points_tell_where_it_is_cut(text):
    assert to_oligomer(text) == to_oligomer(f"{STYRENE} : {ACRYLATE} = 0.7 : 0.3")
    assert to_oligomer(f"{STYRENE}:{ACRYLATE}") == to_oligomer(f"{STYRENE} : {ACRYLATE}")
    # An aromatic bond stays one.
    assert to_oligomer("*c1:c:c:c(*):c:c:1") == to_oligomer("*c1ccc(*)cc1")


@pytest.mark.parametrize(
    "text, units",
    [
        ("SBR = 25 : 75", "*CC(*)c1ccccc1 : *CC=CC* = 0.25 : 0.75"),
        ("SBR 25/75", "*CC(*)c1ccccc1 : *CC=CC* = 0.25 : 0.75"),
        ("PLGA (75:25)", "*OC(C)C(*)=O : *OCC(*)=O = 0.75 : 0.25"),
        ("P(VDF-TrFE) 70/30 random", "*CC(*)(F)F : *C(F)C(*)(F)F = 0.7 : 0.3"),
        ("EVA = 72 : 28 wt%", "*CC* : *CC(*)OC(C)=O = 72 : 28 wt%"),
        ("ABS = 25 : 15 : 60", "*CC(*)C#N : *CC=CC* : *CC(*)c1ccccc1 = 25 : 15 : 60"),
        ("nylon 6/66 = 40 : 60", "*NCCCCCC(*)=O : *NCCCCCCNC(=O)CCCCC(*)=O = 40 : 60"),
    ],
)
def test_a_named_copolymer_with_its_ratio_is_one_of_its_units(text, units):
    assert to_oligomer(text) == to_oligomer(units)
    assert "read as poly" in read_copolymer(text).notes[0] or "read as nylon" in read_copolymer(text).notes[0]


def test_monomers_that_grow_together_only_are_one_polymer():
    asked = to_oligomer("OCCO.O=C(O)c1ccc(C(=O)O)cc1")
    assert to_oligomer("OCCO : O=C(O)c1ccc(C(=O)O)cc1 = 50 : 50 alternating") == asked
    assert to_oligomer("OCCO : O=C(O)c1ccc(C(=O)O)cc1") == asked
    with pytest.raises(PolymerError, match="neither a repeat unit nor a monomer"):
        read_polymer("OCCO : O=C(O)c1ccc(C(=O)O)cc1 = 70 : 30")


def test_a_note_says_that_components_are_one_unit_only_where_they_are():
    added_up = "components of one unit added up, those of no share left out"
    # Three monomers make two units of a polyester.
    assert added_up not in read_copolymer("OCCO : O=C(O)c1ccc(C(=O)O)cc1 : O=C(O)c1cccc(C(=O)O)c1").notes
    assert added_up in read_copolymer(f"{STYRENE} : *C(c1ccccc1)C* : {PROPYLENE}").notes
    assert added_up in read_copolymer(f"{STYRENE} : {ACRYLATE} : {PROPYLENE} = 1 : 1 : 0").notes


def test_the_order_of_components_says_nothing_of_a_random_copolymer():
    there, back = (f"{STYRENE} : {PROPYLENE} = 2 : 1", f"{PROPYLENE} : {STYRENE} = 1 : 2")
    assert to_oligomer(there) == to_oligomer(back)
    assert weighted_chains(to_oligomer(there)) == weighted_chains(to_oligomer(back))


def test_its_one_text_is_read_as_itself():
    for text in (f"{STYRENE} : {PROPYLENE}", f"{STYRENE} : {PROPYLENE} : {ACRYLATE} = 1 : 1 : 1 block, 9 units"):
        form, asked = read_polymer(text)
        assert form is PolymerForm.COPOLYMER
        assert read_polymer(asked.key) == (form, asked)


def test_weight_percent_are_turned_into_fractions_of_amount():
    # Two ethylenes weigh what one butene does.
    by_weight = read_copolymer("*CC* : *CC(*)CC = 50 : 50 wt%").polymer
    assert dict(zip(by_weight.units, by_weight.fractions, strict=True)) == pytest.approx(
        {"*CC*": 2 / 3, "*CC(*)CC": 1 / 3}
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{STYRENE} : {STYRENE} = 1 : 2 random",
        f"{STYRENE} : {PROPYLENE} = 1 : 0",
        f"{PROPYLENE} : {STYRENE} = 0 % : 100 % block",
        f"*C(c1ccccc1)C* : {STYRENE}",
    ],
)
def test_one_unit_alone_is_the_homopolymer(text):
    assert read_polymer(text) == read_polymer(STYRENE)
    assert polymer_identity(text) == polymer_identity(STYRENE)


def test_a_multiple_of_a_unit_counts_as_often_as_it_holds_it():
    assert to_oligomer("*CCCC* : *CC(*)C = 1 : 2") == to_oligomer("*CC* : *CC(*)C = 1 : 1")
    assert to_oligomer("*CCCC* : *CC(*)C = 50 : 50 wt%") == to_oligomer("*CC* : *CC(*)C = 50 : 50 wt%")
    assert to_oligomer("*CCCC* : *CC(*)C alternating") == to_oligomer("*CCCCCC(*)C")
    # Polysilanes: chains of as many backbone atoms as their homopolymers have.
    for chain, _ in weighted_chains(to_oligomer("*[Si](*)(C)C : *[Si](*)(C)CC = 1 : 1")):
        assert sum(atom.GetSymbol() == "Si" for atom in Chem.MolFromSmiles(chain).GetAtoms()) == 36


def test_alternating_units_are_one_repeat_unit():
    unit = "*CC(c1ccccc1)CC(*)C(=O)OC"
    assert to_oligomer(f"{STYRENE} : {ACRYLATE} alternating") == to_oligomer(unit)
    assert to_oligomer(f"{ACRYLATE} : {STYRENE} = 50 : 50 alternating") == to_oligomer(unit)


def test_copolymers_of_the_same_units_share_a_key():
    keys = {
        polymer_identity(text)
        for text in (
            f"{STYRENE} : {ACRYLATE} = 0.7 : 0.3",
            f"{ACRYLATE} : {STYRENE} = 0.1 : 0.9 block",
            f"{ACRYLATE} : {STYRENE} alternating",
            "C=CC(=O)OC.C=Cc1ccccc1 = 1:1",
        )
    }
    assert len(keys) == 1
    assert polymer_identity(keys.copy().pop()) in keys
    assert keys != {polymer_identity(f"{STYRENE} : {PROPYLENE}")}


def test_the_chains_have_the_expected_counts_of_all_sequences():
    units, fractions, length = (STYRENE, ACRYLATE), (0.6, 0.4), 8
    every = [
        (written_out([units[i] for i in sequence]), float(np.prod([fractions[i] for i in sequence])))
        for sequence in itertools.product((0, 1), repeat=length)
    ]
    exact = expected_counts(every)
    found = expected_counts(weighted_chains(to_oligomer(f"{STYRENE} : {ACRYLATE} = 0.6 : 0.4, {length} units")))
    assert found == pytest.approx(exact)


def test_the_chains_agree_with_many_drawn_by_chance():
    rng, n = random.Random(1), 200
    drawn = []
    for _ in range(n):
        drawn.append(fragment_counts(written_out(rng.choices((STYRENE, ACRYLATE, PROPYLENE), (5, 3, 2), k=18))))
    asked = to_oligomer(f"{STYRENE} : {ACRYLATE} : {PROPYLENE} = 5 : 3 : 2")
    expected = expected_counts(weighted_chains(asked))
    for fragment in set(expected).union(*drawn):
        counts = np.array([each.get(fragment, 0) for each in drawn])
        error = max(counts.std() / np.sqrt(n), 3 / n)
        assert abs(counts.mean() - expected.get(fragment, 0.0)) < 5 * error


def test_fragments_and_composition_are_smooth_and_end_at_the_homopolymers():
    shares = (1.0, 1 - 1e-6, 0.7, 0.7 + 1e-6, 1e-6, 0.0)
    read = polymer_fragments([to_oligomer(f"{STYRENE} : {ACRYLATE} = {x} : {1 - x}") for x in shares])
    for left, right in ((0, 1), (2, 3), (4, 5)):
        np.testing.assert_allclose(read.composition[left], read.composition[right], atol=1e-4)
        for keys, counts in zip(read.keys, read.counts, strict=True):
            pair = [dict(zip(keys[i].tolist(), counts[i].tolist(), strict=True)) for i in (left, right)]
            # The first kind is counted by square roots.
            assert max(abs(pair[0].get(k, 0) - pair[1].get(k, 0)) for k in {*pair[0], *pair[1]}) < 2e-3
    homopolymers = polymer_fragments([to_oligomer(STYRENE), to_oligomer(ACRYLATE)])
    np.testing.assert_array_equal(read.composition[[0, -1]], homopolymers.composition)


def test_composition_is_that_of_the_units():
    mixed = polymer_fragments([to_oligomer(f"{STYRENE} : {ACRYLATE} = 1 : 1")]).composition[0]
    every = [Chem.MolFromSmiles(written_out(order)) for order in ([STYRENE, ACRYLATE] * 9, [ACRYLATE, STYRENE] * 9)]
    heavy = sum(molecule.GetNumHeavyAtoms() for molecule in every)
    carbons = [sum(atom.GetSymbol() == "C" for atom in molecule.GetAtoms()) for molecule in every]
    saturated = [
        sum(str(atom.GetHybridization()) == "SP3" and atom.GetSymbol() == "C" for atom in m.GetAtoms()) for m in every
    ]
    assert mixed[15] == pytest.approx(sum(saturated) / sum(carbons))
    assert mixed[16] == pytest.approx(sum(carbons) / heavy)


def test_blocks_follow_each_other_and_both_ends_are_alike():
    chains = dict(weighted_chains(to_oligomer(f"{STYRENE} : {PROPYLENE} = 1 : 2 block, 9 units")))
    there, back = [STYRENE] * 3 + [PROPYLENE] * 6, [PROPYLENE] * 6 + [STYRENE] * 3
    assert chains == pytest.approx({written_out(there): 0.5, written_out(back): 0.5})
    # A block that ends within a unit is the mean of the two chains around.
    chains = weighted_chains(to_oligomer(f"{STYRENE} : {PROPYLENE} = 3.25 : 5.75 block, 9 units"))
    longer = {written_out([STYRENE] * 4 + [PROPYLENE] * 5), written_out([PROPYLENE] * 5 + [STYRENE] * 4)}
    assert sum(weight for chain, weight in chains if chain in longer) == pytest.approx(0.25)
    assert len(chains) == 4


def test_the_domain_looks_at_what_is_common():
    known = KnownFragments(np.array(sorted(chain_fragments(to_oligomer(STYRENE)))), frozenset("C"))
    text = to_oligomer(f"{STYRENE} : {ACRYLATE} = 1 : 1")
    (unseen,) = known.unseen([text])
    assert unseen.elements == ["O"] and unseen.fragments > 5 and len(unseen.named) == 2
    # Units that alternate and those that repeat both occur; the ends of chains don't.
    both = {written_out([STYRENE, STYRENE, ACRYLATE] * 6), written_out([ACRYLATE] * 18)}
    assert both < set(repeating_chains(text))
    assert set(chain_fragments(to_oligomer(ACRYLATE))) < set(chain_fragments(text))
    # One unit in a thousand is too rare to be looked at.
    assert known.unseen([to_oligomer(f"{STYRENE} : {ACRYLATE} = 999 : 1")])[0].fragments == 0
