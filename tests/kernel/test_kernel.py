"""Kernel regression against fragments counted by hand, dense arithmetic, SciPy's distances and scikit-learn's own predictions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors, rdMolDescriptors
from safetensors.numpy import save
from scipy.spatial.distance import cdist, pdist
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR

from polyid.bundle.kernel_codec import kernel_from_file
from polyid.chemistry import composition as kernel
from polyid.chemistry.composition import polymer_fragments
from polyid.chemistry.oligomer import to_oligomer
from polyid.errors import BundleError, PolymerError
from polyid.kernel import similarity
from polyid.kernel.neighbourhood import neighbourhood
from polyid.kernel.regression import KernelMember, fit_member, members_from_arrays, members_to_arrays
from polyid.kernel.similarity import MOST_REFERENCES, ReferencePolymers, choose_references

UNITS = [
    "*CC*",
    "*CC(*)C",
    "*CC(*)c1ccccc1",
    "*CC(*)(C)C(=O)OC",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1",
    "*NCCCCCC(*)=O",
    "*CC(*)Cl",
    "*CCO*",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*CC(*)C(=O)OCCCC",
    "*[Si](C)(C)O*",
    "*CC(*)OC(C)=O",
    "*C(F)(F)C(*)(F)F",
    "*CC(*)C#N",
    "*c1ccc(S(=O)(=O)*)cc1",
    "*CC(*)N1CCCC1=O",
    "*CC(*)Br",
    "*OC1C(O)C(O)C(*)OC1CO",
]
OLIGOMERS = [to_oligomer(unit, 6) for unit in UNITS]
TACTIC = [to_oligomer("*CC(*)C", 10, pm=pm) for pm in (0.0, 0.5, 1.0)] + [to_oligomer("*OC(C)C(=O)*", 8, pm=0.5)]


@pytest.fixture(scope="module")
def fragments():
    return polymer_fragments(OLIGOMERS)


@pytest.fixture(scope="module")
def references(fragments):
    rng = np.random.default_rng(0)
    labels = rng.normal([50.0, 1.0], [80.0, 0.2], (len(UNITS), 2))
    labels[[1, 4, 8], 1] = np.nan
    return ReferencePolymers(fragments, labels)


def legacy_counts(smiles: str, kind: int) -> dict[int, float]:
    """Fragments per heavy atom by RDKit's older interface to Morgan fingerprints."""
    molecule = Chem.MolFromSmiles(smiles)
    with rdBase.BlockLogs():
        found = rdMolDescriptors.GetMorganFingerprint(molecule, 3 if kind == 1 else 2, useFeatures=kind == 2)
    shares = {key: count / molecule.GetNumHeavyAtoms() for key, count in found.GetNonzeroElements().items()}
    return {key: np.sqrt(share) for key, share in shares.items()} if kind == 0 else shares


def min_max(a: dict[int, float], b: dict[int, float]) -> float:
    every = a.keys() | b.keys()
    return sum(min(a.get(k, 0), b.get(k, 0)) for k in every) / sum(max(a.get(k, 0), b.get(k, 0)) for k in every)


def test_ethane_and_propane_by_hand():
    """Environments of ethane: a CH3 twice and the whole once; of propane: CH3 2, CH2 1, CH3-C 2 and the whole 1."""
    pair = polymer_fragments(["CC", "CCC"])
    root = np.sqrt(2 / 3) / (1 + np.sqrt(1 / 2) + np.sqrt(2 / 3) + 2 * np.sqrt(1 / 3))
    # Only the CH3 is common: min(2/2, 2/3) of 3/2 + 6/3 less that.
    plain = (2 / 3) / (3 / 2 + 6 / 3 - 2 / 3)
    # No atom has a pharmacophoric feature: all atoms are alike, and both have ends (1/2 and 2/3).
    features = (1 + 1 / 2) / (3 / 2 + 2 - 3 / 2)
    # Two polymers lie one median distance apart, whatever their composition.
    expected = (root + plain + features + np.exp(-1)) / 4
    found = ReferencePolymers(pair, np.zeros((2, 1))).similarity(pair)
    np.testing.assert_allclose(found, [[1, expected], [expected, 1]], rtol=1e-6)


def test_the_kernel_is_dense_arithmetic_on_rdkits_counts(references, fragments):
    others = [*TACTIC, to_oligomer("*CCS*", 5), "CCCCCCCCC(C)CC"]
    counts = [[legacy_counts(smiles, kind) for smiles in OLIGOMERS] for kind in range(3)]
    new = [[legacy_counts(smiles, kind) for smiles in others] for kind in range(3)]
    shared = [[[min_max(a, b) for b in counts[kind]] for a in new[kind]] for kind in range(3)]
    composition, others_composition = fragments.composition, polymer_fragments(others).composition
    centre, scale = composition.mean(0), composition.std(0)
    varied = scale > 1e-9
    a = np.clip((composition - centre)[:, varied] / scale[varied], -5, 5)
    b = np.clip((others_composition - centre)[:, varied] / scale[varied], -5, 5)
    assert 0 < varied.sum() < len(varied), "a descriptor without any variation has no say"
    gaussian = np.exp(-cdist(b, a, "sqeuclidean") / np.median(pdist(a, "sqeuclidean")))
    expected = (np.sum(shared, axis=0) + gaussian) / 4
    np.testing.assert_allclose(references.similarity(polymer_fragments(others)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("share", [0, 3, 10**6])
def test_common_fragments_and_rare_ones_are_compared_alike(fragments, references, monkeypatch, share):
    """By no rows, by those that a third of the references have, and by the rows of all fragments."""
    expected = references.similarities(fragments)
    monkeypatch.setattr(similarity, "_COMMON_SHARE", share)
    own = ReferencePolymers(references.fragments, references.labels)
    for name, values in own.similarities(fragments).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-12, atol=1e-12)


def test_composition_of_polyethylene_by_hand():
    smiles = to_oligomer("*CC*")
    assert smiles == "C" * 36
    found = polymer_fragments([smiles]).composition[0]
    molecule = Chem.MolFromSmiles(smiles)
    elements = len(kernel._COUNTED) + 1
    assert found[elements - 1] == 1.0, "all carbons are sp3"
    assert found[elements : elements + len(kernel._ELEMENTS)].tolist() == [1.0] + [0.0] * 8
    assert found[-3:].tolist() == [0.0, 0.0, 0.0], "no stereocentres"
    assert found[kernel._COUNTED.index(rdMolDescriptors.CalcNumRotatableBonds)] == pytest.approx(33 / 36)
    assert found[elements - 2] == pytest.approx(Descriptors.ExactMolWt(molecule) / 36)
    assert len(found) == kernel.DESCRIPTORS
    polystyrene = polymer_fragments([to_oligomer("*CC(*)c1ccccc1")]).composition[0]
    assert polystyrene[kernel._COUNTED.index(rdMolDescriptors.CalcNumAromaticRings)] == pytest.approx(1 / 8)
    assert polystyrene[elements - 1] == pytest.approx(2 / 8)


def test_the_kernel_is_symmetric_one_on_the_diagonal_and_positive_semidefinite():
    smiles = [*OLIGOMERS, *TACTIC, *(to_oligomer(unit, n) for unit in UNITS[:10] for n in (2, 3, 11))]
    fragments = polymer_fragments(smiles)
    gram = ReferencePolymers(fragments, np.zeros((len(smiles), 1))).similarity(fragments)
    assert gram.dtype == np.float32 and gram.min() >= 0 and gram.max() <= 1
    np.testing.assert_allclose(gram, gram.T, atol=1e-7)
    np.testing.assert_allclose(gram.diagonal(), 1, atol=1e-6)
    assert np.linalg.eigvalsh(gram.astype(float)).min() > -1e-5
    assert np.triu(gram, 1).max() < 1, "no two of these are the same"


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([*OLIGOMERS, *TACTIC]), st.integers(0, 10_000))
def test_the_order_of_atoms_does_not_matter(smiles, seed):
    """Nor, with that, where a chain's SMILES begins and which branch it follows first."""
    (shuffled,) = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)
    one, other = polymer_fragments([smiles]), polymer_fragments([shuffled])
    for a, b in zip((*one.keys, *one.counts), (*other.keys, *other.counts), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_allclose(one.composition, other.composition, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "spellings",
    [
        ["*CC(*)c1ccccc1", "*C(c1ccccc1)C*", "[*]CC([*])c1ccccc1", to_oligomer("*CC(*)c1ccccc1")],
        ["*CC*", "*CC[*:1]", "C" * 36],
        ["*CC(*)(C)C(=O)OC", "*C(C)(C(=O)OC)C*", to_oligomer("*CC(*)(C)C(=O)OC")],
    ],
)
def test_it_does_not_matter_how_a_polymer_was_written(references, spellings):
    rows = references.similarity(polymer_fragments([to_oligomer(text) for text in spellings]))
    np.testing.assert_allclose(rows, np.tile(rows[:1], (len(spellings), 1)), atol=1e-6)


def test_the_length_of_the_chain_hardly_matters_and_another_polymer_does(references):
    lengths = references.similarity(polymer_fragments([to_oligomer("*CC(*)OCC", n) for n in (18, 36)]))
    other = references.similarity(polymer_fragments([to_oligomer("*CC(*)Cl", 18)]))
    assert np.abs(lengths[0] - lengths[1]).max() < 0.05 < np.abs(lengths[0] - other).max()


def test_tacticity_is_told_apart_by_the_stereo_descriptors():
    forms = {pm: to_oligomer("*CC(*)C", 18, pm=pm) for pm in (0.0, 0.5, 1.0)}
    fragments = polymer_fragments(list(forms.values()))
    syndiotactic, atactic, isotactic = fragments.composition
    # 16 of 54 atoms are centres; the 15 dyads between them are all meso or racemic but the one in the middle,
    # where the longer way to an end of the chain changes sides and with it the label.
    for row in fragments.composition:
        assert row[-3] == pytest.approx(16 / 54)
    assert isotactic[-2] == pytest.approx(13 / 15) and syndiotactic[-2] == pytest.approx(-13 / 15)
    assert isotactic[-1] == syndiotactic[-1] == pytest.approx(math.log(14 / 15)), "as regular as each other"
    assert abs(atactic[-2]) < 0.5 and atactic[-1] < math.log(0.75)
    np.testing.assert_allclose(isotactic[:-2], atactic[:-2])
    assert all(np.array_equal(kind[0], kind[2]) for kind in fragments.keys), "fragments have no tacticity"
    gram = ReferencePolymers(fragments, np.zeros((3, 1))).similarity(fragments)
    assert gram[np.triu_indices(3, 1)].max() < 0.9


def test_dyads_of_chains_with_centres_in_side_groups_are_those_of_near_centres():
    """Along a comb, every backbone centre is nearest to the one of its own side group."""
    side = "[C@H](F)Cl"
    alike = f"CC(C{side})" + f"CC(C{side})" * 5 + "C"
    found = polymer_fragments([alike]).composition[0]
    labels = [label for _, label in Chem.FindMolChiralCenters(Chem.MolFromSmiles(alike), useLegacyImplementation=True)]
    assert len(labels) == 6 and len(set(labels)) == 1
    assert found[-2:].tolist() == [1.0, 0.0]


def test_the_regression_can_tell_tacticities_apart():
    """Melting points of made-up isotactic and atactic chains, the former 60 higher; then of a polymer left out."""
    units = ["*CC(*)C", "*CC(*)CC", "*CC(*)c1ccccc1", "*CC(*)OC", "*CC(*)Cl", "*CC(*)C#N", "*CC(*)C(=O)OC"]
    smiles = [to_oligomer(unit, 18, pm=pm) for unit in units for pm in (0.5, 1.0)]
    labels = np.array([150.0 + 10 * place + rise for place in range(len(units)) for rise in (0.0, 60.0)])[:, None]
    fragments = polymer_fragments(smiles)
    references = ReferencePolymers(fragments, labels)
    gram = references.similarity(fragments)
    learnt = np.diff(fit_member(references, gram, labels).predict(gram, references.descriptors).reshape(-1, 2))
    assert (learnt > 30).all() and (learnt < 61).all()
    rises = []
    for held in range(len(units)):
        targets = labels.copy()
        targets[2 * held : 2 * held + 2] = np.nan
        pair = slice(2 * held, 2 * held + 2)
        member = fit_member(references, gram, targets)
        atactic, isotactic = member.predict(gram[pair], references.descriptors[pair])[:, 0]
        rises.append(isotactic - atactic)
    assert min(rises) > 10 and 30 < np.mean(rises) < 75, "right in order, and the nearer the more alike the polymers"


def test_the_regression_is_the_mean_of_scikit_learns_two(references, fragments):
    gram = references.similarity(fragments)
    asked = polymer_fragments([*TACTIC, to_oligomer("*CCS*", 5)])
    new, described = references.similarity(asked), references.described(asked)
    targets = references.labels.copy()
    targets[[0, 7], 0] = np.nan
    member = fit_member(references, gram, targets)
    for p in range(2):
        train = np.isfinite(targets[:, p])
        y = targets[train, p]
        scaled = (y - np.median(y)) / y.std()
        square = gram[train][:, train].astype(float)
        predictions = [
            model.fit(square, scaled).predict(new[:, train].astype(float)) * y.std() + np.median(y)
            for model in (
                KernelRidge(alpha=0.01, kernel="precomputed"),
                SVR(kernel="precomputed", C=5.0, epsilon=0.02),
            )
        ]
        np.testing.assert_allclose(member.predict(new, described)[:, p], np.mean(predictions, axis=0), rtol=1e-4)
        np.testing.assert_array_equal(member.trained[:, p], train)
    np.testing.assert_array_equal(member.coefficients[[0, 7], 0], 0.0)
    np.testing.assert_array_equal(member.share, [0.5, 0.5])


def test_labels_that_are_unseen_have_no_say(references, fragments):
    gram = references.similarity(fragments)
    targets = references.labels.copy()
    targets[3] = np.nan
    known = references.labels[3].copy()
    try:
        references.labels[3] = 1e6
        changed = fit_member(references, gram, targets)
    finally:
        references.labels[3] = known
    np.testing.assert_array_equal(changed.coefficients, fit_member(references, gram, targets).coefficients)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([], 0.0), ([7.0], 7.0), ([7.0, 9.0], 8.0), ([0.1] * 3, 0.1), ([0.1] * 7, 0.1), ([-3.0] * 12, -3.0)],
)
def test_too_few_labels_or_all_the_same_give_their_median(references, fragments, labels, expected):
    targets = np.full((len(UNITS), 1), np.nan)
    targets[: len(labels), 0] = labels
    gram = references.similarity(fragments)
    member = fit_member(references, gram, targets)
    np.testing.assert_allclose(
        member.predict(gram, references.descriptors), np.full((len(UNITS), 1), expected), atol=1e-12
    )


def test_a_polymer_unlike_all_others_gets_the_offset(references, fragments):
    member = fit_member(references, references.similarity(fragments), references.labels)
    np.testing.assert_array_equal(
        member.predict(np.zeros((2, len(references))), np.zeros((2, kernel.DESCRIPTORS))), [member.offset] * 2
    )
    iodine = polymer_fragments(["II"])
    alone = references.similarity(iodine)
    assert alone.max() < 0.25, "without a common fragment the composition alone is compared"
    far = np.abs(member.predict(alone, references.described(iodine)) - member.offset)
    assert (far < 0.75 * np.nanstd(references.labels, axis=0)).all()


def test_what_is_no_smiles_is_refused():
    with pytest.raises(PolymerError, match="is not a SMILES"):
        polymer_fragments(["CC", "C(C"])


def test_arrays_hold_all_of_it(references, fragments):
    gram = references.similarity(fragments)
    members = [
        KernelMember(references, *(getattr(fit_member(references, gram, targets), name) for name in PARTS))
        for targets in (references.labels, np.where(np.arange(len(UNITS))[:, None] < 9, references.labels, np.nan))
    ]
    arrays = members_to_arrays(members)
    again = members_from_arrays({name: array.copy() for name, array in arrays.items()})
    new = polymer_fragments(TACTIC)
    similarity = again[0].references.similarity(new)
    described = again[0].references.described(new)
    np.testing.assert_array_equal(similarity, references.similarity(new))
    for one, other in zip(members, again, strict=True):
        np.testing.assert_array_equal(one.predict(similarity, described), other.predict(similarity, described))
        np.testing.assert_array_equal(one.trained, other.trained)
        np.testing.assert_array_equal(one.share, other.share)
    np.testing.assert_array_equal(again[1].references.labels, references.labels)
    rewritten = members_to_arrays(again)
    assert rewritten.keys() == arrays.keys()
    for name, array in arrays.items():
        assert rewritten[name].dtype == array.dtype
        np.testing.assert_array_equal(rewritten[name], array)


PARTS = ("coefficients", "offset", "share", "trend")
DAMAGE = {
    "a part is missing": lambda arrays: arrays.pop("centre"),
    "no coefficients": lambda arrays: arrays.pop("coefficients"),
    "no width": lambda arrays: arrays.update(width=np.zeros(0)),
    "fewer counts than fragments": lambda arrays: arrays.update(counts_1=arrays["counts_1"][:-1]),
    "more fragments than the lengths say": lambda arrays: arrays.update(
        keys_0=np.append(arrays["keys_0"], np.uint32(5)), counts_0=np.append(arrays["counts_0"], np.float32(1))
    ),
    "a negative length": lambda arrays: arrays.update(
        lengths_2=arrays["lengths_2"] + np.array([-500, 500] + [0] * (len(UNITS) - 2), np.int32)
    ),
    "labels of fewer polymers": lambda arrays: arrays.update(labels=arrays["labels"][:-1]),
    "a descriptor short": lambda arrays: arrays.update(composition=arrays["composition"][:, :-1]),
    "a centre of another number of descriptors": lambda arrays: arrays.update(centre=arrays["centre"][:-1]),
    "polymers too few": lambda arrays: arrays.update(composition=arrays["composition"][:-1]),
    "coefficients of fewer polymers": lambda arrays: arrays.update(coefficients=arrays["coefficients"][:, :-1]),
    "an offset short": lambda arrays: arrays.update(offset=arrays["offset"][:, :-1]),
    "shares of fewer members": lambda arrays: arrays.update(share=arrays["share"][:-1]),
    "a trend below zero": lambda arrays: arrays.update(trend=arrays["trend"] - 1.0),
    "trends of fewer members": lambda arrays: arrays.update(trend=arrays["trend"][:-1]),
    "one number instead of shares": lambda arrays: arrays.update(share=np.float64(0.5)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_arrays_are_refused(references, fragments, damage):
    member = fit_member(references, references.similarity(fragments), references.labels)
    arrays = {name: np.array(array) for name, array in members_to_arrays([member, member]).items()}
    damage(arrays)
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    with pytest.raises(BundleError, match=r"kernel.safetensors can't be used: .*download or train"):
        kernel_from_file(content, 2, references.labels.shape[1])


def test_the_neighbourhood_by_hand():
    similarity = np.array([[0.9, 0.1, 0.5, 0.2, 0.0, 0.4, 0.3, 0.8, 0.6, 0.7]], np.float32)
    labels = np.full((10, 4), np.nan)
    labels[:, 0] = np.arange(10.0)
    labels[[1, 2], 1] = [3.0, 5.0]
    labels[4, 2] = 8.0
    novelty, roughness = neighbourhood(similarity, labels)
    # The five nearest of all ten; both of two; the only one; none.
    np.testing.assert_allclose(novelty, [[1 - (0.9 + 0.8 + 0.7 + 0.6 + 0.5) / 5, 1 - 0.6 / 2, 1.0, 1.0]], rtol=1e-6)
    near = {0: 0.9, 7: 0.8, 9: 0.7, 8: 0.6, 2: 0.5, 5: 0.4, 6: 0.3, 3: 0.2}
    total = sum(s**4 for s in near.values())
    mean = sum(s**4 * value for value, s in near.items()) / total
    deviation = sum(s**4 * abs(value - mean) for value, s in near.items()) / total
    a, b = 0.1**4, 0.5**4
    two = (a * abs(3 - (3 * a + 5 * b) / (a + b)) + b * abs(5 - (3 * a + 5 * b) / (a + b))) / (a + b)
    np.testing.assert_allclose(roughness, [[deviation, two, 0.0, 0.0]], rtol=1e-5)


def test_the_neighbourhood_of_a_reference_is_its_own_value(references, fragments):
    novelty, roughness = neighbourhood(references.similarity(fragments), references.labels)
    assert (novelty > 0).all() and (novelty < 1).all()
    spread = np.nanstd(references.labels, axis=0)
    assert (roughness >= 0).all() and (roughness < 3 * spread).all()
    assert novelty[1, 1] > novelty[1, 0], "one that isn't measured itself is newer than one that is"


@pytest.mark.parametrize("most", [10, 40, 99])
def test_a_large_table_keeps_the_labels_of_rare_properties(most):
    rng = np.random.default_rng(1)
    targets = rng.normal(size=(100, 3))
    targets[rng.permutation(100)[3:], 1] = np.nan
    targets[rng.permutation(100)[30:], 2] = np.nan
    chosen = choose_references(targets, 5, most)
    assert len(chosen) == most and (np.diff(chosen) > 0).all() and 0 <= chosen[0] <= chosen[-1] < 100
    measured = np.isfinite(targets[chosen]).sum(axis=0)
    assert measured[1] == 3, "a property with three labels keeps them"
    assert measured[2] >= min(30, most // 3)
    np.testing.assert_array_equal(chosen, choose_references(targets, 5, most))
    assert not np.array_equal(chosen, choose_references(targets, 6, most))
    np.testing.assert_array_equal(choose_references(targets, 5, 100), np.arange(100))


def test_a_large_table_without_enough_labels_keeps_those_there_are():
    targets = np.full((50, 2), np.nan)
    targets[[3, 40], 0] = 1.0
    np.testing.assert_array_equal(choose_references(targets, 0, 10), [3, 40])
    assert MOST_REFERENCES == 3000
