"""Ensembles of networks and kernel regressions on repeated folds: what is held out, recomputed, stored, resumed and refused."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.paths import BUNDLED_TABLE

from polyid import MultiModel
from polyid.chemistry.composition import PolymerFragments, polymer_fragments
from polyid.config.parameters import PRESETS
from polyid.data import learnt_marks
from polyid.data.keys import polymer_keys
from polyid.data.row_polymers import row_polymers
from polyid.data.splits import recorded_folds, split_record
from polyid.ensemble import fitting
from polyid.ensemble import held_out as held_out_module
from polyid.ensemble.single_model import shared_dataset
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import BundleError, Cancelled, TrainingError
from polyid.inference import predictor as predictor_module
from polyid.inference import reader as reading
from polyid.inference.predictor import EnsemblePredictor
from polyid.kernel.neighbourhood import neighbourhood
from polyid.kernel.similarity import ReferencePolymers, choose_references
from polyid.report.metrics import property_metrics
from polyid.uncertainty.blending import cross_fitted, network_share
from polyid.uncertainty.conformal import cross_fitted_intervals

NAMES = ["Glass_Transition", "Density"]
TINY = {
    "num_messages": 1,
    "atom_features": 8,
    "bond_features": 8,
    "mol_features": 4,
    "learning_rate": 0.01,
    "repeats": 2,
    "kernel": True,
}
NEW = ["*CC(*)c1ccc(C)cc1", "*CCS*", "nonsense", "*CC(*)OC(=O)CC", "*OCCCCOC(=O)c1ccc(C(*)=O)cc1", "*CC(*)(F)C", "*CC*"]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Forty polymers with real values, one of them measured twice and one in three tacticities."""
    facts = pd.read_csv(BUNDLED_TABLE)
    wide = facts.pivot_table(index="repeat_unit", columns="property", values="value")[NAMES]
    wide = wide[(wide.index.str.len() < 30) & (wide.index != "*CC(*)C")].dropna(subset=NAMES[:1])
    rows = pd.concat([wide.dropna()[::3][:33], wide[wide["Density"].isna()][::9][:6]]).reset_index()
    assert len(rows) == 39
    again = rows.iloc[[3]].assign(Glass_Transition=lambda f: f["Glass_Transition"] + 5)
    tactic = pd.DataFrame({"repeat_unit": "*CC(*)C", "Glass_Transition": [-10, -6, -2.0], "pm": [0.0, 0.5, 1.0]})
    rows = pd.concat([rows, again, tactic], ignore_index=True)
    rows["lab"] = np.where(rows["repeat_unit"].map(len) % 2, "Jena", "Ulm")
    path = tmp_path_factory.mktemp("repeats") / "forty.csv"
    rows.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """The preset with repeats, networks small enough to train in seconds, and tacticity learnt from as few as there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learnt_marks, "FEWEST_POLYMERS", 1)
        patch.setitem(PRESETS, "small", {**PRESETS["small"], **TINY})
        yield


@pytest.fixture(scope="module")
def trained(table, tiny, tmp_path_factory) -> tuple[MultiModel, Path]:
    folder = tmp_path_factory.mktemp("model") / "model"
    return train_ensemble(table, folder, properties=NAMES, epochs=2, folds=2, seed=4), folder


@pytest.fixture(scope="module")
def folder(trained) -> Path:
    return trained[1]


@pytest.fixture(scope="module")
def loaded(folder) -> MultiModel:
    return MultiModel.load_models(folder)


@pytest.fixture(scope="module")
def evaluated(folder, table) -> MultiModel:
    """With the rows each member trained on and held out, as the record of folds tells."""
    ensemble = MultiModel.load_models(folder)
    ensemble.recompute_out_of_fold(table)
    return ensemble


def divided(table: Path, *arguments, **keywords) -> MultiModel:
    ensemble = MultiModel()
    ensemble.load_dataset(table, NAMES)
    ensemble.split_data(*arguments, **keywords)
    return ensemble


@pytest.mark.parametrize("split", ["stratified", "random", "scaffold"])
def test_every_polymer_is_held_out_once_in_every_division(table, split):
    ensemble = divided(table, 3, seed=7, split=split, repeats=2)
    assert [m.model_id for m in ensemble.models] == ["0", "1", "2", "0/2", "1/2", "2/2"]
    every = ensemble.df_polymer
    keys = polymer_keys(every)
    assert len(set(keys)) == len(keys) - 3 == 40
    for division in (ensemble.models[:3], ensemble.models[3:]):
        times = Counter(row for m in division for row in m.df_validate.index)
        assert times == dict.fromkeys(every.index, 1)
        for m in division:
            inside, outside = set(polymer_keys(m.df_validate)), set(polymer_keys(m.df_train))
            assert not inside & outside and inside | outside == set(keys)
    first, second = (
        [frozenset(m.df_validate.index) for m in half] for half in (ensemble.models[:3], ensemble.models[3:])
    )
    assert set(first) != set(second), "another division, not the same again"


def test_the_first_division_is_that_without_repeats(table):
    one, two = divided(table, 3, seed=7), divided(table, 3, seed=7, repeats=3)
    assert len(two.models) == 9
    for a, b in zip(one.models, two.models, strict=False):
        assert a.model_id == b.model_id
        pd.testing.assert_frame_equal(a.df_validate, b.df_validate)
    drawn = [tuple(m.df_validate.index) for m in two.models]
    again = [tuple(m.df_validate.index) for m in divided(table, 3, seed=7, repeats=3).models]
    other = [tuple(m.df_validate.index) for m in divided(table, 3, seed=8, repeats=3).models]
    assert drawn == again and drawn != other


@pytest.mark.parametrize("repeats", [0, -1])
def test_a_division_is_needed(table, repeats):
    with pytest.raises(TrainingError, match="divided"):
        divided(table, 2, repeats=repeats)


def test_folds_of_ones_own_are_repeated_under_names_of_their_own(table):
    ensemble = divided(table, split="column:lab", repeats=2)
    assert [m.model_id for m in ensemble.models] == ["Jena", "Ulm", "Jena/2", "Ulm/2"]
    for name, again in (("Jena", "Jena/2"), ("Ulm", "Ulm/2")):
        assert ensemble.kfold_sets[name] == ensemble.kfold_sets[again]
        assert set(ensemble.models[["Jena", "Ulm"].index(name)].df_validate["lab"]) == {name}


def test_folds_of_ones_own_whose_names_would_meet_are_refused(table, tmp_path):
    rows = pd.read_csv(table).replace({"lab": {"Ulm": "Jena/2"}})
    rows.to_csv(tmp_path / "named.csv", index=False)
    with pytest.raises(TrainingError, match="Jena/2"):
        divided(tmp_path / "named.csv", split="column:lab", repeats=2)
    assert len(divided(tmp_path / "named.csv", split="column:lab").models) == 2


@pytest.mark.parametrize("split", ["stratified", "scaffold", "column:lab"])
def test_a_record_gives_the_same_folds(table, tmp_path, split):
    ensemble = divided(table, 2, seed=3, split=split, repeats=2)
    dataset = shared_dataset(ensemble.models)
    record = json.loads(json.dumps(split_record(dataset, split, 3)))
    folds = recorded_folds(record, dataset)
    assert folds == {str(name): ids for name, ids in ensemble.kfold_sets.items()}
    (tmp_path / "splits.json").write_text(json.dumps(record))
    again = divided(table, load_kfold=tmp_path / "splits.json")
    assert (again.split, again.seed) == (split, 3)
    for a, b in zip(ensemble.models, again.models, strict=True):
        assert a.model_id == b.model_id
        pd.testing.assert_frame_equal(a.df_validate, b.df_validate)
        pd.testing.assert_frame_equal(a.df_train, b.df_train)


def test_every_figure_can_be_computed_again(trained, folder, table, evaluated):
    published = json.loads((folder / "metrics.json").read_text())
    assert evaluated.out_of_fold_report() == published
    pd.testing.assert_frame_equal(evaluated.out_of_fold(), trained[0].out_of_fold(), check_exact=True)
    rows = evaluated.out_of_fold()
    assert len(rows) == 43 and not rows[[f"{name}_pred" for name in NAMES]].isna().any(axis=None)
    for name in NAMES:
        error = (rows[name] - rows[f"{name}_pred"]).abs()
        assert error.mean() == pytest.approx(published["out_of_fold"][name]["MAE"], rel=1e-12)
        assert property_metrics(rows, name) == published["out_of_fold"][name]
    assert evaluated.recompute_out_of_fold(table) == published, "and once more by the same model"


def test_held_out_predictions_are_those_of_members_that_never_saw_the_polymer(evaluated, monkeypatch):
    """Each row by hand: mean of its two members' networks and regressions, blended by the other polymers' share.

    And so its interval: what a member may look at around a polymer is what it trained on.
    """
    looked_at = []

    def uneven(measured, network, kernel, polymers):
        """Shares that differ from row to row, as they needn't in so small an ensemble."""
        return cross_fitted(measured, network, kernel, polymers) * 0.5 + np.linspace(0, 0.5, len(measured))[:, None]

    def recorded(name, predicted, measured, clues, *rest):
        looked_at.append(clues)
        return cross_fitted_intervals(name, predicted, measured, clues, *rest)

    monkeypatch.setattr(held_out_module, "cross_fitted", uneven)
    monkeypatch.setattr(held_out_module, "cross_fitted_intervals", recorded)
    rows = held_out_module.predict_held_out(shared_dataset(evaluated.models), evaluated.fitted.predictor).out_of_fold()
    units = rows.loc[rows["smiles_polymer"].str.contains("*", regex=False), "smiles_polymer"]
    assert len(units) and not units.str.contains(" ").any(), "a regular chain is told by its unit"
    rows["smiles_polymer"] = row_polymers(rows, evaluated.chain)
    fragments = polymer_fragments(rows["smiles_polymer"].tolist())
    by_polymer = rows.groupby("smiles_polymer", sort=False)[NAMES].mean()
    first = [rows["smiles_polymer"].tolist().index(text) for text in by_polymer.index]
    similarity = ReferencePolymers(fragments.chosen(first), by_polymer.to_numpy()).similarity(fragments)
    clues = np.ones((len(rows), 2, 4))
    clues[..., 1:] = 0
    answers = EnsemblePredictor([m.member for m in evaluated.models]).answers(rows["smiles_polymer"].tolist())
    network, kernel = np.zeros((2, len(rows), 2))
    for i, index in enumerate(rows.index):
        held_by = [m for m, single in enumerate(evaluated.models) if index in single.df_validate.index]
        assert len(held_by) == 2 and rows["fold"][index] == evaluated.models[held_by[0]].model_id
        for m in held_by:
            network[i] += answers.network[m, i]
            kernel[i] += answers.kernel[m, i]
            seen = by_polymer.index.isin(evaluated.models[m].df_train["smiles_polymer"])
            assert not seen[by_polymer.index.get_loc(rows["smiles_polymer"][index])]
            clues[i, :, 1] += np.abs(answers.network[m, i] - answers.kernel[m, i]) / 2
            novelty, roughness = neighbourhood(similarity[i : i + 1, seen], by_polymer.to_numpy()[seen])
            clues[i, :, 2] += novelty[0] / 2
            clues[i, :, 3] += roughness[0] / 2
    measured = rows[NAMES].to_numpy(float)
    share = uneven(measured, network / 2, kernel / 2, polymer_keys(rows))
    expected = share * network / 2 + (1 - share) * kernel / 2
    np.testing.assert_allclose(rows[[f"{name}_pred" for name in NAMES]], expected, rtol=1e-4)
    for p, name in enumerate(NAMES):
        np.testing.assert_allclose(looked_at[p], clues[:, p], rtol=1e-3, atol=1e-5)
        bounds = cross_fitted_intervals(name, expected[:, p], measured[:, p], clues[:, p], polymer_keys(rows), 0.9)
        for kind, values in zip(("expected_error", "lower", "upper"), bounds, strict=True):
            np.testing.assert_allclose(rows[f"{name}_{kind}"], values, rtol=1e-3, atol=1e-6, err_msg=f"{name} {kind}")
    np.testing.assert_allclose(
        evaluated.models[0].member.kernel.share,
        network_share(measured, network / 2, kernel / 2, polymer_keys(rows)),
        atol=0.051,
    )


def told_apart(fragments: PolymerFragments) -> list[tuple[bytes, bytes]]:
    """What tells polymers apart: isomers have one composition."""
    return [(row.tobytes(), keys.tobytes()) for row, keys in zip(fragments.composition, fragments.keys[1], strict=True)]


def test_a_regression_has_learnt_from_no_polymer_that_was_held_out(evaluated):
    references = evaluated.models[0].member.kernel.references
    place = {row: i for i, row in enumerate(told_apart(references.fragments))}
    for single in evaluated.models:
        held_out, trained_on = (
            [place[row] for row in told_apart(polymer_fragments([*rows["smiles_polymer"]]))]
            for rows in (single.df_validate, single.df_train)
        )
        assert not single.member.kernel.trained[held_out].any()
        labels = single.df_train[NAMES].notna().to_numpy()
        np.testing.assert_array_equal(single.member.kernel.trained[trained_on], labels)


def test_the_three_tacticities_are_three_references(evaluated):
    assert len(evaluated.models[0].member.kernel.references) == 42, "the polymer measured twice is one"
    rows = evaluated.out_of_fold()
    tactic = rows[rows["pm"].notna()]
    assert len(set(tactic["smiles_polymer"])) == 3 and tactic["fold"].nunique() == 1
    references, fragments = evaluated.models[0].member.kernel.references, polymer_fragments([*tactic["smiles_polymer"]])
    similarity, descriptors = references.similarity(fragments), references.described(fragments)
    for single in evaluated.models:
        values = single.member.kernel.predict(similarity, descriptors)[:, 0]
        if tactic.index[0] in single.df_train.index:
            assert len({*values}) == 3
        else:
            # Without one tactic polymer there is no telling isotactic from syndiotactic, only from atactic.
            assert values[0] == pytest.approx(values[2]) and abs(values[1] - values[0]) > 0.1


@pytest.mark.compiled
def test_a_loaded_model_predicts_what_the_trained_one_did(trained, loaded):
    frame = pd.DataFrame({"smiles_polymer": [text for text in NEW if "*" in text]}, index=range(3, 9))
    pd.testing.assert_frame_equal(trained[0].predict_smiles(NEW), loaded.predict_smiles(NEW), check_exact=True)
    for call in ("make_predictions", "make_aggregate_predictions"):
        one, other = (getattr(ensemble, call)(frame) for ensemble in (trained[0], loaded))
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_member_alone_blends_its_network_with_its_regression(loaded):
    oligomers = loaded.predict_smiles(NEW, oligomers=True)["smiles_polymer"].dropna().tolist()
    together = EnsemblePredictor([m.member for m in loaded.models]).answers(oligomers)
    for m in (0, 3):
        kernel = loaded.models[m].member.kernel
        fragments = polymer_fragments(oligomers)
        values = kernel.predict(kernel.references.similarity(fragments), kernel.references.described(fragments))
        network, share = together.network[m], kernel.share
        assert (values != network).all() and (share >= 0).all() and (share <= 1).all()
        found = loaded.models[m].predict(pd.DataFrame({"smiles_polymer": oligomers}))
        np.testing.assert_allclose(
            found[[f"{name}_pred" for name in NAMES]], share * network + (1 - share) * values, rtol=1e-5
        )


def test_aggregations_of_ones_own_are_those_of_the_members_and_nothing_else(loaded):
    frame = pd.DataFrame(
        {"smiles_polymer": [text for text in NEW if "*" in text], "mine": list("abcdef")}, index=[5, 3, 9, 1, 0, 2]
    )
    members = loaded.make_predictions(frame)
    found = loaded.make_aggregate_predictions(frame, funcs=["mean", "std", "max", "median"])
    columns = [f"{name}_pred_{func}" for name in NAMES for func in ("mean", "std", "max", "median")]
    assert found.columns.tolist() == [*frame.columns, *columns]
    assert found.index.tolist() == frame.index.tolist()
    for name in NAMES:
        by_row = members.groupby(level=0)[f"{name}_pred"]
        for func in ("mean", "std", "max", "median"):
            np.testing.assert_allclose(found[f"{name}_pred_{func}"], by_row.agg(func).loc[frame.index], rtol=1e-12)
    assert loaded.make_aggregate_predictions(frame, funcs="min").columns.tolist() == [
        *frame.columns,
        *(f"{name}_pred_min" for name in NAMES),
    ]
    whole = loaded.make_aggregate_predictions(frame)
    kinds = ("mean", "std", "error", "lower", "upper")
    assert whole.columns.tolist() == [*frame.columns, *(f"{name}_pred_{kind}" for name in NAMES for kind in kinds)]
    np.testing.assert_allclose(whole["Density_pred_mean"], found["Density_pred_mean"], rtol=1e-12)


def test_intervals_of_all_or_some_members(folder, loaded):
    for ensemble in (loaded, *(MultiModel.load_models(folder, nmodels=chosen) for chosen in (1, [1, 2]))):
        found = ensemble.predict_smiles(NEW)
        good = found["error"].isna()
        assert good.sum() == 6
        for name in NAMES:
            lower, mean, upper, error = (found[f"{name}_pred_{kind}"] for kind in ("lower", "mean", "upper", "error"))
            assert (lower[good] < mean[good]).all() and (mean[good] < upper[good]).all()
            assert np.isfinite(upper[good]).all() and (error[good] > 0).all()
            assert pd.concat([lower, mean, upper, error], axis=1)[~good].isna().all(axis=None)
        assert (found["Density_pred_lower"][good] >= 0).all()
        wide, narrow = (ensemble.predict_smiles(NEW, level=level) for level in (0.95, 0.5))
        for name in NAMES:
            assert (narrow[f"{name}_pred_upper"][good] < found[f"{name}_pred_upper"][good]).all()
            assert (found[f"{name}_pred_upper"][good] <= wide[f"{name}_pred_upper"][good]).all()
    far = loaded.predict_smiles(NEW, level=0.999)
    assert (far["Glass_Transition_pred_lower"][good] == -np.inf).all() and (far["Density_pred_lower"][good] == 0).all()
    with pytest.raises(TrainingError, match="level of an interval is 90"):
        loaded.predict_smiles(NEW, level=90)


def test_answers_do_not_depend_on_parts(loaded, monkeypatch):
    oligomers = loaded.predict_smiles(NEW, oligomers=True)["smiles_polymer"].dropna().tolist() * 2
    predictor = EnsemblePredictor([m.member for m in loaded.models])
    whole = predictor.answers(oligomers, fingerprints=True)
    sizes = []

    def recorded(smiles):
        sizes.append(len(smiles))
        return polymer_fragments(smiles)

    monkeypatch.setattr(reading, "POLYMERS_A_PART", 4)
    monkeypatch.setattr(reading, "polymer_fragments", recorded)
    parts = predictor.answers(oligomers, fingerprints=True)
    assert sizes == [4, 2]  # each polymer once
    known = predictor.answers(oligomers, fragments=polymer_fragments(oligomers))
    assert len(sizes) == 2 and known.fingerprints is None
    monkeypatch.setattr(predictor_module, "_ROWS_A_CALL", 300)
    calls = predictor.answers(oligomers, fingerprints=True)
    for part in ("network", "kernel", "novelty", "roughness", "members", "clues", "fingerprints"):
        expected = getattr(whole, part)
        for other in (parts, calls, known):
            if getattr(other, part) is not None:
                np.testing.assert_allclose(getattr(other, part), expected, rtol=1e-4, atol=1e-5, err_msg=part)
    np.testing.assert_array_equal(whole.share, parts.share)
    assert whole.network.shape == whole.kernel.shape == (4, 12, 2) and whole.clues.shape == (12, 2, 4)


def test_no_polymers_give_no_answers(loaded):
    answers = EnsemblePredictor([m.member for m in loaded.models]).answers([])
    assert answers.members.shape == (4, 0, 2) and answers.clues.shape == (0, 2, 4)
    found = loaded.predict_smiles(["nonsense"])
    assert found["Density_pred_lower"].isna().all() and found["error"].notna().all()


def test_the_company_of_members_can_be_changed(loaded):
    turned = MultiModel()
    turned.prediction_columns, turned.models = loaded.prediction_columns, list(loaded.models)
    oligomers = pd.DataFrame(
        {"smiles_polymer": loaded.predict_smiles(NEW, oligomers=True)["smiles_polymer"].dropna().tolist()}
    )
    before = turned.make_aggregate_predictions(oligomers)
    turned.models = turned.models[::-1]
    np.testing.assert_allclose(
        before.filter(like="_mean"), turned.make_aggregate_predictions(oligomers).filter(like="_mean"), rtol=1e-5
    )


def test_members_of_different_regressions_are_refused(loaded, trained):
    one, other = loaded.models[0].member, trained[0].models[1].member
    with pytest.raises(BundleError, match="train them together"):
        EnsemblePredictor([one, other])
    plain = type(one)(**{**one.__dict__, "kernel": None})
    for pair in ([one, plain], [plain, one]):
        with pytest.raises(BundleError, match="train them together"):
            EnsemblePredictor(pair)


def test_a_changed_or_missing_regression_is_refused(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "model")
    path = copy / "kernel.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(BundleError, match=r"kernel\.safetensors can't be used: it is not the file that was saved"):
        MultiModel.load_models(copy)
    path.unlink()
    with pytest.raises(BundleError, match=r"kernel\.safetensors is missing"):
        MultiModel.load_models(copy)
    shutil.copy(folder / "kernel.safetensors", path)
    calibration = copy / "calibration.json"
    calibration.write_text(calibration.read_text().replace("1", "2", 1))
    with pytest.raises(BundleError, match=r"calibration\.json can't be used: it is not the file that was saved"):
        MultiModel.load_models(copy)


def test_a_cancelled_run_resumes_to_the_same_model(trained, folder, table, tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "small", {**PRESETS["small"], "checkpoint_seconds": 0.0})
    arguments = {"properties": NAMES, "epochs": 2, "folds": 2, "seed": 4}

    stopped, records = [], []

    def stop(record):
        if record.phase == "training" and record.epoch >= 2:
            stopped.append(record.folds)
            raise Cancelled

    with pytest.raises(Cancelled):
        train_ensemble(table, tmp_path / "model", progress=stop, **arguments)
    assert not (tmp_path / "model" / "parameters.json").exists()
    assert list((tmp_path / "model" / "checkpoints").iterdir())
    resumed = train_ensemble(table, tmp_path / "model", resume=True, progress=records.append, **arguments)
    epochs = {r.epoch for r in records if r.folds == stopped[0]}
    assert epochs == {2}, "what was trained is not trained again"
    for name in ("metrics.json", "splits.json", "calibration.json"):
        assert (tmp_path / "model" / name).read_text() == (folder / name).read_text(), name
    for a, b in zip(trained[0].models, resumed.models, strict=True):
        assert a.model_id == b.model_id
        for name, weight in a.member.weights.items():
            np.testing.assert_array_equal(weight, b.member.weights[name], err_msg=name)
        np.testing.assert_array_equal(a.member.kernel.coefficients, b.member.kernel.coefficients)


def test_a_model_on_ones_own_folds_twice(table, tmp_path):
    folder = tmp_path / "model"
    # The natural name, which the rows of held-out predictions have a column of as well.
    own = tmp_path / "own.csv"
    pd.read_csv(table).rename(columns={"lab": "fold"}).to_csv(own, index=False)
    with pytest.raises(TrainingError, match="names 2 folds, not 3"):
        train_ensemble(own, folder, properties=NAMES, epochs=1, folds=3, split="column:fold")
    train_ensemble(own, folder, properties=NAMES, epochs=1, split="column:fold")
    ensemble = MultiModel.load_models(folder)
    assert [m.model_id for m in ensemble.models] == ["Jena", "Ulm", "Jena/2", "Ulm/2"]
    assert ensemble.metadata["parameters"]["kfolds"] == 2
    assert ensemble.recompute_out_of_fold(own) == json.loads((folder / "metrics.json").read_text())


def test_a_table_too_large_is_compared_with_some_of_its_polymers(table, monkeypatch):
    monkeypatch.setattr(fitting, "choose_references", lambda labels, seed: choose_references(labels, seed, 20))
    ensemble = divided(table, 2, seed=1, repeats=2)
    kernels = fitting.fit_kernels(shared_dataset(ensemble.models), seed=1)
    rows = ensemble.df_polymer
    labels = {text: own[NAMES].mean().to_numpy() for text, own in rows.groupby("smiles_polymer")}
    known = dict(zip(told_apart(polymer_fragments(list(labels))), labels, strict=True))
    (references,) = {id(kernel.references): kernel.references for kernel in kernels}.values()
    smiles = [known[row] for row in told_apart(references.fragments)]
    assert len(set(smiles)) == len(references) == 20
    np.testing.assert_allclose(references.labels, [labels[text] for text in smiles])
    for single, kernel in zip(ensemble.models, kernels, strict=True):
        seen = np.isin(smiles, single.df_train["smiles_polymer"])
        assert 0 < seen.sum() < 20
        np.testing.assert_array_equal(kernel.trained, seen[:, None] & np.isfinite(references.labels))
