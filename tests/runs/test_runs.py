"""A run is a process of its own, and its record on disk tells the truth whatever happens to that process."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from polyid import runs
from polyid.errors import TrainingError
from polyid.runs import launch, process, record
from polyid.runs.afterwards import tend
from polyid.runs.notification import tell

TOKEN = "hf_secretsecretsecret"

# The child's entry with short stand-ins for training and publishing: what is tested here is the record, not the
# network. `MODE` in the environment chooses how they behave.
CHILD = """
import errno, os, pathlib, sys, time
from polyid.runs import process, worker
from polyid.errors import HubError
from polyid.common.progress import Progress

mode = os.environ["MODE"]
process.CHILD = (sys.executable, __file__)

def train(data, output, *, properties, preset, folds, epochs, seed, split, columns, resume, progress, **more):
    nan = float("nan")
    print("training with", os.environ.get("HF_TOKEN"))
    progress(Progress("reading", (), folds, 0, epochs, nan, nan, nan, nan, 0.0, None))
    if mode == "crash":
        raise KeyError("smiles_monomer " + os.environ["HF_TOKEN"])
    if mode == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    if mode == "hang":
        time.sleep(600)
    checkpoint = output / "checkpoints" / "last.json"
    first = int(checkpoint.read_text()) if resume else 1
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    for epoch in range(first, epochs + 1):
        checkpoint.write_text(str(epoch))
        now = tuple(range(folds)), folds, epoch, epochs
        progress(Progress("training", *now, 1 / epoch, nan, 1e-3, 10.0, epoch, 1.0))
        time.sleep(0.05)
    checkpoint.unlink()
    checkpoint.parent.rmdir()
    (output / "parameters.json").write_text("{}")

class Publication:
    commit = "c" * 40
    commit_url = "http://hub/commit/" + "c" * 40

def publish(folder, repo_id, *, tag, branch, private, notes, token):
    if mode == "refused" or repo_id.startswith("someone/"):
        raise HubError(f"{repo_id} isn't yours: choose a repo of your own.")
    if mode == "publish-hangs":
        time.sleep(600)
    assert token == os.environ.get("HF_TOKEN") and notes is None
    return Publication()

if __name__ == "__main__":
    sys.exit(worker.execute(sys.argv[1], train=train, publish=publish))
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "my polymers.csv"
    path.write_text("smiles_polymer,Glass_Transition\nCC,1\n")
    return path


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Put the stand-in child in place; yields a setter of its mode, and ends what a failing test left running."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    monkeypatch.setattr(process, "CHILD", (sys.executable, str(script)))
    monkeypatch.setenv("MODE", "normal")
    yield lambda mode: monkeypatch.setenv("MODE", mode)
    run = runs.latest(tmp_path / "runs")
    if run is not None and run.active and run.pid:
        os.kill(run.pid, signal.SIGKILL)


def begin(tmp_path: Path, table: Path, **changes) -> runs.Run:
    settings = {
        "properties": ["Glass_Transition"],
        "preset": "small",
        "folds": 3,
        "epochs": 4,
        "repo_id": "demo/polyid-models",
        "token": TOKEN,
    }
    return runs.start(tmp_path / "runs", table, **{**settings, **changes})


def wait(folder: Path, condition, seconds: float = 120) -> runs.Run:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run = runs.read(folder)
        if condition(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"still {run.record} after {seconds} s; log: {(folder / 'log.txt').read_text()}")


def finished(run: runs.Run) -> bool:
    return run.record.state in runs.FINISHED


def test_a_run_goes_from_start_to_commit(tmp_path, table, child):
    started = begin(tmp_path, table, tag="v1")
    assert started.active
    run = wait(started.folder, finished)
    assert run.record.state == "done"
    assert run.record.commit == "c" * 40
    assert run.record.commit_url.endswith("c" * 40)
    assert run.record.created <= run.record.started <= run.record.finished
    assert run.trained
    history = [row for row in run.history() if row["phase"] == "training"]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert [row["train_loss"] for row in history] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert {row["folds"] for row in history} == {"1-3"}
    assert {row["validation_loss"] for row in history} == {None}
    assert run.record.progress["epoch"] == 4
    assert run.request.tag == "v1"
    assert json.loads(json.dumps(run.summary(), allow_nan=False))["state"] == "done"


def test_the_table_is_kept_with_the_run(tmp_path, table, child):
    content = table.read_bytes()
    run = begin(tmp_path, table)
    table.unlink()
    run = wait(run.folder, finished)
    assert (run.folder / run.request.data).read_bytes() == content
    assert run.record.state == "done"


def test_a_changed_table_is_not_trained_on(tmp_path, table, child, monkeypatch):
    monkeypatch.setattr(launch, "spawn_process", lambda *arguments, **keywords: None)
    run = begin(tmp_path, table)
    (run.folder / run.request.data).write_text("something else")
    answer = subprocess.run([*process.CHILD, run.folder], env={**os.environ, "PYTHONPATH": os.getcwd()}, check=False)
    assert answer.returncode == 1
    assert "was changed on disk" in runs.read(run.folder).record.error


def test_a_second_start_waits_its_turn_and_begins_when_the_first_has_ended(tmp_path, table, child):
    first = begin(tmp_path, table, epochs=20)
    second, third = begin(tmp_path, table), begin(tmp_path, table)
    assert (first.active, second.waiting, third.waiting) == (True, True, True)
    assert [run.name for run in runs.queue(tmp_path / "runs")] == [second.name, third.name]
    assert runs.latest(tmp_path / "runs").name == first.name
    removed = runs.cancel(third.folder)
    assert (removed.record.state, removed.record.line) == ("cancelled", "Removed from the queue")
    assert wait(second.folder, finished).record.state == "done"
    first, second = runs.read(first.folder), runs.read(second.folder)
    assert second.record.started >= first.record.finished
    assert runs.read(third.folder).record.state == "cancelled"
    assert runs.latest(tmp_path / "runs").name == second.name, "a run that never had its turn isn't the one to look at"


def test_the_queue_goes_on_behind_a_killed_run(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=10_000)
    waiting = begin(tmp_path, table)
    wait(run.folder, lambda run: run.record.state == "training")
    os.kill(runs.read(run.folder).pid, signal.SIGKILL)
    wait(run.folder, finished)
    tend(tmp_path / "runs", lambda run: TOKEN, 0.0)
    assert wait(waiting.folder, lambda run: run.record.state == "done").record.commit


def test_another_s_run_begins_with_another_s_token(tmp_path, table, child):
    first = begin(tmp_path, table, user="ada")
    second = begin(tmp_path, table, user="bob", epochs=10_000)
    wait(first.folder, finished)
    time.sleep(1.0)
    assert runs.read(second.folder).waiting, "the process of ada's run has no token of bob's"
    tend(tmp_path / "runs", lambda run: "hf_of_bob" if run is not None and run.request.user == "bob" else TOKEN, 0.0)
    began = wait(second.folder, lambda run: run.record.state == "training")
    assert psutil.Process(began.pid).environ()["HF_TOKEN"] == "hf_of_bob"
    runs.cancel(second.folder)
    wait(second.folder, finished)


def test_starts_at_the_same_moment_make_one_run_and_a_queue(tmp_path, table, child):
    """Two pages' processes, one folder: the lock lets one of them through at a time."""
    child("hang")
    program = (
        "from polyid import runs; from polyid.runs import process\n"
        f"process.CHILD = {process.CHILD!r}\n"
        f"runs.start({str(tmp_path / 'runs')!r}, {str(table)!r}, properties=['a'], preset='small', repo_id='a/b')\n"
    )
    pages = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", program]) for _ in range(3)]
    assert [page.wait(120) for page in pages] == [0, 0, 0]
    known = runs.every(tmp_path / "runs")
    assert sorted((run.active, run.waiting) for run in known) == [(False, True), (False, True), (True, False)]
    for run in runs.queue(tmp_path / "runs"):
        runs.cancel(run.folder)


def test_a_run_is_deleted_but_not_while_it_works(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=10_000)
    with pytest.raises(TrainingError, match="at work: cancel it first"):
        runs.delete(run.folder)
    runs.cancel(run.folder)
    wait(run.folder, finished)
    runs.delete(run.folder)
    assert runs.every(tmp_path / "runs") == []
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]


def test_a_full_disk_at_the_start_is_a_sentence_and_leaves_nothing(tmp_path, table, child, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(launch.shutil, "copyfile", full)
    with pytest.raises(TrainingError, match="disk is full: delete older runs"):
        begin(tmp_path, table)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]


def test_a_full_disk_in_the_middle_is_the_same_sentence(tmp_path, table, child):
    child("full")
    run = wait(begin(tmp_path, table).folder, finished)
    assert run.record.error.startswith("The disk is full")
    assert "OSError" in run.log()


@pytest.mark.parametrize("mode", ["normal", "crash", "publish-refused"])
def test_the_space_pauses_itself_whatever_came_of_the_run(tmp_path, table, child, local_hub, monkeypatch, mode):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    api.create_repo("ada/trainer", repo_type="space", space_sdk="gradio", exist_ok=True)
    api.upload_file(path_or_fileobj=b"", path_in_repo="app.py", repo_id="ada/trainer", repo_type="space")
    api.restart_space("ada/trainer")
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    child("refused" if mode == "publish-refused" else mode)
    begin(tmp_path, table, afterwards="pause", space="ada/trainer", token=local_hub.token)
    run = wait(
        runs.latest(tmp_path / "runs").folder,
        lambda run: run.record.afterwards and "is paused" in run.record.afterwards,
    )
    assert run.record.state == ("done" if mode == "normal" else "failed")
    assert api.get_space_runtime("ada/trainer").stage == "PAUSED"


def test_the_space_steps_down_after_a_killed_run_nobody_watched(tmp_path, table, child, local_hub, monkeypatch):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    api.create_repo("ada/stepper", repo_type="space", space_sdk="gradio", space_hardware="a10g-small", exist_ok=True)
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    run = begin(tmp_path, table, epochs=10_000, afterwards="cpu", space="ada/stepper", token=local_hub.token)
    run = wait(run.folder, lambda run: run.record.state == "training")
    os.kill(run.pid, signal.SIGKILL)
    wait(run.folder, finished)
    tend(tmp_path / "runs", lambda run: local_hub.token, time.time() + 60)
    assert api.get_space_runtime("ada/stepper").requested_hardware == "a10g-small", "what ended before is left as it is"
    tend(tmp_path / "runs", lambda run: local_hub.token, 0.0)
    assert api.get_space_runtime("ada/stepper").requested_hardware == "cpu-basic"
    assert "steps down" in runs.read(run.folder).record.afterwards


def test_a_refused_pause_says_that_money_runs_on(tmp_path, table, child, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    begin(tmp_path, table, afterwards="pause", space="ada/trainer")
    run = wait(
        runs.latest(tmp_path / "runs").folder, lambda run: run.record.afterwards and "paid" in run.record.afterwards, 40
    )
    assert "Pause the Space in its settings" in run.record.afterwards


def test_the_stages_and_the_cost_are_told(tmp_path, table, child):
    run = wait(begin(tmp_path, table, dollars_an_hour=3600.0).folder, finished)
    assert list(run.record.stages) and set(run.record.stages) == {"reading", "training", "upload"}
    assert run.dollars == pytest.approx(run.record.finished - run.record.started)


def test_the_run_outlives_the_process_that_started_it(tmp_path, table, child):
    program = (
        "from polyid import runs; from polyid.runs import process\n"
        f"process.CHILD = {process.CHILD!r}\n"
        f"runs.start({str(tmp_path / 'runs')!r}, {str(table)!r}, properties=['a'], preset='small', folds=2, epochs=20,"
        " repo_id='a/b')\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
    run = runs.latest(tmp_path / "runs")
    assert run.active
    assert wait(run.folder, finished).record.state == "done"


def test_cancel_stops_at_the_next_report(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=10_000)
    wait(run.folder, lambda run: run.record.state == "training")
    assert runs.cancel(run.folder).cancelling
    run = wait(run.folder, finished)
    assert run.record.state == "cancelled"
    assert run.record.error is None
    assert not run.trained
    child("normal")
    assert wait(begin(tmp_path, table).folder, finished).record.state == "done"


def test_cancel_ends_a_process_that_does_not_report(tmp_path, table, child, monkeypatch):
    child("hang")
    script = Path(process.CHILD[1])
    script.write_text(script.read_text().replace("\nmode =", "\nworker.GRACE_SECONDS = 0.5\nmode ="))
    run = begin(tmp_path, table)
    wait(run.folder, lambda run: run.record.state == "preparing")
    runs.cancel(run.folder)
    assert wait(run.folder, finished).record.state == "cancelled"


def test_a_killed_run_is_shown_as_interrupted_and_blocks_nothing(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=10_000)
    run = wait(run.folder, lambda run: run.record.state == "training")
    os.kill(run.pid, signal.SIGKILL)
    run = wait(run.folder, finished)
    assert run.record.state == "failed"
    assert "interrupted" in run.record.error
    assert "continued from its last checkpoint" in run.record.error
    assert run.record.finished
    assert wait(begin(tmp_path, table).folder, finished).record.state == "done"


def test_another_process_with_the_same_number_is_not_the_run(tmp_path, table, child):
    """After a restart the number may belong to anyone: here, to this test."""
    run = begin(tmp_path, table, epochs=10_000)
    run = wait(run.folder, lambda run: run.record.state == "training")
    os.kill(run.pid, signal.SIGKILL)
    noted = json.loads((run.folder / "process.json").read_text())
    (run.folder / "process.json").write_text(json.dumps({**noted, "pid": os.getpid()}))
    assert runs.read(run.folder).record.state == "failed"


def test_a_process_noted_by_an_older_version_is_taken_for_dead(tmp_path, table, child):
    """Versions before knew a process by the identity that the system gave it."""
    run = begin(tmp_path, table, epochs=10_000)
    run = wait(run.folder, lambda run: run.record.state == "training")
    noted = (run.folder / "process.json").read_text()
    (run.folder / "process.json").write_text(json.dumps({"pid": run.pid, "identity": "boot 12345"}))
    assert runs.read(run.folder).record.state == "failed"
    (run.folder / "process.json").write_text(noted)
    assert runs.read(run.folder).active


def test_a_process_is_known_although_the_clock_was_set(tmp_path, table, child, monkeypatch):
    """An hour forward: all times since the epoch move, that of the machine's start too."""
    run = begin(tmp_path, table, epochs=10_000)
    create_time, boot_time = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot_time() + 3600)
    assert runs.read(run.folder).active


def test_a_failed_publication_keeps_the_model_and_can_be_repeated(tmp_path, table, child):
    run = wait(begin(tmp_path, table, repo_id="someone/models").folder, finished)
    assert run.record.state == "failed"
    assert "isn't yours" in run.record.error
    assert "model is kept" in run.record.error
    assert run.trained
    trained = (run.bundle / "parameters.json").stat().st_mtime_ns
    shutil.rmtree(run.folder / "data")  # not needed any more: nothing is trained twice
    run = wait(runs.resume(run.folder, repo_id="demo/models", token=TOKEN).folder, finished)
    assert run.record.state == "done"
    assert run.request.repo_id == "demo/models"
    assert run.record.error is None
    assert (run.bundle / "parameters.json").stat().st_mtime_ns == trained


def test_an_interrupted_run_continues_from_its_checkpoint(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=40)
    run = wait(run.folder, lambda run: run.record.state == "training" and run.record.progress["epoch"] >= 5)
    os.kill(run.pid, signal.SIGKILL)
    run = wait(run.folder, finished)
    assert run.resumable
    reached = run.record.progress["epoch"]
    lines = len((run.folder / "progress.csv").read_text().splitlines())
    run = wait(runs.resume(run.folder, token=TOKEN).folder, finished)
    assert run.record.state == "done"
    assert [row["epoch"] for row in run.history() if row["phase"] == "training"] == list(range(1, 41))
    told_again = len((run.folder / "progress.csv").read_text().splitlines()) - lines
    assert told_again <= 40 - reached + 2, "it began anew"


def test_a_run_is_not_resumed_while_one_is_at_work(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=10_000)
    with pytest.raises(TrainingError, match="at work"):
        runs.resume(run.folder)


def test_an_unexpected_error_is_one_sentence_and_the_trace_is_in_the_log(tmp_path, table, child):
    child("crash")
    run = wait(begin(tmp_path, table).folder, finished)
    assert run.record.state == "failed"
    assert run.record.error.startswith("KeyError")
    assert "Traceback" not in run.record.error
    assert "Traceback" in (run.folder / "log.txt").read_text()


@pytest.mark.parametrize("mode", ["normal", "crash"])
def test_the_token_is_written_nowhere(tmp_path, table, child, mode):
    child(mode)
    run = wait(begin(tmp_path, table).folder, finished)
    files = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path.name for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert "<token>" in (run.folder / "log.txt").read_text()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 0}, "number of epochs is 0"),
        ({"epochs": -3}, "number of epochs is -3"),
        ({"folds": 1}, "number of folds is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"properties": []}, "No property is chosen"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_starts(tmp_path, table, child, changes, sentence):
    with pytest.raises(TrainingError, match=sentence):
        begin(tmp_path, table, **changes)
    assert runs.latest(tmp_path / "runs") is None


def test_a_run_without_a_process_counts_as_starting_only_for_a_moment(tmp_path, table, child, monkeypatch):
    """The page died between writing the record and starting the process."""
    monkeypatch.setattr(launch, "spawn_process", lambda *arguments, **keywords: None)
    run = begin(tmp_path, table)
    assert run.active
    monkeypatch.setattr(record, "STARTING_SECONDS", 0.0)
    assert runs.read(run.folder).record.state == "failed"
    assert "start it again" in runs.read(run.folder).record.error


def test_reading_while_it_is_written_never_fails(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=60)
    seen = set()
    while True:
        now = runs.read(run.folder)
        now.history()
        seen.add(now.record.state)
        if not now.active:
            break
    assert now.record.state == "done"
    assert "training" in seen


def test_the_runs_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYID_RUNS", str(tmp_path))
    assert runs.default_folder() == tmp_path


def test_starting_a_run_does_not_load_tensorflow(tmp_path):
    program = "import sys, polyid.runs.record; sys.exit('tensorflow' in sys.modules or 'gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_paused_run_goes_on_from_its_checkpoint(tmp_path, table, child):
    run = begin(tmp_path, table, epochs=60)
    wait(run.folder, lambda run: run.record.state == "training" and run.record.progress["epoch"] >= 3)
    assert runs.pause(run.folder).pausing
    run = wait(run.folder, finished)
    assert (run.record.state, run.record.line, run.resumable) == ("paused", "Paused", True)
    with pytest.raises(TrainingError, match="nothing to pause"):
        runs.pause(run.folder)
    run = wait(runs.resume(run.folder, token=TOKEN).folder, finished)
    assert run.record.state == "done"
    assert [row["epoch"] for row in run.history() if row["phase"] == "training"] == list(range(1, 61))


def test_a_run_to_look_at_is_published_by_hand(tmp_path, table, child):
    run = wait(begin(tmp_path, table, review=True).folder, finished)
    assert (run.record.state, run.record.commit, run.trained) == ("ready", None, True)
    run = wait(runs.resume(run.folder, token=TOKEN, review=False).folder, finished)
    assert run.record.commit == "c" * 40


@pytest.fixture
def webhook(monkeypatch):
    """Where notices go: what was posted, and the answer that is given, ``/moved`` being elsewhere."""
    posted = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted.append((self.path, content, dict(self.headers)))
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("POLYID_WEBHOOK", f"http://127.0.0.1:{server.server_port}/secret-path")
    yield posted
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", ["normal", "crash"])
def test_a_notice_is_posted_once_whatever_came_of_the_run(tmp_path, table, child, webhook, mode):
    child(mode)
    run = wait(begin(tmp_path, table).folder, lambda run: run.record.told is not None)
    tend(tmp_path / "runs", lambda run: TOKEN, 0.0)
    ((_, content, headers),) = webhook
    assert (content["run"], content["state"]) == (run.name, "done" if mode == "normal" else "failed")
    assert TOKEN not in json.dumps([content, headers])
    assert ("KeyError" in content["text"]) is (mode == "crash")
    assert runs.read(run.folder).record.told == "A notice was sent."
    assert not [path for path in run.folder.rglob("*") if path.is_file() and b"secret-path" in path.read_bytes()]


def test_a_killed_run_is_told_of_by_who_tends_runs(tmp_path, table, child, webhook):
    run = begin(tmp_path, table, epochs=10_000)
    wait(run.folder, lambda run: run.record.state == "training")
    os.kill(runs.read(run.folder).pid, signal.SIGKILL)
    wait(run.folder, finished)
    for _ in range(2):
        tend(tmp_path / "runs", lambda run: TOKEN, 0.0)
    ((_, content, _),) = webhook
    assert content["state"] == "failed" and "interrupted" in content["error"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("file:///etc/passwd", "has to begin with https"), ("http://127.0.0.1:9/", "nothing answers"), ("", None)],
)
def test_a_notice_that_can_not_be_sent_is_said(tmp_path, table, child, webhook, monkeypatch, address, sentence):
    monkeypatch.setattr(launch, "spawn_process", lambda *arguments, **keywords: None)
    moved = os.environ["POLYID_WEBHOOK"].replace("secret-path", "moved")
    monkeypatch.setenv("POLYID_WEBHOOK", address)
    run = begin(tmp_path, table)
    assert (tell(run) or "").find(sentence or "") >= 0 and (tell(run) is None) is (sentence is None)
    monkeypatch.setenv("POLYID_WEBHOOK", moved)
    assert "HTTP 302" in tell(run), "what is elsewhere is not followed"
    assert [path for path, *_ in webhook] == ["/moved"]
