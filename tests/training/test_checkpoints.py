"""Runs that are watched, cancelled, killed and resumed, and the checkpoints they resume from."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import program_environment
from helpers.tiny_models import PARAMETERS, small_table, trained

from polyid import MultiModel
from polyid.common.progress import STAGES
from polyid.errors import Cancelled, TrainingError
from polyid.training.checkpoints import CheckpointFolder
from polyid.training.group import FoldResult

COMPILED = True


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.csv"
    small_table().to_csv(path, index=False)
    return path


def weights(ensemble: MultiModel) -> list[np.ndarray]:
    return [value for model in ensemble.models for _, value in sorted(model.member.weights.items())]


@pytest.mark.slow
def test_progress_counts_up_and_cancel_stops(data):
    records = []
    trained(data, group=1, progress=records.append)
    stages = [list(STAGES).index(r.phase) for r in records]
    assert stages == sorted(stages)
    training = [r for r in records if r.phase == "training"]
    epochs = [(r.folds, r.epoch) for r in training]
    assert epochs == sorted(epochs) and epochs[-1] == ((1,), PARAMETERS["epochs"])
    assert all(r.folds_total == 2 and r.polymers_per_second > 0 for r in training)
    assert training[0].share < training[-1].share == 1.0
    # Nothing can be said before two reports of training, and on a fast machine the first is the end of an epoch.
    assert all(r.eta_seconds is None for r in records[: records.index(training[0])])
    assert all(r.eta_seconds > 0 for r in training[1:])

    def stop(record):
        if record.epoch == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        trained(data, progress=stop)


RUNNER = """
import sys
from helpers.tiny_models import trained
from pathlib import Path
trained(Path(sys.argv[1]), save_folder=sys.argv[2], resume=True, checkpoint_seconds=0.0, epochs=int(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_model(data, tmp_path):
    epochs = 25
    whole = trained(data, epochs=epochs)
    folder = tmp_path / "model"
    command = [sys.executable, "-c", RUNNER, str(data), str(folder), str(epochs)]
    environment = program_environment()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline and not list(folder.glob("checkpoints/*.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "it was at work when it was killed"
    assert not (folder / "parameters.json").exists() and list((folder / "checkpoints").glob("*.json"))
    trained(data, save_folder=str(folder), resume=True, checkpoint_seconds=0.0, epochs=epochs)
    again = MultiModel.load_models(folder)
    for x, y in zip(weights(whole), weights(again), strict=True):
        np.testing.assert_array_equal(x, y)
    assert not (folder / "checkpoints").exists()


def test_checkpoints_of_another_run_are_refused_and_damaged_ones_passed_over(tmp_path):
    folder = CheckpointFolder(tmp_path, "mine")
    for epoch in (1, 2, 3):
        folder.save({"folds": [0], "epoch": epoch}, {"w": np.full(3, epoch, np.float32)})
    assert len(list(tmp_path.glob("checkpoint-*.json"))) == 2
    assert folder.load()[1]["epoch"] == 3
    newest = max(tmp_path.glob("checkpoint-*.safetensors"))
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(bytes(content))
    with pytest.warns(UserWarning, match="damaged"):
        state = folder.load()[1]
    assert state["epoch"] == 2 and np.all(state["arrays"]["w"] == 2)
    max(tmp_path.glob("checkpoint-*.json")).write_text("{")
    with pytest.warns(UserWarning, match="can't be read"):
        assert folder.load()[1]["epoch"] == 2
    with pytest.raises(TrainingError, match="another run"):
        CheckpointFolder(tmp_path, "theirs").load()
    folder.save_results({0: FoldResult({"w": np.ones(2, np.float32)}, [{"epoch": 1}], 1)})
    finished, running = folder.load()
    assert running is None and np.all(finished[0].weights["w"] == 1)
