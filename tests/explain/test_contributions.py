"""Contributions against predictions, against whole graphs, and against what symmetry and a chemist's cut of the chain say."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from helpers.random_predictors import MONOMERS, PROPERTIES, UNITS, UNITS_OF_POLYMERS, predictor_of
from helpers.spellings import renumbered
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.chemistry.repetition import repeats
from polyid.errors import PolymerError
from polyid.explain.contributions import Contributions, contributions
from polyid.explain.copies import find_repeats
from polyid.explain.drawing import LOWERING, RAISING, draw_contributions
from polyid.explain.shares import weighted_bond_shares
from polyid.graphs.batch import pack
from polyid.graphs.refinement import compress
from polyid.nn.network import MessagePassingNetwork

COMPILED = True

COPOLYMERS = [
    "*CC(*)c1ccccc1 : *CC(*)C(=O)OC = 7 : 3, 6 units",
    "*OC(C)C(=O)* : *OCC(=O)* = 1 : 2 block, 6 units",
]


@pytest.fixture(scope="module")
def predictor():
    return predictor_of("stereo", explicit_hs=False)


@pytest.fixture(scope="module")
def predictor_with_hydrogens():
    return predictor_of("v1", explicit_hs=True)


def explain(predictor, smiles, **options):
    return contributions(predictor, smiles, PROPERTIES, UNITS, **options)


def unit_by_canonical_atom(found):
    """Contributions of the unit's atoms by symmetry class, whatever the order of the atoms."""
    ranks = Chem.CanonicalRankAtoms(Chem.MolFromSmiles(found.repeat_unit), breakTies=False)
    return sorted(zip(ranks, found.atoms.tolist(), strict=True))


def test_fingerprints_and_bond_values_read_out_to_the_predictions(predictor):
    smiles = [to_oligomer(text) for text in UNITS_OF_POLYMERS]
    answers = predictor.answers(smiles, fingerprints=True)
    predictions, fingerprints = answers.members, answers.fingerprints
    np.testing.assert_array_equal(predictions, predictor.predict(smiles))
    np.testing.assert_array_equal(fingerprints, predictor.fingerprints(smiles))
    assert fingerprints.shape == (3, len(smiles), 16) and fingerprints.dtype == np.float32
    for m, member in enumerate(predictor.members):
        weights = member.weights
        scaled = fingerprints[m] @ weights["readout/values/bond_kernel"] + weights["readout/values/bias"]
        np.testing.assert_allclose(member.scaler.inverse_transform(scaled), predictions[m], rtol=1e-4, atol=1e-4)
    for i, text in enumerate(smiles):
        values = predictor.bond_values(text)
        np.testing.assert_allclose(values.values[:, values.bond_class].mean(axis=1), predictions[:, i], rtol=1e-5)
    # One polymer among many, in chunks, or alone: the same fingerprint.
    np.testing.assert_allclose(predictor.fingerprints(smiles[3:4])[:, 0], fingerprints[:, 3], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("smiles", UNITS_OF_POLYMERS + MONOMERS + COPOLYMERS)
@pytest.mark.parametrize("hydrogens", [False, True])
def test_sums_are_the_predictions(smiles, hydrogens, predictor, predictor_with_hydrogens):
    chosen = predictor_with_hydrogens if hydrogens else predictor
    oligomer = to_oligomer(smiles)
    expected = chosen.predict([oligomer])[:, 0].mean(axis=0)
    for text in (smiles, oligomer):
        found = explain(chosen, text)
        assert list(found) == PROPERTIES
        for p, (name, one) in enumerate(found.items()):
            assert (one.property, one.unit) == (name, UNITS[name])
            by_hand = one.centre + sum(one.atoms) + one.end_groups + one.other
            assert by_hand == pytest.approx(expected[p], rel=1e-5, abs=1e-5 * abs(one.centre))
            assert one.total == pytest.approx(by_hand, rel=1e-12)
            assert one.atoms.shape == (Chem.MolFromSmiles(one.repeat_unit).GetNumAtoms(),)
            if not hydrogens:
                # Without hydrogens the bonds hold all that the atoms hold.
                assert one.bonds.sum() == pytest.approx(one.atoms.sum(), rel=1e-6, abs=1e-6 * abs(one.centre))


@pytest.mark.parametrize("smiles", [*UNITS_OF_POLYMERS[:6], MONOMERS[1]])
@pytest.mark.parametrize("hydrogens", [False, True])
def test_agrees_with_the_whole_graph(smiles, hydrogens, predictor, predictor_with_hydrogens):
    """Every bond on its own, read out with the weights by hand: no compression, no classes, no scaler of scikit-learn."""
    chosen = predictor_with_hydrogens if hydrogens else predictor
    oligomer = to_oligomer(smiles, 6)
    expected = {}
    for member in chosen.members:
        graph = member.preprocessor.molecular_graph(oligomer)
        whole = compress(graph, member.config.num_messages, identity=True)
        network = MessagePassingNetwork(member.config)
        network.set_member_weights([member.weights])
        states = np.array(network.bond_states(pack([[whole]], [[member.preprocessor.tokenise(whole)]])))[0]
        kernel, bias = member.weights["readout/values/bond_kernel"], member.weights["readout/values/bias"]
        for (i, j), state in zip(graph.connectivity.tolist(), states, strict=True):
            share = (state @ kernel + bias[0]) * member.scaler.scale_ / len(states) / len(chosen.members)
            expected[min(i, j), max(i, j)] = expected.get((min(i, j), max(i, j)), 0.0) + share
    ends, shares, _, centre = weighted_bond_shares(chosen.bond_values(oligomer))
    assert {tuple(e) for e in ends.tolist()} == set(expected)
    scale = np.abs(shares).max(axis=0)
    for (i, j), share in zip(ends.tolist(), shares, strict=True):
        assert np.all(np.abs(share - expected[i, j]) < 1e-4 * scale)
    np.testing.assert_allclose(centre, np.mean([m.scaler.center_ for m in chosen.members], axis=0))


def test_units_of_a_copolymer_are_drawn_side_by_side(predictor):
    text = "*CC(*)c1ccccc1 : *CC(*)C = {} : {}"
    found = {share: explain(predictor, text.format(share, 1 - share))["Glass_Transition"] for share in (0.999999, 0.5)}
    assert {one.repeat_unit for one in found.values()} == {"*CC(*)C.*CC(*)c1ccccc1"}
    alone = explain(predictor, "*CC(*)c1ccccc1")["Glass_Transition"]
    drawn = Chem.MolFromSmiles(found[0.5].repeat_unit)
    phenyl = [drawn.GetAtomWithIdx(i).GetIsAromatic() for i in range(drawn.GetNumAtoms())]
    of_unit = Chem.MolFromSmiles(alone.repeat_unit)
    expected = sum(share for atom, share in zip(of_unit.GetAtoms(), alone.atoms, strict=True) if atom.GetIsAromatic())
    # Where there is hardly anything else, the parts add what they add to the homopolymer; each atom its own amount.
    assert found[0.999999].atoms[phenyl].sum() == pytest.approx(expected, rel=1e-3)
    assert np.abs(found[0.999999].atoms[:5]).max() < 1e-3 * np.abs(alone.atoms).max()
    assert found[0.5].atom_weights.sum() + 0.0 == pytest.approx(1.0)
    # Half of the units, counted by hand: bonds of C9H10 with halves across, of 3 and 8 heavy atoms.
    heavy_bonds = {"C": 3.0, "c": 9.0}
    share = found[0.5].atom_weights[5:].sum()
    assert share == pytest.approx(heavy_bonds["c"] / sum(heavy_bonds.values()), abs=0.01)


def test_writing_the_smiles_otherwise_changes_nothing(predictor):
    for smiles in UNITS_OF_POLYMERS:
        expected = explain(predictor, smiles)["Glass_Transition"]
        for seed in range(4):
            found = explain(predictor, renumbered(smiles, random.Random(seed)))["Glass_Transition"]
            assert found.repeat_unit == expected.repeat_unit
            np.testing.assert_allclose(found.atoms, expected.atoms, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(found.bonds, expected.bonds, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("monomers", "unit"), [("C=C", "*CC*"), ("C=Cc1ccccc1.C=Cc1ccccc1", "*CC(*)c1ccccc1")])
def test_monomers_are_explained_as_the_unit_that_they_make(monomers, unit, predictor):
    found, expected = (explain(predictor, text)["Glass_Transition"] for text in (monomers, unit))
    assert (found.repeat_unit, found.copies) == (expected.repeat_unit, expected.copies)
    np.testing.assert_array_equal(found.atoms, expected.atoms)
    np.testing.assert_array_equal(found.bonds, expected.bonds)


@pytest.mark.parametrize("smiles", [u for u in UNITS_OF_POLYMERS if "/" not in u])
def test_units_found_in_an_oligomer_are_those_it_was_made_of(smiles, predictor):
    """The chain cut where the search cuts, or where the user did: each atom's contribution is the same."""
    given_unit = explain(predictor, smiles)["Glass_Transition"]
    found = explain(predictor, to_oligomer(smiles))["Glass_Transition"]
    # Polyethylene is built of C2H4, but in its chain CH2 repeats.
    polyethylene = smiles in ("*C*", "*CC*")
    assert Chem.CanonSmiles(found.repeat_unit) == Chem.CanonSmiles("*C*" if polyethylene else smiles)
    assert found.copies == (36 if polyethylene else 18) and found.end_groups == 0
    if not polyethylene:
        np.testing.assert_allclose(
            [v for _, v in unit_by_canonical_atom(found)],
            [v for _, v in unit_by_canonical_atom(given_unit)],
            rtol=1e-4,
            atol=1e-4,
        )


def test_units_of_monomers_are_their_residues(predictor):
    def units(smiles):
        return set(explain(predictor, smiles)["Density"].repeat_unit.split("."))

    assert units("OCCO.O=C(O)c1ccc(C(=O)O)cc1") == {"*OCCOC(=O)c1ccc(C(*)=O)cc1"}
    (unit,) = units("OCC(C)O.O=C(O)CCCCC(=O)O")
    assert polymer_identity(unit) == polymer_identity("*OCC(C)OC(=O)CCCCC(*)=O")
    assert units("C=Cc1ccccc1.C=C(C)C(=O)OC") == {"*CC(*)c1ccccc1", "*CC(*)(C)C(=O)OC"}


def test_every_atom_of_a_chain_is_a_copy_of_one_like_it():
    for smiles in UNITS_OF_POLYMERS + MONOMERS:
        oligomer = to_oligomer(smiles)
        chain = Chem.MolFromSmiles(oligomer)
        for known in (smiles if "*" in smiles else None, None):
            repeats = find_repeats(oligomer, known)
            unit = Chem.MolFromSmiles(repeats.smiles)
            stars = [a.GetIdx() for a in unit.GetAtoms() if a.GetAtomicNum() == 0]
            inner = 0
            for atom, image in zip(chain.GetAtoms(), repeats.atom, strict=True):
                if image < 0:
                    continue
                like = unit.GetAtomWithIdx(int(image))
                assert (atom.GetSymbol(), atom.GetIsAromatic()) == (like.GetSymbol(), like.GetIsAromatic())
                inner += atom.GetTotalNumHs() == like.GetTotalNumHs()
            assert inner >= len(repeats.atom) * 0.85
            # Every copy has every atom of its unit once.
            for k in range(repeats.copies):
                own = repeats.atom[repeats.copy == k]
                assert len(own) and len(set(own.tolist())) == len(own)
            if len(stars) == 2:
                assert np.all(np.bincount(repeats.atom[repeats.atom >= 0])[own] == repeats.copies)
            # Bonds within a copy are bonds of the unit; bonds that leave it have an attachment point.
            for bond in chain.GetBonds():
                i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
                if repeats.copy[i] == repeats.copy[j] >= 0:
                    assert unit.GetBondBetweenAtoms(int(repeats.atom[i]), int(repeats.atom[j])) is not None
                elif repeats.copy[i] >= 0:
                    assert repeats.links[i, j] in stars
                    assert unit.GetBondBetweenAtoms(int(repeats.atom[i]), repeats.links[i, j]) is not None


def test_symmetric_atoms_get_equal_values(predictor):
    found = explain(predictor, "*OCCOC(=O)c1ccc(C(*)=O)cc1")["Glass_Transition"]
    unit = Chem.MolFromSmiles(found.repeat_unit)

    def values(smarts):
        return [found.atoms[list(match)] for match in unit.GetSubstructMatches(Chem.MolFromSmarts(smarts))]

    # In the endless chain the terephthalate and the glycol are symmetric, although the unit is cut between them.
    for smarts in ("[OX2]", "[CH2]", "[CX3]=O", "[cH]", "c-C"):
        matches = values(smarts)
        assert len(matches) >= 2
        for other in matches[1:]:
            np.testing.assert_allclose(other, matches[0], rtol=1e-12)
    assert abs(values("[OX2]")[0][0] - values("[CH2]")[0][0]) > 1e-6
    # The bond between two units, in halves at both ends, is an ester bond like the one drawn whole.
    ends = [b.GetIdx() for a in unit.GetAtoms() if a.GetAtomicNum() == 0 for b in a.GetBonds()]
    ester = unit.GetBondBetweenAtoms(*unit.GetSubstructMatch(Chem.MolFromSmarts("[OX2;!$(O[#0])]C(=O)"))[:2])
    assert found.bonds[ends].sum() == pytest.approx(found.bonds[ester.GetIdx()], rel=1e-9)


def test_another_reference_leaves_the_prediction_and_stacking_scales_it(predictor):
    for one in explain(predictor, MONOMERS[0]).values():
        about = one.about(one.total)
        assert about.total == pytest.approx(one.total, rel=1e-9)
        assert about.atoms.sum() + about.end_groups == pytest.approx(0.0, abs=1e-9 * max(1.0, abs(one.total)))
        np.testing.assert_allclose(about.about(one.centre).atoms, one.atoms, rtol=1e-7, atol=1e-9)
        stacked = one.weighted(0.6, 12.5)
        assert stacked.total == pytest.approx(0.6 * one.total + 12.5, rel=1e-9)
        assert stacked.about(3.0).total == pytest.approx(stacked.total, rel=1e-9)


def test_weights_are_shares_of_the_bonds(predictor):
    found = explain(predictor, "*CC(*)c1ccccc1")["Density"]
    # Without hydrogens a unit of polystyrene has nine bonds to eight atoms, one of them to the next unit.
    unit = Chem.MolFromSmiles(found.repeat_unit)
    degree = np.array([a.GetDegree() if a.GetAtomicNum() else 0 for a in unit.GetAtoms()])
    assert found.atom_weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found.atom_weights, degree / degree.sum(), atol=0.006)


def test_a_molecule_that_does_not_repeat_is_refused_and_is_a_unit_of_its_own(predictor):
    smiles = Chem.CanonSmiles("CCOC(=O)c1ccc(NC(=O)C(F)(F)CO)cc1Cl")
    with pytest.raises(PolymerError, match="nothing repeats"):
        explain(predictor, smiles)
    repeats = find_repeats(smiles)
    assert repeats.smiles == smiles and repeats.copies == 1


def test_tacticity_is_explained_as_it_is_predicted(predictor):
    for pm in (0.0, 0.5, 1.0):
        expected = predictor.predict([to_oligomer("*CC(*)c1ccccc1", pm=pm, seed=4)])[:, 0].mean(axis=0)
        found = explain(predictor, "*CC(*)c1ccccc1", pm=pm, chain=ChainSettings(seed=4))
        assert found["Glass_Transition"].total == pytest.approx(expected[0], rel=1e-5)
        assert found["Glass_Transition"].copies == 18


FRAGMENTS = ["C", "O", "N", "C(C)", "C(=O)O", "c1ccc(cc1)", "C(F)(F)", "[Si](C)(C)", "C=C", "S(=O)(=O)", "C(c1ccccc1)", "C1CCC(CC1)"]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    parts=st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5),
    degree=st.integers(2, 9),
    as_oligomer=st.booleans(),
)
def test_random_polymers_add_up(parts, degree, as_oligomer, predictor):
    unit = "*" + "".join(parts) + "*"
    oligomer = to_oligomer(unit, degree)
    expected = predictor.predict([oligomer])[:, 0].mean(axis=0)
    # Small molecules, and short chains that hardly repeat, are no oligomers.
    molecule = Chem.MolFromSmiles(oligomer)
    as_oligomer = as_oligomer and molecule.GetNumHeavyAtoms() > 40 and repeats(molecule)
    found = explain(predictor, oligomer if as_oligomer else unit, chain=ChainSettings(degree))
    for p, one in enumerate(found.values()):
        assert one.total == pytest.approx(expected[p], rel=1e-5, abs=1e-5 * abs(one.centre))
        assert one.bonds.sum() == pytest.approx(one.atoms.sum(), rel=1e-6, abs=1e-6 * abs(one.centre))
        stars = [a.GetIdx() for a in Chem.MolFromSmiles(one.repeat_unit).GetAtoms() if a.GetAtomicNum() == 0]
        assert np.all(one.atoms[stars] == 0)
        assert one.atom_weights.min() >= 0 and one.atom_weights.sum() <= 1 + 1e-9
        if not as_oligomer:
            assert one.copies == degree and one.end_groups == 0


def test_drawing_shows_each_atom_in_its_colour(predictor):
    found = explain(predictor, "*OCCOC(=O)c1ccc(C(*)=O)cc1")["Glass_Transition"]
    about = found.about(found.total)
    assert about.atoms.min() < 0 < about.atoms.max()
    svg = draw_contributions(about, (300, 200))
    root = ElementTree.fromstring(svg)
    ns = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{ns}svg" and (root.get("width"), root.get("height")) == ("300px", "200px")
    gradients = {g.get("id"): g[0].get("stop-color") for g in root.iter(f"{ns}radialGradient")}
    assert sorted(gradients.values()) == sorted([RAISING, LOWERING])
    circles = list(root.iter(f"{ns}circle"))
    values = [v for a, v in zip(Chem.MolFromSmiles(found.repeat_unit).GetAtoms(), about.atoms, strict=True) if a.GetAtomicNum()]  # fmt: skip
    assert len(circles) == len(values) == 14
    for circle, value in zip(circles, values, strict=True):
        colour = gradients[circle.get("fill").removeprefix("url(#").removesuffix(")")]
        assert colour == (RAISING if value > 0 else LOWERING)
        assert float(circle.get("fill-opacity")) == pytest.approx(abs(value) / np.abs(values).max(), abs=1e-3)
        assert circle[0].text.endswith(" °C") and f"{value:+.3g}" in circle[0].text
    # Two drawings on one page don't share names, and one scale can be set for several.
    other = draw_contributions(found, (300, 200))
    assert not set(gradients) & {g.get("id") for g in ElementTree.fromstring(other).iter(f"{ns}radialGradient")}
    pale = ElementTree.fromstring(draw_contributions(about, limit=10 * np.abs(values).max()))
    assert max(float(c.get("fill-opacity")) for c in pale.iter(f"{ns}circle")) == pytest.approx(0.1, abs=1e-3)


def test_rounding_is_not_painted(predictor):
    found = explain(predictor, "*CC*")["Glass_Transition"]
    svg = draw_contributions(found.about(found.total))
    circles = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}circle")
    assert max(float(c.get("fill-opacity")) for c in circles) < 0.05


def test_drawing_needs_no_matplotlib():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; sys.modules['matplotlib'] = None\n"
        "from polyid.explain.contributions import Contributions; from polyid.explain.drawing import draw_contributions\n"
        "c = Contributions('Density', None, 1.0, '*CC*', 18, np.zeros(4), np.zeros(3), 0.0, np.ones(4), np.ones(3))\n"
        "assert draw_contributions(c).startswith('<svg')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_unit_from_a_model_is_text_in_the_drawing():
    evil, nothing = "</title><script>alert(1)</script>", np.zeros(1)
    atoms = np.array([0.0, 1.0, -1.0, 0.0])
    contributions = Contributions(evil, evil, 1.0, "*CC*", 1, atoms, nothing, 0.0, nothing, nothing)
    tags = {
        element.tag.rpartition("}")[2] for element in ElementTree.fromstring(draw_contributions(contributions)).iter()
    }
    assert "title" in tags and "script" not in tags


def test_a_large_unit_is_named_instead_of_drawn():
    atoms, nothing = np.zeros(4_000), np.zeros(1)
    contributions = Contributions("Tg", None, 1.0, f"*{'C' * 3_998}*", 1, atoms, nothing, 0.0, nothing, nothing)
    assert "4,000 atoms: too large to draw" in draw_contributions(contributions)
