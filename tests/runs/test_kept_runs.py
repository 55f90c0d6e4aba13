"""A run outlives its machine: it is kept on a working branch, found again on an empty disk, checked, and ends at the same weights."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import keras  # noqa: F401 (loaded before the first test, so that networks run step by step)
import numpy as np
import pytest
from helpers.paths import TOP
from helpers.tiny_models import small_table, trained
from huggingface_hub import HfApi

from polyid import runs
from polyid.errors import Cancelled, HubError, TrainingError
from polyid.hub import client
from polyid.hub.versions import list_versions
from polyid.hub.working import Working, forget_working, list_working
from polyid.runs import backup, launch
from polyid.runs.backup import Backup, is_wanted
from polyid.runs.restore import restore, unfinished

sys.path.insert(0, str(TOP / "trainer_space"))

import kept_handlers
import run_view

SETTINGS = {"epochs": 2, "checkpoint_seconds": 0.0, "batch_size": 10}
FOLDS = 3


@pytest.fixture
def api(local_hub, tmp_path, monkeypatch):
    monkeypatch.setenv("POLYID_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    monkeypatch.setattr(launch, "spawn_process", lambda *arguments, **keywords: None)
    return HfApi(endpoint=local_hub.endpoint, token=local_hub.token)


@pytest.fixture
def table(tmp_path):
    small_table().to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


def begun(tmp_path: Path, table: Path, repo_id: str, **changes) -> runs.Run:
    return runs.start(
        tmp_path / "runs", table, properties=["Tg", "Tm"], preset="small", repo_id=repo_id, backup=True, **changes
    )


def trained_until(folder: Path, table: Path, fold: int | None = None, epoch: int = 0, resume: bool = False) -> list:
    """Train, and lose the process when a fold has come to an epoch, or else when all have; gives what was reported."""
    reported = []

    def lost(progress):
        if progress.phase == "training":
            reported.append((progress.folds, progress.epoch))
        if progress.phase == "calibrating" or (fold in progress.folds and progress.epoch == epoch):
            raise Cancelled

    with pytest.raises(Cancelled):
        trained(table, FOLDS, save_folder=folder, progress=lost, resume=resume, **SETTINGS)
    return reported


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("checkpoints/fold-*.safetensors")}


def test_a_lost_run_is_found_again_and_ends_at_the_same_weights(tmp_path, table, api):
    api.create_repo("ada/kept", private=True)
    before = api.repo_info("ada/kept").sha
    run, noted = begun(tmp_path, table, "ada/kept"), []
    trained_until(run.bundle, table, fold=2, epoch=2)
    Backup(run, None, noted.append).last()
    assert noted[0]["error"] is None and noted[0]["branch"] == f"polyid-working/{run.name}"
    kept = api.list_repo_files("ada/kept", revision=noted[0]["branch"])
    assert {"data/mine.csv", "request.json"} <= set(kept)
    assert sum("/fold-" in name for name in kept) == 4, "two finished folds"
    assert sum("/checkpoint-" in name for name in kept) == 2, "the newest checkpoint alone"
    assert len(api.list_repo_commits("ada/kept", revision=noted[0]["branch"])) == 1, "earlier backups take no room"
    assert api.repo_info("ada/kept").sha == before, "main shows nothing of it"
    assert [version.name for version in list_versions("ada/kept")] == ["main"]

    shutil.rmtree(tmp_path / "runs")
    (found,) = unfinished("ada/kept", tmp_path / "runs", None)
    assert found.working.name == run.name and "small" in found.line and "at work elsewhere" in found.line
    again = restore(tmp_path / "runs", found.working)
    assert (again.record.state, again.resumable) == ("failed", True)
    assert "can be continued" in again.record.error
    assert (again.folder / again.request.data).read_bytes() == table.read_bytes()
    reported = trained_until(again.bundle, again.folder / again.request.data, resume=True)
    assert all(folds == (2,) for folds, _ in reported), "finished folds are not trained again"
    trained_until(tmp_path / "undisturbed", table)
    assert len(weights(again.bundle)) == FOLDS
    assert weights(again.bundle) == weights(tmp_path / "undisturbed")

    Backup(runs.read(again.folder), None, noted.append).forget()
    assert list_working("ada/kept", None) == []


def test_a_public_repo_does_not_keep_the_table_which_is_found_by_its_hash(tmp_path, table, api):
    run, noted = begun(tmp_path, table, "ada/public"), []
    trained_until(run.bundle, table, fold=0, epoch=2)
    Backup(run, None, noted.append).last()
    assert noted[0]["error"] is None, "the repo is made where there is none"
    kept = api.list_repo_files("ada/public", revision=noted[0]["branch"])
    assert not [name for name in kept if name.startswith("data/") or name == "held_out.csv"]
    shutil.rmtree(tmp_path / "runs")
    with pytest.raises(TrainingError, match=r"does not keep the table of a run: choose mine.csv under Data"):
        restore(tmp_path / "runs", Working("ada/public", run.name, _head(api, "ada/public", run.name)))
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]

    # The page offers it, and goes on with the table of the form.
    box, said, chosen = kept_handlers.look("ada/public")
    assert box["visible"] and "An unfinished run is kept" in said and chosen["value"] == run.name
    _, answer = kept_handlers.go_on("ada/public", run.name, upload=str(table))
    assert answer == {"ok": True, "message": f"Run {run.name} is here again and goes on.", "run": run.name}
    again = runs.read(runs.default_folder() / run.name)
    assert again.active and again.resumable
    assert "Kept on the Hub" in run_view.card(again)
    assert kept_handlers.look("ada/public")[0] == {"visible": False, "__type__": "update"}


def test_what_fails_is_noted_and_stops_nothing(tmp_path, table, api, monkeypatch):
    run, noted = begun(tmp_path, table, "ada/away"), []
    trained_until(run.bundle, table, fold=0, epoch=2)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setenv("POLYID_BACKUP_SECONDS", "0.05")
    with Backup(run, None, noted.append):
        time.sleep(0.6)
    assert "can't be reached" in noted[0]["error"] and noted[0]["at"] is None
    assert not (run.folder / ".backup").exists()


def test_only_a_disk_that_is_lost_needs_it(tmp_path, monkeypatch):
    assert not is_wanted(tmp_path)
    monkeypatch.setenv("SPACE_ID", "ada/trainer")
    assert is_wanted(tmp_path)
    monkeypatch.setattr("polyid.runs.backup.os.path.ismount", lambda path: path == tmp_path.parent)
    assert not is_wanted(tmp_path / "polyid_runs"), "a bucket is mounted"
    monkeypatch.setenv("POLYID_BACKUP", "always")
    assert is_wanted(tmp_path)


def _head(api: HfApi, repo_id: str, name: str) -> str:
    branches = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo_id).branches}
    return branches[f"polyid-working/{name}"]


@pytest.fixture(scope="module")
def honest(tmp_path_factory, local_hub):
    """The files of a run's working branch, before somebody changes them."""
    place = tmp_path_factory.mktemp("honest")
    small_table().to_csv(place / "mine.csv", index=False)
    patch = pytest.MonkeyPatch()
    patch.setattr(launch, "spawn_process", lambda *arguments, **keywords: None)
    run = begun(place, place / "mine.csv", "ada/hostile")
    trained_until(run.bundle, place / "mine.csv", fold=0, epoch=2)
    patch.undo()
    return run.folder


def _request(**changes):
    def change(folder: Path) -> None:
        content = json.loads((folder / "request.json").read_text())
        (folder / "request.json").write_text(json.dumps({**content, **changes}))

    return change


def _checkpoint(**changes):
    def change(folder: Path) -> None:
        path = sorted(folder.glob("model/checkpoints/checkpoint-*.json"))[-1]
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def _arrays(content: bytes):
    def change(folder: Path) -> None:
        next(folder.glob("model/checkpoints/checkpoint-*.safetensors")).write_bytes(content)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_request(data="data/../../../etc/passwd"), "request.json can't be used: data is"),
        (_request(data="/etc/passwd"), "request.json can't be used: data is"),
        (_request(repo_id="ada/other"), "is of another repo, ada/other"),
        (_request(init_from="/etc"), "neither a folder here nor the name of a model repo"),
        (_request(preset="../small"), "no preset"),
        (_request(epochs=-1), "number of epochs is -1"),
        (_request(afterwards="rm -rf"), "nothing to do afterwards"),
        (_request(command="rm"), "an entry command"),
        (_checkpoint(folds=["a"]), "folds.0 is 'a'"),
        (_checkpoint(states=[{}]), "it lacks states.0.updates"),
        (_arrays(b"\x80\x04cos\nsystem\n"), "its header of"),
        (_arrays(np.arange(9).tobytes()), "its header of"),
    ],
)
def test_a_branch_that_is_no_run_is_refused_in_a_sentence(tmp_path, honest, api, change, sentence):
    folder = tmp_path / "changed"
    shutil.copytree(honest, folder)
    change(folder)
    (folder / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/evil'\ntR.")
    _put(api, "ada/hostile", honest.name, folder)
    with pytest.raises((TrainingError, HubError), match=sentence):
        restore(tmp_path / "runs", Working("ada/hostile", honest.name, _head(api, "ada/hostile", honest.name)))
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]
    forget_working("ada/hostile", honest.name, None)


def test_files_that_are_none_of_a_runs_stay_where_they_are(tmp_path, honest, api):
    folder = tmp_path / "more"
    shutil.copytree(honest, folder)
    for name in ("model/custom.py", "data/.hidden", "process.json", "cancel", "model/checkpoints/run.sh"):
        (folder / name).write_text("1")
    _put(api, "ada/hostile", honest.name, folder)
    run = restore(tmp_path / "runs", Working("ada/hostile", honest.name, _head(api, "ada/hostile", honest.name)))
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert {"request.json", "record.json", "data/mine.csv"} <= names
    assert not names & {"model/custom.py", "data/.hidden", "process.json", "cancel", "model/checkpoints/run.sh"}


def _put(api: HfApi, repo_id: str, name: str, folder: Path) -> None:
    api.create_repo(repo_id, exist_ok=True)
    api.create_branch(repo_id, branch=f"polyid-working/{name}", exist_ok=True)
    api.upload_folder(repo_id=repo_id, folder_path=folder, revision=f"polyid-working/{name}")


@pytest.mark.parametrize(
    ("said", "meant"), [("0.05", 0.05), ("soon", 300), ("-1", 300), ("nan", 300), ("inf", 300), ("", 300)]
)
def test_a_pause_that_is_no_number_does_not_end_the_backups(said, meant, monkeypatch):
    monkeypatch.setenv("POLYID_BACKUP_SECONDS", said)
    assert backup.least_seconds() == meant
