"""Twenty runs, each disturbed at a moment that its seed draws, and what became of each: the weights of an undisturbed one, published.

Real training by the real worker process, against a Hub on loopback. What is lost or refused is answered as a user would: by the
button that the page offers for it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from gradio_client import Client
from helpers.failing_hub import failing_hub
from helpers.local_hub import LOCAL_HUB, running_local_hub
from helpers.space_process import space
from helpers.tiny_models import UNITS
from huggingface_hub import HfApi

from polyid import runs
from polyid.errors import PolyIDError
from polyid.hub import client
from polyid.hub.working import list_working
from polyid.runs import process
from polyid.runs.restore import restore, unfinished

pytestmark = [pytest.mark.hub, pytest.mark.exhaustive]
KINDS = ["process", "machine", "app", "process", "machine", "500", "429", "cut", "slow", "process"]
RUNS = 20
# Networks are run step by step: to compile them takes longer than to train them.
CHILD = """
import sys
import tensorflow
from polyid.runs import process, worker
process.CHILD = (sys.executable, __file__)
tensorflow.config.run_functions_eagerly(True)
sys.exit(worker.main())
"""
PAGE = """
import sys, time
from polyid import runs
from polyid.runs import process
process.CHILD = (sys.executable, sys.argv[1])
settings = {settings!r}
print(runs.start(sys.argv[2], sys.argv[3], **settings).name, flush=True)
time.sleep(600)
"""
SETTINGS = {
    "properties": ["Glass_Transition"],
    "preset": "small",
    "folds": 2,
    "epochs": 6,
    "changes": {"atom_features": 8, "bond_features": 8, "num_messages": 1, "group": 1, "checkpoint_seconds": 0.0},
    "backup": True,
}


class Scene:
    """A Hub with failures to come, a table, and where runs lie."""

    def __init__(self, place: Path, hub, patch: pytest.MonkeyPatch):
        self.place, self.hub = place, hub
        self.child, self.table = place / "child.py", place / "table.csv"
        self.child.write_text(CHILD)
        rows = [f"{unit},{30 * number + 10}" for number, unit in enumerate(UNITS)]
        self.table.write_text("\n".join(["smiles,Glass_Transition", *rows]))
        self.failures: dict[str, list[str]] = {}
        self.lock = threading.Lock()
        self.command_lines: set[str] = set()
        patch.setattr(process, "CHILD", (sys.executable, str(self.child)))
        patch.setenv("HF_TOKEN", hub.token)
        patch.setenv("POLYID_BACKUP_SECONDS", "0.5")

    def fails(self, method: str, path: str) -> str | None:
        """The next failure that was planned for the repo of a request; an empty one lets it through."""
        with self.lock:
            for repo_id, planned in self.failures.items():
                if f"{repo_id}/" in f"{path}/".replace(".git/", "/") and planned:
                    return planned.pop(0) or None
        return None

    def look_at_processes(self) -> None:
        """Command lines of all processes but Hubs, which are told their users' tokens."""
        for one in psutil.process_iter(["cmdline"]):
            line = " ".join(one.info["cmdline"] or ())
            if LOCAL_HUB.name not in line:
                self.command_lines.add(line)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    place, patch = tmp_path_factory.mktemp("killed"), pytest.MonkeyPatch()
    with running_local_hub(place / "hub") as hub:
        scene = Scene(place, hub, patch)
        with failing_hub(hub.endpoint, scene.fails) as endpoint:
            patch.setenv("HF_ENDPOINT", endpoint)
            yield scene
    patch.undo()


def wait(scene: Scene, folder: Path, condition, seconds: float = 900) -> runs.Run:
    until = time.monotonic() + seconds
    while True:
        run = runs.read(folder)
        if condition(run):
            return run
        assert time.monotonic() < until, (run.record, run.log())
        scene.look_at_processes()
        time.sleep(0.2)


def ended(run: runs.Run) -> bool:
    return run.record.state in runs.FINISHED


def begin(scene: Scene, folder: Path, repo_id: str) -> runs.Run:
    return runs.start(folder, scene.table, repo_id=repo_id, token=scene.hub.token, **SETTINGS)


def disturb(scene: Scene, kind: str, folder: Path, repo_id: str, moment: float, dice: random.Random) -> runs.Run | None:
    """Begin a run and disturb it; None where the machine is lost with its disk."""
    if kind in ("500", "429", "cut", "slow"):
        scene.failures[repo_id] = [""] * dice.randrange(12) + [kind] * dice.randrange(1, 16)
        return begin(scene, folder, repo_id)
    if kind == "app":
        program = PAGE.format(settings={**SETTINGS, "repo_id": repo_id, "token": scene.hub.token})
        page = subprocess.Popen(
            [
                sys.executable,
                "-c",
                program.replace(repr(scene.hub.token), "__import__('os').environ['HF_TOKEN']"),
                str(scene.child),
                str(folder),
                str(scene.table),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        run = runs.read(folder / page.stdout.readline().strip())
        time.sleep(dice.uniform(0, moment))
        page.kill()
        page.wait()
        page.stdout.close()
        return run
    run = begin(scene, folder, repo_id)
    if dice.random() < 0.75:
        # Most of a short run is before its first step: three of four are disturbed behind that.
        wait(scene, run.folder, lambda run: ended(run) or (_is_kept(run) if kind == "machine" else _has_something(run)))
        moment = dice.uniform(0, 0.6 * moment)
    time.sleep(moment)
    pid = runs.read(run.folder).pid
    if not ended(runs.read(run.folder)):
        os.killpg(pid, signal.SIGKILL)
    if kind == "machine":
        until = time.monotonic() + 60
        while psutil.pid_exists(pid) and time.monotonic() < until:
            time.sleep(0.05)
        shutil.rmtree(folder)
        return None
    return run


def _has_something(run: runs.Run) -> bool:
    return run.resumable or run.trained


def _is_kept(run: runs.Run) -> bool:
    return bool(run.record.kept and run.record.kept["at"])


def go_on(scene: Scene, folder: Path, repo_id: str, run: runs.Run | None) -> tuple[runs.Run, str]:
    """What a user does about a run that is not published, and what it was."""
    token = scene.hub.token
    if run is None:
        kept = unfinished(repo_id, folder, token)
        if not kept:
            # Lost before anything was kept, or published already, which the repo shows.
            return begin(scene, folder, repo_id), "started again"
        run = restore(folder, kept[0].working, tables=[scene.table], token=token)
        return runs.resume(run.folder, token=token), "restored"
    if run.trained or run.resumable:
        return runs.resume(run.folder, token=token), "published again" if run.trained else "continued"
    return begin(scene, folder, repo_id), "started again"


def one(scene: Scene, number: int, seconds: float) -> tuple[str, str, float, list[str], bytes]:
    """A run from its start to its publication: kind, repo, moment, what was done about it, and its weights there."""
    dice, kind = random.Random(number), KINDS[number % len(KINDS)]
    folder, repo_id = scene.place / f"runs-{number}", f"ada/killed-{number}"
    moment = dice.uniform(0.02, 1.0) * seconds
    run, done = disturb(scene, kind, folder, repo_id, moment, dice), []
    for _ in range(12):
        if run is not None:
            run = wait(scene, run.folder, ended)
            if run.record.state == "done":
                break
        try:
            run, what = go_on(scene, folder, repo_id, run)
            done.append(what)
        except PolyIDError:
            done.append("refused")  # the Hub still fails: asked again
            time.sleep(1.0)
    assert run is not None and run.record.state == "done", (kind, moment, done, run and run.record)
    return kind, repo_id, moment, done, weights(run.bundle)


def weights(bundle: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(bundle.glob("model_fold_*/model.safetensors")))


def test_every_disturbed_run_ends_published_at_the_weights_of_an_undisturbed_one(scene):
    began = time.monotonic()
    calm = wait(scene, begin(scene, scene.place / "calm", "ada/calm").folder, ended)
    seconds = time.monotonic() - began
    assert calm.record.state == "done", calm.record
    expected, files = weights(calm.bundle), {".gitattributes"}
    files |= {path.relative_to(calm.bundle).as_posix() for path in calm.bundle.rglob("*") if path.is_file()}
    api = HfApi(endpoint=scene.hub.endpoint, token=scene.hub.token)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda number: one(scene, number, seconds), range(RUNS)))
    for kind, repo_id, moment, done, found in outcomes:
        print(f"{repo_id}: {kind} at {moment:.1f} of {seconds:.1f} s; {', '.join(done) or 'needed nothing'}")
        assert found == expected, (kind, repo_id, moment, done)
        commits = api.list_repo_commits(repo_id)
        held = [set(api.list_repo_files(repo_id, revision=commit.commit_id)) for commit in commits]
        assert held[-1] == {".gitattributes"} and all(names == files for names in held[:-1]), "main is whole or empty"
        assert len(held) >= 2
        published = Path(api.snapshot_download(repo_id, local_dir=scene.place / "got" / repo_id))
        assert weights(published) == expected
        assert list_working(repo_id, scene.hub.token) == [], "nothing is kept of what is published"
    token = scene.hub.token.encode()
    assert [line for line in scene.command_lines if scene.hub.token in line] == []
    assert [path for path in scene.place.rglob("*") if path.is_file() and token in path.read_bytes()] == []


def test_a_planted_token_is_shown_nowhere(scene, tmp_path):
    """The real page, a run that the Hub refuses and then takes: pages, answers, logs, files, processes and repos."""
    token, repo_id = scene.hub.token, "ada/planted"
    seen: list[str] = []
    with space(
        "trainer_space", tmp_path, HF_TOKEN=token, POLYID_RUNS=str(tmp_path / "runs"), POLYID_DATA=str(scene.place)
    ) as address:
        trainer = Client(address, verbose=False, analytics_enabled=False)

        def ask(**call):
            try:
                answer = trainer.predict(**call)
            except Exception as problem:
                answer = repr(problem)
            seen.append(repr(answer))
            return answer

        settings = {"properties": ["Glass_Transition"], "preset": "small", "folds": 2, "epochs": 2}
        ask(api_name="/start_training", repo_id="someone/models", **settings)
        ask(api_name="/start_training", repo_id=repo_id, tag="no tag", **settings)
        answer = ask(api_name="/start_training", repo_id=repo_id, data="table", **settings)[1]
        assert answer["ok"], answer
        scene.failures[repo_id] = ["500"] * 4
        folder = tmp_path / "runs" / answer["run"]
        run = wait(scene, folder, ended, 1800)
        while run.record.state != "done":
            ask(api_name="/run_status")
            ask(api_name="/resume_training", repo_id=repo_id)
            time.sleep(1.0)
            run = wait(scene, folder, ended)
        for name in ("/run_status", "/all_runs", "/unfinished_runs"):
            ask(api_name=name)
        for path in ("", "config", "gradio_api/info", "gradio_api/startup-events"):
            answer = client.get_session().get(f"{address}/{path}")
            seen.append(answer.text)
    assert len(seen) > 10 and [text for text in seen if token in text] == []
    assert [line for line in scene.command_lines if token in line] == []
    places = [tmp_path, scene.hub.root]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert len(files) > 30 and [path for path in files if token.encode() in path.read_bytes()] == []
