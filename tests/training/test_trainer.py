"""The trainer: its parts against hand-worked values and Keras, its runs against each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.paths import program_environment
from helpers.tiny_models import PARAMETERS, UNITS, small_table, trained

from polyid import MultiModel
from polyid.bundle.layout import FORMAT_VERSION
from polyid.config.settings import settings_from
from polyid.errors import TrainingError
from polyid.training.batches import padded_rows, plan, size_classes
from polyid.training.optimiser import adamw, learning_rate, masked_absolute_error


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.csv"
    small_table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def plain(data) -> MultiModel:
    """An ensemble of the settings above."""
    return trained(data)


@pytest.fixture(scope="module")
def without_dropout(data) -> MultiModel:
    return trained(data, dropout=0.0)


def weights(ensemble: MultiModel) -> list[np.ndarray]:
    return [value for model in ensemble.models for _, value in sorted(model.member.weights.items())]


def test_adamw_is_keras_adamw_member_by_member():
    import keras

    rng = np.random.default_rng(1)
    members = [[rng.normal(size=(3, 2)), rng.normal(size=(1, 4))] for _ in range(2)]
    gradients = [[[rng.normal(size=w.shape) for w in m] for m in members] for _ in range(5)]
    stacked = [np.stack(ws).astype(np.float32) for ws in zip(*members, strict=True)]
    first = [np.zeros_like(w) for w in stacked]
    second = [np.zeros_like(w) for w in stacked]
    for step, found in enumerate(gradients):
        g = [np.stack(gs).astype(np.float32) for gs in zip(*found, strict=True)]
        stacked, first, second = adamw(
            stacked,
            g,
            first,
            second,
            rate=np.full(2, 0.01, np.float32),
            correct_first=np.full(2, 1 / (1 - 0.9 ** (step + 1)), np.float32),
            correct_second=np.full(2, 1 / (1 - 0.999 ** (step + 1)), np.float32),
            active=np.ones(2, np.float32),
            decay=0.1,
            clip_norm=1.0,
        )
    for m, start in enumerate(members):
        variables = [keras.Variable(w.astype(np.float32)) for w in start]
        optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1, epsilon=1e-7, global_clipnorm=1.0)
        for found in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(g.astype(np.float32)) for g in found[m]], variables)
        for variable, ours in zip(variables, stacked, strict=True):
            np.testing.assert_allclose(np.array(ours)[m], variable.numpy(), rtol=2e-5, atol=1e-6)


def test_inactive_member_stays_as_it_is():
    w = [np.ones((2, 3), np.float32)]
    new, first, second = adamw(
        w,
        [np.full((2, 3), 0.5, np.float32)],
        [np.zeros((2, 3), np.float32)],
        [np.zeros((2, 3), np.float32)],
        rate=np.full(2, 0.1, np.float32),
        correct_first=np.full(2, 10, np.float32),
        correct_second=np.full(2, 1000, np.float32),
        active=np.array([1, 0], np.float32),
        decay=0.1,
        clip_norm=None,
    )
    assert (
        np.all(np.array(new[0])[1] == 1) and np.all(np.array(first[0])[1] == 0) and np.all(np.array(second[0])[1] == 0)
    )
    assert np.all(np.array(new[0])[0] < 1)


def test_loss_is_nfps_masked_mean_absolute_error():
    from nfp.models.losses import masked_mean_absolute_error

    rng = np.random.default_rng(2)
    targets = rng.normal(size=(2, 5, 3)).astype(np.float32)
    targets[rng.random(targets.shape) < 0.4] = np.nan
    predictions = rng.normal(size=targets.shape).astype(np.float32)
    total, count = (np.array(x) for x in masked_absolute_error(predictions, targets))
    for m in range(2):
        np.testing.assert_allclose(
            total[m] / count[m], masked_mean_absolute_error(targets[m], predictions[m]), rtol=1e-6
        )


def test_learning_rate_rises_then_falls_along_half_a_cosine():
    settings = settings_from({"learning_rate": 1.0, "warmup": 0.1, "schedule": "cosine"})
    rates = [learning_rate(settings, u, 100) for u in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5) and rates[100] == pytest.approx(0.0, abs=1e-12)
    constant = settings_from({"learning_rate": 1.0, "warmup": 0.0, "schedule": "constant"})
    assert {learning_rate(constant, u, 10) for u in range(10)} == {1.0}


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_every_epoch_shows_each_polymer_once(batch_size):
    rng = np.random.default_rng(0)
    cost = np.exp(rng.normal(5, 0.7, (200, 1)) + rng.normal(0, 0.1, (200, 4))).astype(int)
    folds = [rng.permutation(200)[:150] for _ in range(3)]
    layout = plan(cost, folds, batch_size, seed=4)
    for fold, members in enumerate(folds):
        first, second = (layout.epoch(fold, members, e) for e in (0, 1))
        for epoch in (first, second):
            assert sorted(np.concatenate(epoch)) == sorted(members)
            assert max(map(len, epoch)) <= batch_size
            assert len(epoch) == layout.steps_per_epoch
        assert [list(b) for b in first] != [list(b) for b in second]
        assert [list(b) for b in first] == [list(b) for b in layout.epoch(fold, members, 0)]


def test_size_classes_waste_little():
    rng = np.random.default_rng(1)
    sizes = np.exp(rng.normal(5, 0.4, (600, 1)) + rng.normal(0, 0.15, (600, 8))).astype(int)
    waste = []
    for classes in (1, 8, 32):
        label = size_classes(sizes, classes)
        assert set(label) == set(range(classes))
        padded = sum(padded_rows(sizes[label == c]).sum() * np.sum(label == c) for c in range(classes))
        waste.append(1 - sizes.sum() / padded)
    assert waste[0] > waste[1] > waste[2] and waste[2] < 0.25


@pytest.mark.compiled
def test_same_seed_same_ensemble_and_another_seed_another(data):
    a, b, c = trained(data), trained(data), trained(data, seed=4)
    for x, y in zip(weights(a), weights(b), strict=True):
        np.testing.assert_array_equal(x, y)
    assert any(not np.array_equal(x, y) for x, y in zip(weights(a), weights(c), strict=True))


@pytest.mark.compiled
def test_folds_trained_together_or_alone_come_out_the_same(data):
    alone, together = trained(data, folds=3, group=1), trained(data, folds=3, group=3)
    for a, b in zip(alone.models, together.models, strict=True):
        losses = [[row["loss"] for row in m.member.log] for m in (a, b)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=2e-3)
    for x, y in zip(weights(alone), weights(together), strict=True):
        np.testing.assert_allclose(x, y, rtol=0.02, atol=2e-3)


def test_mixed_precision_trains_nearly_the_same(data):
    gentle = {"epochs": 3, "dropout": 0.0, "learning_rate": 0.001}
    exact, mixed = trained(data, **gentle), trained(data, mixed_precision=True, **gentle)
    for a, b in zip(exact.models, mixed.models, strict=True):
        np.testing.assert_allclose(a.df_loss_log["loss"], b.df_loss_log["loss"], rtol=0.02)
        assert not np.array_equal(a.df_loss_log["loss"], b.df_loss_log["loss"])


@pytest.mark.compiled
def test_loss_goes_down_on_the_training_data(data):
    ensemble = trained(data, epochs=40, dropout=0.0)
    for model in ensemble.models:
        log = model.df_loss_log["loss"]
        assert log.iloc[-5:].mean() < 0.6 * log.iloc[:3].mean()


@pytest.mark.slow
def test_early_stopping_keeps_the_best_epoch_also_when_others_train_on(data):
    stopping = {"epochs": 40, "patience": 2, "keep": "best", "learning_rate": 0.05, "dropout": 0.0}
    alone, together = trained(data, group=1, **stopping), trained(data, group=2, **stopping)
    lengths = [len(m.df_loss_log) for m in alone.models]
    assert max(lengths) < 40 and len(set(lengths)) > 1
    for model in alone.models:
        log = model.df_loss_log
        assert len(log) == log["epoch"][log["val_loss"].idxmin()] + 2
    for a, b in zip(alone.models, together.models, strict=True):
        short = min(len(a.df_loss_log), len(b.df_loss_log), 8)
        np.testing.assert_allclose(a.df_loss_log["loss"][:short], b.df_loss_log["loss"][:short], rtol=0.02)


def test_a_batch_too_large_for_the_memory_is_accumulated_to_the_same_result(data, without_dropout, monkeypatch):
    from polyid.training.steps_tensorflow import TensorFlowSteps as steps

    class ResourceExhaustedError(Exception):
        pass

    def limited(name, most):
        function = getattr(steps, name)

        def call(self, batch, targets, *rest):
            if targets.shape[1] > most:
                raise ResourceExhaustedError("no memory left")
            return function(self, batch, targets, *rest)

        monkeypatch.setattr(steps, name, call)

    limited("advance", 2)
    limited("gradients", 2)
    with pytest.warns(UserWarning, match="accumulated over 2 parts"):
        parts = trained(data, dropout=0.0)
    for a, b in zip(without_dropout.models, parts.models, strict=True):
        np.testing.assert_allclose(a.df_loss_log["loss"], b.df_loss_log["loss"], rtol=1e-3)

    limited("advance", 0)
    limited("gradients", 0)
    with pytest.raises(TrainingError, match="memory is too small"), pytest.warns(UserWarning):
        trained(data)


@pytest.mark.slow
@pytest.mark.jax
def test_jax_trains_to_the_same_losses_and_answers_the_same(data, plain, tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    code = """
import sys, json
from helpers.tiny_models import UNITS, trained
from pathlib import Path
ensemble = trained(Path(sys.argv[1]), save_folder=sys.argv[3])
losses = [m.df_loss_log["loss"].tolist() for m in ensemble.models]
answers = ensemble.predict(UNITS).to_frame().select_dtypes("number").to_dict("list")
Path(sys.argv[2]).write_text(json.dumps([losses, answers]))
"""
    out, folder = tmp_path / "found.json", tmp_path / "model"
    subprocess.run(
        [sys.executable, "-c", code, str(data), str(out), str(folder)],
        env=program_environment(KERAS_BACKEND="jax"),
        check=True,
    )
    losses, answers = json.loads(out.read_text())
    for model, found in zip(plain.models, losses, strict=True):
        np.testing.assert_allclose(found, model.df_loss_log["loss"], rtol=2e-3)
    expected = MultiModel.load_models(folder).predict(UNITS).to_frame()
    assert len(answers) > 4
    np.testing.assert_allclose(pd.DataFrame(answers), expected[list(answers)], rtol=1e-4, atol=1e-4)


def test_keras_callbacks_run_and_can_stop_a_member(data):
    import keras

    seen = []

    class Recorder(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, dict(logs)))
            if epoch == 2:
                self.model.stop_training = True

    ensemble = trained(data, callbacks=[Recorder()])
    assert [e for e, _ in seen] == [0, 1, 2, 0, 1, 2] or [e for e, _ in seen] == [0, 0, 1, 1, 2, 2]
    assert all({"loss", "val_loss"} <= set(logs) for _, logs in seen)
    assert all(len(m.df_loss_log) == 3 for m in ensemble.models)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": -1}, "learning_rate is -1"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_impossible_settings_are_refused_by_name(changes, said):
    with pytest.raises(TrainingError, match=said):
        settings_from({**PARAMETERS, **changes})


def test_too_many_folds_and_unlabelled_folds_are_refused(data, tmp_path):
    ensemble = MultiModel()
    ensemble.load_dataset(data, ["Tg"])
    with pytest.raises(TrainingError, match="11 folds need at least 11 different polymers"):
        ensemble.split_data(11)
    with pytest.raises(TrainingError, match="The number of folds is 1; it must be a whole number from 2"):
        ensemble.split_data(1)
    frame = small_table()
    frame.loc[1:, "Tm"] = np.nan
    frame.to_csv(tmp_path / "one.csv", index=False)
    ensemble.load_dataset(tmp_path / "one.csv", ["Tg", "Tm"])
    with pytest.raises(TrainingError, match=r"Fold \d has no training label of Tm.*Leave Tm out"):
        ensemble.split_data(3)


def test_folds_never_split_a_polymer(tmp_path):
    frame = small_table()
    stereo = pd.DataFrame(
        {
            "smiles_monomer": [
                "C[C@@H](O)C(=O)O",
                "C[C@H](O)C(=O)O",
                "CC(O)C(=O)O",
                "C[C@H](O)C(=O)O.C[C@@H](O)C(=O)O",
            ],
            "smiles_polymer": ["O[C@@H](C)C(=O)O[C@@H](C)C(=O)O[C@@H](C)C(=O)OC", "O[C@H](C)C(=O)O[C@H](C)C(=O)OC"] * 2,
            "Tg": [55.0, 55.0, 50.0, 52.0],
            "pm": [1.0, 1.0, 0.5, 0.7],
        }
    )
    data = pd.concat([frame, stereo, stereo.assign(replicate_structure=1)], ignore_index=True)
    data.to_csv(tmp_path / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_dataset(tmp_path / "data.csv", ["Tg"])
    for seed in range(4):
        ensemble.split_data(4, seed=seed)
        homes = [m.df_validate["smiles_polymer"].str.contains("@").sum() for m in ensemble.models]
        assert sorted(homes) == [0, 0, 0, 8]
        held_out = pd.concat([m.df_validate for m in ensemble.models])
        assert sorted(held_out.index) == list(range(len(data)))
    first = [m.df_validate.index.tolist() for m in ensemble.models]
    ensemble.split_data(4, seed=3)
    assert first == [m.df_validate.index.tolist() for m in ensemble.models]


@pytest.mark.slow
def test_saved_files_hold_nothing_that_executes(data, tmp_path):
    ensemble = trained(data, save_folder=tmp_path / "model")
    names = {str(p.relative_to(tmp_path / "model")) for p in (tmp_path / "model").rglob("*") if p.is_file()}
    pictures = {name for name in names if name.startswith("report/")}
    assert "report/learning_curves.png" in pictures
    for name in pictures:
        assert (tmp_path / "model" / name).read_bytes().startswith(b"\x89PNG")
    top = {"parameters.json", "metrics.json", "splits.json", "README.md", "calibration.json"}
    assert names - pictures == top | {"domain.safetensors", "domain.json"} | {
        f"model_fold_{i}/{n}"
        for i in range(2)
        for n in ("model.safetensors", "preprocessor.json", "scaler.json", "training_log.csv")
    }
    manifest = json.loads((tmp_path / "model/parameters.json").read_text())
    assert manifest["format_version"] == FORMAT_VERSION and manifest["versions"]["tensorflow"]
    again = MultiModel.load_models(tmp_path / "model")
    frame = pd.DataFrame({"smiles_polymer": [*UNITS, small_table()["smiles_polymer"][0]]})
    pd.testing.assert_frame_equal(
        again.make_aggregate_predictions(frame), ensemble.make_aggregate_predictions(frame), check_exact=True
    )
