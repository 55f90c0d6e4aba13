"""A distilled model is one network that answers as the ensemble does, by a student that saw nothing of what it is judged by."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from helpers.tiny_models import small_table, trained
from sklearn.preprocessing import RobustScaler

from polyid import MultiModel
from polyid.bundle.manifest import read_manifest
from polyid.cli.main import main
from polyid.distil.lessons import take_lessons
from polyid.distil.pool import gather
from polyid.distil.wishes import Wishes
from polyid.distil.workflow import check_teacher, distil
from polyid.errors import BundleError, Cancelled, DataError
from polyid.uncertainty.stated import stated_errors, stated_targets

NEW = ["*CC(*)CC", "*CCCCO*", "*CC(C)O*"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An ensemble of two networks with kernel regressions, and what was distilled of it."""
    place = tmp_path_factory.mktemp("distilled")
    small_table().to_csv(place / "data.csv", index=False)
    trained(place / "data.csv", save_folder=place / "ensemble", kernel=True)
    distil(place / "ensemble", place / "student", Wishes(generated=40, epochs=2))
    return place


@pytest.fixture(scope="module")
def teacher(folders):
    return MultiModel.load_models(folders / "ensemble")


@pytest.fixture(scope="module")
def student(folders):
    return MultiModel.load_models(folders / "student")


@pytest.mark.exhaustive
def test_it_answers_all_that_an_ensemble_does(teacher, student):
    before, after = (model.predict_smiles(NEW) for model in (teacher, student))
    assert list(after) == list(before)
    # Of Tm too few values are known for an interval, by either.
    numbers = [
        column
        for column in after
        if after[column].dtype.kind == "f" and not column.startswith(("Tm_pred_lower", "Tm_pred_upper"))
    ]
    assert np.isfinite(after[numbers].to_numpy()).all()
    assert (after["Tg_pred_std"] > 0).all() and (after["Tg_pred_lower"] < after["Tg_pred_mean"]).all()
    assert after["nearest_training_polymers"].notna().all()
    explained = student.explain(NEW[0])["Tg"]
    assert explained.total == pytest.approx(after["Tg_pred_mean"][0], rel=1e-4)


@pytest.mark.exhaustive
def test_it_is_one_network_without_kernel(folders, student):
    assert len(student.models) == 1 and student.fitted.members[0].kernel is None
    assert not (folders / "student" / "kernel.safetensors").exists()
    assert not (folders / "student" / "checkpoints").exists()


@pytest.mark.exhaustive
def test_a_training_polymer_is_known(student):
    (verdict,) = student.predict_smiles(["*CC(*)Cl"])["domain_reason"]
    assert "training polymers" in verdict


@pytest.mark.exhaustive
def test_it_says_what_it_loses_and_gains(folders, teacher):
    found = read_manifest(folders / "student")["distilled"]
    assert found["teacher"]["members"] == 2
    assert found["taught_on"] == {"training": 10, "given": 0, "generated": 40}
    measured = small_table().set_index("smiles_monomer")
    splits = json.loads((folders / "ensemble" / "splits.json").read_text())["held_out"]
    errors = []
    for number, polymers in enumerate(splits.values()):
        alone = MultiModel.load_models(folders / "ensemble", nmodels=[number]).predict_smiles(polymers)["Tg_pred_mean"]
        errors += np.abs(alone.to_numpy() - measured["Tg"][polymers].to_numpy()).tolist()
    assert found["out_of_fold"]["Tg"]["n"] == 10
    assert found["out_of_fold"]["Tg"]["teacher"] == pytest.approx(np.mean(errors), rel=1e-4)
    card = (folders / "student" / "README.md").read_text()
    assert "taught to speak for an ensemble of 2" in card and "40 generated repeat units" in card
    metrics = json.loads((folders / "student" / "metrics.json").read_text())["out_of_fold"]["Tg"]
    assert metrics["MAE"] == pytest.approx(found["out_of_fold"]["Tg"]["student"])


@pytest.mark.exhaustive
def test_a_judge_is_taught_nothing_that_it_is_judged_by(teacher):
    pool = gather(teacher, None, 40, 0)
    folds = list(teacher.held_out_polymers().values())
    for member, names in enumerate(folds):
        taught = {pool.names[i] for i in pool.taught(member) if i < pool.labelled}
        assert taught == set(pool.names) - set(names)
    assert pool.aside.sum() == 5 and not pool.aside[: pool.labelled].any()
    assert not pool.aside[pool.taught(None)].any() and len(pool.taught(None)) == 45


@pytest.mark.exhaustive
def test_the_lesson_is_the_ensembles_prediction(teacher, tmp_path):
    pool = gather(teacher, None, 20, 1)
    lessons = take_lessons(teacher, pool, tmp_path)
    said = teacher.predict([key.partition(" x ")[0] for key in pool.keys[10:]])
    np.testing.assert_allclose(lessons.mean[10:], said.mean, rtol=1e-5)
    np.testing.assert_allclose(lessons.std[10:], said.std, rtol=1e-4)
    np.testing.assert_allclose(lessons.expected[10:], said.expected_error, rtol=1e-4)
    again = take_lessons(teacher, pool, tmp_path, resume=True)
    np.testing.assert_array_equal(again.of_member, lessons.of_member)


def test_stated_errors_are_read_as_they_were_taught():
    rng = np.random.default_rng(0)
    mean, std, expected = rng.normal(80, 40, (6, 2)), rng.uniform(1, 9, (6, 2)), rng.uniform(2, 30, (6, 2))
    for scaler in (None, RobustScaler().fit(mean)):
        targets = stated_targets(mean, std, expected, scaler)
        for said, taught in zip(stated_errors(targets[None], [scaler]), (std, expected), strict=True):
            np.testing.assert_allclose(said[0], taught, rtol=1e-5)


@pytest.mark.exhaustive
def test_an_interrupted_run_goes_on(folders, tmp_path):
    def stop(record):
        if record.phase == "training" and record.epoch == 1:
            raise Cancelled

    wishes = Wishes(generated=40, epochs=2)
    with pytest.raises(Cancelled):
        distil(folders / "ensemble", tmp_path / "student", wishes, progress=stop)
    assert not (tmp_path / "student" / "parameters.json").exists()
    whole = distil(folders / "ensemble", tmp_path / "student", wishes, resume=True).predict(NEW)
    np.testing.assert_allclose(whole.mean, MultiModel.load_models(folders / "student").predict(NEW).mean, rtol=1e-4)


@pytest.mark.exhaustive
def test_units_of_ones_own_are_taught(teacher, tmp_path):
    path = tmp_path / "units.csv"
    pd.DataFrame({"smiles": [*[f"*{'C' * n}O*" for n in range(5, 20)], "no polymer", "*CC*"]}).to_csv(path, index=False)
    pool = gather(teacher, path, 0, 0)
    assert (pool.given, pool.generated, pool.left_out, pool.labelled) == (15, 0, 1, 10)


@pytest.mark.exhaustive
def test_bad_input_is_told_in_a_sentence(folders, teacher, student, tmp_path, capsys):
    with pytest.raises(BundleError, match="distilled already"):
        check_teacher(student)
    with pytest.raises(BundleError, match="no ensemble"):
        check_teacher(MultiModel.load_models(folders / "ensemble", nmodels=1))
    with pytest.raises(BundleError, match="judged by other networks"):
        student.recompute_out_of_fold(folders / "data.csv")
    with pytest.raises(DataError, match="too few to teach"):
        gather(teacher, None, 3, 0)
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("value\n1\n2\n")
    unread = tmp_path / "unread.csv"
    unread.write_text("smiles\nnothing\n")
    with pytest.raises(DataError, match="can be read as a polymer; its first is 'nothing'"):
        gather(teacher, unread, 40, 0)
    for arguments, said in (
        ([str(folders / "ensemble"), "--output", str(folders / "student")], "already holds a model"),
        ([str(folders / "ensemble"), "--output", str(tmp_path / "a"), "--units", str(nothing)], "has no SMILES column"),
        (
            [str(folders / "ensemble"), "--output", str(tmp_path / "a"), "--generated", "-1"],
            "The number of generated units is -1",
        ),
    ):
        assert main(["distil", *arguments]) == 1
        assert said in capsys.readouterr().err
