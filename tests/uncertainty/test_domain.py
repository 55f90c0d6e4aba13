"""The domain of validity against RDKit's fragments counted by hand, scikit-learn's neighbours, and risks known beforehand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.random_predictors import MONOMERS, predictor_of
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from safetensors.numpy import load
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from polyid.bundle.domain_codec import domain_from_files, domain_to_files
from polyid.chemistry.fragments import chain_fragments
from polyid.chemistry.oligomer import to_oligomer
from polyid.errors import BundleError, DataError, PolymerError
from polyid.uncertainty.domain import fitting
from polyid.uncertainty.domain.fitting import fit_domain
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

UNITS = [
    "*CC(*)c1ccccc1",
    "*CC(*)(C)C(=O)OC",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1",
    "*NCCCCCC(*)=O",
    "*CC*",
    "*CC(*)C",
    "*CC(*)Cl",
    "*CCO*",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*CC(*)C(=O)OCCCC",
]
OLIGOMERS = [to_oligomer(unit) for unit in UNITS]


def morgan(smiles: str) -> set[int]:
    """Every fragment of a molecule by its environments, atom by atom."""
    found = rdFingerprintGenerator.AdditionalOutput()
    found.AllocateBitInfoMap()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    generator.GetSparseFingerprint(Chem.MolFromSmiles(smiles), additionalOutput=found)
    return set(found.GetBitInfoMap())


def synthetic(polymers: int, members: int = 3, features: int = 8, folds: int = 3, seed: int = 0):
    """Fingerprints of polymers in clusters of unequal width, and folds of which each member held out one."""
    rng = np.random.default_rng(seed)
    spread = rng.lognormal(0.0, 0.7, polymers)
    base = (
        rng.normal(size=(4, features))[rng.integers(0, 4, polymers)] * 3
        + rng.normal(size=(polymers, features)) * (spread[:, None])
    )
    states = np.stack(
        [base @ rng.normal(size=(features, features)) + rng.normal(size=features) for _ in range(members)]
    )
    fold = rng.integers(0, folds, polymers)
    trained = np.stack([fold != m % folds for m in range(members)])
    return states.astype(np.float32), trained, fold


def keys(polymers: int) -> dict:
    """Oligomers of ten structures under a key of its own for each polymer."""
    return {
        "oligomers": [OLIGOMERS[i % len(OLIGOMERS)] for i in range(polymers)],
        "polymers": [f"polymer {i}" for i in range(polymers)],
    }


def test_fragments_are_those_of_the_chain_and_not_of_its_ends():
    polyethylene = chain_fragments(to_oligomer("*CC*"))
    chain = "C" * 36
    middle = rdFingerprintGenerator.AdditionalOutput()
    middle.AllocateAtomToBits()
    rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseFingerprint(
        Chem.MolFromSmiles(chain), additionalOutput=middle
    )
    # Three environments of a CH2 in the middle, of radius 0, 1 and 2, and nothing else.
    assert set(polyethylene) == set(middle.GetAtomToBits()[18]) and len(polyethylene) == 3
    assert polyethylene == {
        fragment: count
        for fragment, count in rdFingerprintGenerator.GetMorganGenerator(radius=2)
        .GetSparseCountFingerprint(Chem.MolFromSmiles(chain))
        .GetNonzeroElements()
        .items()
        if fragment in polyethylene
    }
    for left, right in (("O", "O"), ("N", "C(=O)O"), ("Cl", "C(C)(C)C"), ("CC(=O)", "Br")):
        assert set(chain_fragments(left + chain + right)) == set(polyethylene)
    # The same polyester ended with acid and alcohol, and with hydrogen.
    made = "O=C(O)c1ccc(cc1)C(=O)OCCO" + "C(=O)c1ccc(cc1)C(=O)OCCO" * 8
    written = to_oligomer("*OCCOC(=O)c1ccc(C(*)=O)cc1")
    assert set(chain_fragments(made)) == set(chain_fragments(written))
    assert morgan(made) - set(chain_fragments(made)) and morgan(written) - set(chain_fragments(written))


def test_molecules_that_do_not_repeat_keep_all_fragments():
    for smiles in ("CCOC(=O)c1ccc(NC(=O)C(F)(F)CO)cc1Cl", "CCCCCCO", "CC(c1ccccc1)CC(c1ccccc1)C"):
        assert set(chain_fragments(smiles)) == morgan(smiles)


def test_hashes_fit_into_the_file():
    assert max(max(chain_fragments(smiles)) for smiles in OLIGOMERS) < 2**32


def test_unseen_fragments_are_counted_and_named():
    states, trained, _ = synthetic(6, members=2)
    domain = fit_domain(OLIGOMERS[:6], states, trained)
    seen = set().union(*(chain_fragments(smiles) for smiles in OLIGOMERS[:6]))
    table = domain.assess(OLIGOMERS, np.tile(states, (1, 2, 1))[:, :10])
    for smiles, count, named in zip(OLIGOMERS, table.unseen_fragments, table.fragments, strict=True):
        assert count == len(set(chain_fragments(smiles)) - seen) and len(named) == min(count, 2)
        for text in named:
            # What is named is really a part of the oligomer.
            query = Chem.MolFromSmarts(text.replace("[CH", "[#6H").replace("[cH", "[#6H"))
            assert Chem.MolFromSmiles(smiles).HasSubstructMatch(query), text
    assert (table.unseen_fragments[:6] == 0).all() and (table.unseen_fragments[6:] > 0).all()
    assert table.fragments[6][0] == "[Cl]" and table.verdict[6] == OUTSIDE
    assert "contains Cl, which no training polymer does" in table.reason[6]
    assert f"contains {table.unseen_fragments[6]} fragments no training polymer has: [Cl]," in table.reason[6]


def test_what_no_member_trained_on_is_not_known():
    states, trained, _ = synthetic(6, members=2)
    trained[:] = True
    trained[:, 5] = False
    domain = fit_domain(OLIGOMERS[:6], states, trained, smiles=UNITS[:6])
    table = domain.assess(OLIGOMERS[:6], states)
    alone = len(set(chain_fragments(OLIGOMERS[5])) - set().union(*(chain_fragments(s) for s in OLIGOMERS[:5])))
    assert table.unseen_fragments.tolist() == [0] * 5 + [alone] and alone > 0
    assert all(UNITS[5] not in [n["smiles"] for n in nearest] for nearest in table.nearest)


def expected_distances(states, trained, queries, of_member):
    """Mean distance of queries to their three nearest training polymers in one member's standardised space."""
    scaler = StandardScaler().fit(states[of_member][trained[of_member]].astype(float))
    neighbours = NearestNeighbors(n_neighbors=3).fit(
        scaler.transform(states[of_member][trained[of_member]].astype(float))
    )
    return neighbours.kneighbors(scaler.transform(queries[of_member].astype(float)))[0].mean(axis=1)


def test_distances_are_those_of_scikit_learn():
    states, trained, _ = synthetic(120)
    domain = fit_domain(**keys(120), fingerprints=states, trained=trained)
    queries = np.random.default_rng(3).normal(size=(3, 25, 8)).astype(np.float32) * 4
    expected = np.zeros(25)
    for m in range(3):
        held_out = expected_distances(states, trained, states, m)[~trained[m]]
        expected += expected_distances(states, trained, queries, m) / np.median(held_out) / 3
    found = domain.assess([OLIGOMERS[0]] * 25, queries).distance
    np.testing.assert_allclose(found, expected, rtol=5e-3)
    # Of some members only: those members' spaces.
    some = domain.assess([OLIGOMERS[0]] * 25, queries[[2]], members=[2]).distance
    held_out = expected_distances(states, trained, states, 2)[~trained[2]]
    np.testing.assert_allclose(some, expected_distances(states, trained, queries, 2) / np.median(held_out), rtol=5e-3)


def test_held_out_polymers_are_usual_and_trained_ones_near():
    states, trained, fold = synthetic(300)
    domain = fit_domain(**keys(300), fingerprints=states, trained=trained)
    assert domain.calibration["polymers"] == 300
    everything = domain.assess(keys(300)["oligomers"], states)
    held_out = np.array(
        [
            domain.assess([OLIGOMERS[0]], states[[f], i : i + 1], members=[f]).distance[0]
            for i, f in enumerate(fold[:100])
        ]
    )
    # Each member's own held-out polymers are at 1 in the middle; all members together know two thirds of them by heart.
    assert np.median(held_out) == pytest.approx(1.0, abs=0.15)
    assert np.median(everything.distance) < 0.85
    nearest = [polymers[0] for polymers in everything.nearest]
    assert [polymer["smiles"] for polymer in nearest] == keys(300)["polymers"]
    assert max(polymer["distance"] for polymer in nearest) < 0.02


def test_nearest_polymers_come_once_with_their_measured_values():
    states, trained, _ = synthetic(40)
    rows = [i for i in range(40) for _ in range(1 + i % 3)]
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1e-3, (3, len(rows), 8))
    tg = np.array([100.0 + i for i in rows])
    tg[1::2] += 4.0
    melting = np.where(np.arange(len(rows)) % 2 == 0, 200.0, np.nan)
    domain = fit_domain(
        [OLIGOMERS[i % 10] for i in rows],
        (states[:, rows] + noise).astype(np.float32),
        trained[:, rows],
        polymers=[f"key {i}" for i in rows],
        smiles=[UNITS[i % 10] for i in rows],
        names=[f"Polymer number {i}" for i in rows],
        values={"Glass_Transition": tg, "Melt_Temp": melting},
    )
    table = domain.assess([OLIGOMERS[i % 10] for i in range(40)], states)
    for i, nearest in enumerate(table.nearest):
        names = [n["name"] for n in nearest]
        assert names[0] == f"Polymer number {i}" and len(set(names)) == len(names) == 3
        assert [n["distance"] for n in nearest] == sorted(n["distance"] for n in nearest)
        own = [k for k, row in enumerate(rows) if row == i]
        assert nearest[0]["smiles"] == UNITS[i % 10]
        assert nearest[0]["values"]["Glass_Transition"] == pytest.approx(tg[own].mean())
        assert ("Melt_Temp" in nearest[0]["values"]) == np.isfinite(melting[own]).any()


def risky(polymers: int, seed: int):
    """Polymers of which a tenth lie far from all others and are predicted four times as badly."""
    rng = np.random.default_rng(seed)
    far = rng.random(polymers) < 0.1
    states = rng.normal(size=(1, polymers, 6)) * np.where(far, 5.0, 1.0)[None, :, None]
    errors = np.abs(rng.normal(size=(polymers, 2))) * np.where(far, 4.0, 1.0)[:, None] * [15.0, 0.05]
    errors[rng.random((polymers, 2)) < 0.4] = np.nan
    return np.repeat(states, 5, axis=0).astype(np.float32), errors, far


def test_outside_is_truly_riskier_on_polymers_never_seen():
    states, errors, _ = risky(600, 0)
    fold = np.random.default_rng(5).integers(0, 5, 600)
    trained = np.stack([fold != m for m in range(5)])
    domain = fit_domain(**keys(600), fingerprints=states, trained=trained, errors=errors)
    assert domain.calibration["rule"] == "out-of-fold errors" and domain.calibration["risk_ratio"] > 2.5
    assert sum(domain.calibration["shares"].values()) == pytest.approx(1.0, abs=1e-3)
    new, wrong, _ = risky(400, 1)
    verdict = domain.assess([OLIGOMERS[i % 10] for i in range(400)], new).verdict
    relative = wrong / np.nanmedian(errors, axis=0)
    assert (verdict == OUTSIDE).sum() >= 15 and (verdict == IN_DOMAIN).sum() > 150
    assert np.nanmedian(relative[verdict == OUTSIDE]) > 2 * np.nanmedian(relative[verdict == IN_DOMAIN])


def test_errors_that_distance_says_nothing_of_are_reported_as_such():
    states, _, _ = risky(300, 2)
    errors = np.abs(np.random.default_rng(0).normal(size=(300, 1)))
    fold = np.random.default_rng(5).integers(0, 5, 300)
    trained = np.stack([fold != m for m in range(5)])
    domain = fit_domain(**keys(300), fingerprints=states, trained=trained, errors=errors)
    assert 0.3 < domain.calibration["risk_ratio"] < 2
    assert domain.calibration["median_errors"][IN_DOMAIN] == pytest.approx(1.0, abs=0.2)


def test_without_errors_thresholds_are_quantiles():
    states, trained, _ = synthetic(200)
    domain = fit_domain(**keys(200), fingerprints=states, trained=trained)
    assert domain.calibration["rule"] == "quantiles" and "risk_ratio" not in domain.calibration
    assert domain.calibration["shares"][IN_DOMAIN] == pytest.approx(0.7, abs=0.01)
    assert domain.calibration["shares"][OUTSIDE] == pytest.approx(0.025, abs=0.006)


@pytest.mark.parametrize("polymers", [1, 2, 5])
def test_few_polymers_are_never_called_a_domain(polymers):
    states, _, _ = synthetic(polymers, members=2)
    for trained in (np.ones((2, polymers), bool), np.arange(polymers) == np.array([[0], [polymers - 1]])):
        domain = fit_domain(OLIGOMERS[:polymers], states, trained, errors=np.ones((polymers, 1)))
        again = domain_from_files(domain_to_files(domain), {"M": 2, "F": 8}, [])
        table = again.assess(OLIGOMERS, np.random.default_rng(0).normal(size=(2, 10, 8)))
        assert set(table.verdict) <= {BORDERLINE, OUTSIDE}
        assert all(reason.startswith("The model saw too few polymers") for reason in table.reason)
        assert np.isfinite(table.distance).all()
        known = trained.any(axis=0).sum()
        assert {len(nearest) for nearest in table.nearest} == {min(3, known)}


def test_files_hold_everything_and_nothing_that_executes():
    states, trained, _ = synthetic(150)
    domain = fit_domain(
        **keys(150),
        fingerprints=states,
        trained=trained,
        names=[f"Polymer {i}" for i in range(150)],
        values={"Density": np.linspace(0.9, 1.4, 150)},
        errors=np.abs(np.random.default_rng(0).normal(size=(150, 1))),
    )
    files = domain_to_files(domain)
    assert sorted(files) == ["domain.json", "domain.safetensors"]
    assert load(files["domain.safetensors"])["references"].dtype == np.float16
    assert json.loads(files["domain.json"])["polymers"]["smiles"] == keys(150)["polymers"]
    again = domain_from_files(files, {"M": 3, "F": 8}, ["Density"])
    assert again.thresholds == domain.thresholds and again.calibration == domain.calibration
    queries = np.random.default_rng(3).normal(size=(3, 10, 8)).astype(np.float32)
    first, second = domain.assess(OLIGOMERS, queries), again.assess(OLIGOMERS, queries)
    parts = ("verdict", "reason", "unseen_fragments", "fragments", "distance", "nearest")
    records = [{part: getattr(assessed, part).tolist() for part in parts} for assessed in (first, second)]
    assert records[0] == records[1] and len(first) == 10
    json.dumps(records[0], allow_nan=False)
    chosen = first.chosen([3, 3, 0])
    assert chosen.reason.tolist() == [first.reason[3], first.reason[3], first.reason[0]] and len(chosen) == 3
    assert domain_to_files(again) == files


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("domain.json", lambda content: content[:-20]),
        ("domain.safetensors", lambda content: content[:-20]),
        ("domain.json", lambda content: content.replace(b'"polyid-domain"', b'"something"')),
        ("domain.json", lambda content: content.replace(b'"format_version":1', b'"format_version":2')),
        ("domain.json", lambda content: content.replace(b'"polymer 0",', b"")),
        ("domain.json", lambda content: content.replace(b'"outside_distance"', b'"other"')),
        ("domain.json", None),
        ("domain.safetensors", None),
    ],
)
def test_damaged_files_are_refused(name, change):
    states, trained, _ = synthetic(30)
    files = domain_to_files(fit_domain(**keys(30), fingerprints=states, trained=trained))
    if change is None:
        del files[name]
    else:
        assert change(files[name]) != files[name]
        files[name] = change(files[name])
    with pytest.raises(BundleError):
        domain_from_files(files, {"M": 3, "F": 8}, [])


def test_what_does_not_fit_is_refused_by_name():
    states, trained, _ = synthetic(30)
    with pytest.raises(DataError, match="30 rows"):
        fit_domain(**keys(30), fingerprints=states[:, :20], trained=trained)
    with pytest.raises(DataError, match="No row was trained on"):
        fit_domain(**keys(30), fingerprints=states, trained=np.zeros_like(trained))
    with pytest.raises(PolymerError, match="Row 2"):
        fit_domain(["CCCCCCCCCCCC", "CC(C"], states[:, :2], trained[:, :2])
    domain = fit_domain(**keys(30), fingerprints=states, trained=trained)
    with pytest.raises(DataError, match="not of this ensemble"):
        domain.assess(OLIGOMERS[:2], states[:, :3])
    with pytest.raises(DataError, match="not of this ensemble"):
        domain.assess(OLIGOMERS[:2], states[:2, :2])
    with pytest.raises(PolymerError, match="no oligomer"):
        domain.assess([UNITS[0]], states[:, :1])


def test_large_tables_stay_small(monkeypatch):
    polymers, members, features = 12_000, 4, 64
    monkeypatch.setattr(fitting, "REFERENCE_BYTES", 2**20)
    states, trained, fold = synthetic(polymers, members, features, folds=4)
    errors = np.abs(np.random.default_rng(0).normal(size=(polymers, 1)))
    domain = fit_domain(**keys(polymers), fingerprints=states, trained=trained, errors=errors)
    files = domain_to_files(domain)
    assert len(files["domain.safetensors"]) < 1.1 * 2**20 and domain.calibration["polymers"] == 5_000
    references = load(files["domain.safetensors"])["references"]
    assert references.shape == (members, 2**20 // (2 * members * features), features)
    # What is usual is measured against the references that are kept, so that 1 stays usual.
    sample = np.flatnonzero(fold == 1)[:400]
    own = domain.assess([OLIGOMERS[0]] * 400, states[[1]][:, sample], members=[1])
    assert np.median(own.distance) == pytest.approx(1.0, abs=0.1)


def test_real_fingerprints_tell_near_from_far():
    predictor = predictor_of("v1", explicit_hs=False)
    near = ["*CC(*)c1ccc(C)cc1", "*CC(*)C(=O)OCCC", "*NCCCCCCC(*)=O", "*OCCCOC(=O)c1ccc(C(*)=O)cc1"]
    far = ["*c1ccc(*)s1", "*C(F)(F)C(F)(F)*", "*S(=O)(=O)c1ccc(*)cc1", "*C#Cc1ccc(*)cc1"]
    known = OLIGOMERS + [to_oligomer(m) for m in MONOMERS]
    trained = np.arange(len(known)) % 3 != np.arange(3)[:, None]
    domain = fit_domain(known, predictor.fingerprints(known), trained)
    oligomers = [to_oligomer(unit) for unit in near + far]
    table = domain.assess(oligomers, predictor.fingerprints(oligomers))
    assert table.distance[:4].max() < table.distance[4:].min()
    assert np.median(table.unseen_fragments[4:]) > np.median(table.unseen_fragments[:4])
    assert table.nearest[0][0]["smiles"] == OLIGOMERS[0]


def test_what_the_kernel_finds_new_is_far_wherever_its_fingerprint_lies():
    states, trained, _ = synthetic(200)
    novelty = np.random.default_rng(1).uniform(0.2, 0.4, 200)
    domain = fit_domain(**keys(200), fingerprints=states, trained=trained, novelty=novelty)
    assert domain.usual_novelty == pytest.approx(np.median(novelty))
    near = domain.assess([OLIGOMERS[0]] * 3, states[:, [0, 0, 0]], novelty=np.array([0.0, 0.3, 0.9]))
    alone = domain.assess([OLIGOMERS[0]], states[:, [0]])
    assert near.distance[0] == pytest.approx(alone.distance[0])
    assert near.distance[2] == pytest.approx(0.9 / domain.usual_novelty)
    assert near.verdict[0] == alone.verdict[0] and near.verdict[2] != IN_DOMAIN
    assert list(near.distance) == sorted(near.distance)


def test_a_training_polymer_is_told_by_its_keys_and_in_domain():
    states, trained, _ = synthetic(40)
    known_as = [[f"*CC(*)C x {number}", OLIGOMERS[0]] for number in range(2, 42)]
    values = {"Tm": [float(number) for number in range(39)] + [np.nan]}
    domain = fit_domain(**keys(40), fingerprints=states, trained=trained, known_as=known_as, values=values)
    asked = ["*CC(*)C x 7", "*CC(*)C x 41", "*CC(*)C x 50"]
    table = domain.assess(asked, states[:, :3] + 1e3)
    assert table.verdict.tolist()[:2] == [IN_DOMAIN] * 2 and table.verdict[2] == OUTSIDE
    assert table.measured.tolist() == [{"Tm": 5.0}, {}, {}]
    again = domain_from_files(domain_to_files(domain), {"M": 3, "F": 8}, ["Tm"])
    assert again.assess(asked, states[:, :3] + 1e3).measured.tolist() == table.measured.tolist()
