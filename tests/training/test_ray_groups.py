"""Groups of folds on a Ray cluster come out as on this machine; Ray itself is needed for some of it."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.tiny_models import small_table, trained

from polyid.common.progress import Progress, stage_progress
from polyid.errors import TrainingError
from polyid.training.ray_groups import ProgressOfGroups

WITH_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed ([ray])")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.csv"
    small_table().to_csv(path, index=False)
    return path


def weights(ensemble):
    return [value for model in ensemble.models for _, value in sorted(model.member.weights.items())]


@WITH_RAY
@pytest.mark.exhaustive
@pytest.mark.compiled
def test_folds_trained_on_ray_are_bit_for_bit_those_trained_here(data, tmp_path):
    here = trained(data, folds=3, group=2)
    records = []
    there = trained(data, folds=3, group=2, ray="local", progress=records.append, save_folder=tmp_path / "model")
    for x, y in zip(weights(here), weights(there), strict=True):
        np.testing.assert_array_equal(x, y)
    shares = [record.share for record in records if record.phase == "training"]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert not (tmp_path / "model" / "checkpoints").exists()


def test_keras_callbacks_are_refused_before_ray_is_looked_for(data):
    with pytest.raises(TrainingError, match="callbacks can't follow"):
        trained(data, ray="local", callbacks=[SimpleNamespace()])


def progress(folds, epoch):
    return Progress("training", folds, 4, epoch, 10, 0.5, 0.6, 1e-3, 100.0, 3.0, 9.0, 0.9)


def test_reports_of_groups_side_by_side_are_one_of_the_run():
    told = []
    trainer = SimpleNamespace(folds=[0] * 4, settings=SimpleNamespace(epochs=10))
    clock = ProgressOfGroups(trainer, 0, told.append)
    clock.tell([stage_progress("compiling")])
    clock.tell([progress((0, 1), 4), progress((2, 3), 2)])
    clock.tell([])
    clock.tell([progress((0, 1), 10), progress((2, 3), 10)])
    assert [record.share for record in told] == [None, pytest.approx(0.3), 1.0]
    assert told[1].polymers_per_second == pytest.approx(200.0) and told[1].eta_seconds >= 0
    # Folds that an earlier run has finished are done, but say nothing of the speed.
    half = ProgressOfGroups(trainer, 2, told.append)
    half.tell([progress((2, 3), 5)])
    assert told[-1].share == pytest.approx(0.75)
