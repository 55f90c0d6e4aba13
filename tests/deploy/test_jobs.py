"""``polyid train --on hf-jobs`` against the Hub on this machine, where a thread of the test plays the rented hardware."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.local_hub import LocalHub, running_local_hub
from helpers.paths import TOP, program_environment
from helpers.stand_ins import write_stand_in
from huggingface_hub import HfApi

from polyid.cli.main import main
from polyid.common.files import write_json
from polyid.deploy.folders import check_pinned
from polyid.deploy.jobs import requirements_for, time_limit
from polyid.hub.publish import publish_bundle

pytestmark = pytest.mark.hub
TABLE = "smiles,Tg\n*CC*,-50\n*CC(*)C,-10\n*CC(*)c1ccccc1,100\n*CC(*)Cl,80\n*CCO*,-60\n*CC(*)C#N,90\n"
Spec = dict


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[LocalHub]:
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root") as hub:
        yield hub


@pytest.fixture
def api(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    monkeypatch.setenv("HF_HUB_DISABLE_EXPERIMENTAL_WARNING", "1")
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


@contextmanager
def rented(hub: LocalHub, work: Callable[[Spec, Path], str]) -> Iterator[list[Spec]]:
    """Hardware that takes the next Job: `work` gets its specification and the file of its log, and says the stage it ends in."""
    folder, taken = hub.root / "jobs" / "ada", []
    before = set(folder.glob("*.json"))

    def play() -> None:
        until = time.monotonic() + 300
        while not (new := set(folder.glob("*.json")) - before) and time.monotonic() < until:
            time.sleep(0.1)
        path = new.pop()
        job = json.loads(path.read_text())
        taken.append(job["spec"])
        stage = work(job["spec"], path.with_suffix(".log"))
        write_json(path, job | {"stage": stage})

    thread = threading.Thread(target=play)
    thread.start()
    yield taken
    thread.join(timeout=600)


def test_a_job_gets_package_table_and_time_and_its_model_comes_back(api, hub, table, tmp_path, capsys):
    def work(spec: Spec, log: Path) -> str:
        log.write_text("Reading the table\nTraining\n")
        publish_bundle(write_stand_in(tmp_path / "made", {"metrics.json": b"{}"}), "ada/from-a-job", tag="v1")
        return "COMPLETED"

    words = ["--properties", "Tg", "--folds", "2", "--seed", "3", "--column", "smiles=smiles", "--tag", "v1"]
    where = [
        "--on",
        "hf-jobs",
        "--flavor",
        "a10g-small",
        "--publish",
        "ada/from-a-job",
        "--output",
        str(tmp_path / "got"),
    ]
    with rented(hub, work) as taken:
        assert main(["train", str(table), *words, *where]) == 0
    printed = capsys.readouterr()
    spec = taken[0]
    begin = spec["command"].index("python")
    assert spec["command"][:2] == ["uv", "run"] and spec["command"][begin - 2 : begin] == ["--python", "3.11"]
    assert spec["command"][2 : begin - 2 : 2] == ["--with"] * ((begin - 4) // 2)
    assert spec["command"][3 : begin - 2 : 2] == check_pinned(TOP / "trainer_space" / "requirements.txt")
    assert spec["command"][begin:] == [
        *["python", "-m", "polyid", "train", "/source/table.csv"],
        *["--properties=Tg", "--folds=2.0", "--seed=3.0", "--column=smiles=smiles"],
        *["--output=/tmp/model", "--publish=ada/from-a-job", "--tag=v1"],
    ]
    assert (spec["flavor"], spec["timeoutSeconds"]) == ("a10g-small", 24 * 3600)
    assert spec["secrets"] == {"HF_TOKEN": hub.token} and spec["environment"]["HF_ENDPOINT"] == hub.endpoint
    (volume,) = spec["volumes"]
    assert (volume["type"], volume["source"], volume["mountPath"]) == ("dataset", "ada/polyid-jobs", "/source")
    assert api.dataset_info("ada/polyid-jobs").private and volume["revision"] == api.dataset_info("ada/polyid-jobs").sha
    sent = set(api.list_repo_files("ada/polyid-jobs", repo_type="dataset"))
    assert {"table.csv", "polyid/__init__.py", "polyid/config/presets.toml", "LICENSE"} <= sent
    assert "Reading the table\nTraining\n" in printed.out and "Published to ada/from-a-job" in printed.out
    assert f"{hub.endpoint}/jobs/ada/" in printed.err and hub.token not in printed.out + printed.err
    assert (tmp_path / "got" / "parameters.json").is_file()


def test_a_job_that_fails_is_said_with_its_page(api, hub, table, capsys):
    with rented(hub, lambda spec, log: "ERROR") as taken:
        words = ["--on", "hf-jobs", "--flavor", "cpu-upgrade", "--publish", "ada/never", "--timeout", "7200"]
        assert main(["train", str(table), *words]) == 1
    error = capsys.readouterr().err
    assert f"The Job ended as ERROR; its log is at {hub.endpoint}/jobs/ada/" in error
    assert taken[0]["timeoutSeconds"] == 7200 and "tensorflow-cpu==2.21.0" in taken[0]["command"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--publish", "ada/m", "--flavor", "abacus"], "'abacus' is no hardware of a Job"),
        (["--publish", "eve/m"], "can't write to eve/m"),
        ([], "name the model repo to publish to"),
        (["--publish", "ada/m", "--folds", "1"], "folds"),
        (["--publish", "ada/m", "--properties", "Nothing"], "Nothing"),
    ],
)
def test_what_cannot_end_well_is_said_before_anything_is_sent(api, hub, table, words, sentence, capsys):
    before = set((hub.root / "jobs" / "ada").glob("*"))
    assert main(["train", str(table), "--on", "hf-jobs", "--flavor", "a10g-small", *words]) in (1, 2)
    assert sentence in capsys.readouterr().err
    assert set((hub.root / "jobs" / "ada").glob("*")) == before


def test_time_and_requirements_of_a_job():
    assert [time_limit(estimate) for estimate in (None, 60.0, 7200.0)] == [24 * 3600, 3600, 21600]
    gpu = ["tensorflow[and-cuda]==2.21.0", "keras==3.15.1"]
    assert requirements_for("l4x1", gpu) == tuple(gpu)
    assert requirements_for("cpu-xl", gpu) == ("tensorflow-cpu==2.21.0", "keras==3.15.1")


@pytest.mark.exhaustive
def test_the_same_training_runs_there_and_is_published(api, hub, table, tmp_path, capsys):
    """The Job's command as it was sent, beside the files that were sent, in a process that has nothing else."""

    def work(spec: Spec, log: Path) -> str:
        (volume,) = spec["volumes"]
        source = api.snapshot_download(
            volume["source"], repo_type="dataset", revision=volume["revision"], local_dir=tmp_path / "source"
        )
        program = spec["command"][spec["command"].index("python") :]
        places = {volume["mountPath"]: source, "/tmp/model": str(tmp_path / "model")}

        def placed(word: str) -> str:
            for there, here in places.items():
                word = word.replace(there, here)
            return word

        command = [sys.executable, *(placed(word) for word in program[1:])]
        variables = {**spec["environment"], **spec["secrets"], "HF_HOME": str(tmp_path / "home")}
        environment = program_environment() | {name: placed(value) for name, value in variables.items()}
        with log.open("w") as stream:
            code = subprocess.call(command, cwd=tmp_path, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        return "ERROR" if code else "COMPLETED"

    os.environ.pop("POLYID_CACHE", None)
    words = ["--preset", "small", "--folds", "2", "--epochs", "2", "--on", "hf-jobs", "--flavor", "cpu-upgrade"]
    words += ["--publish", "ada/trained-there"]
    with rented(hub, work):
        assert main(["train", str(table), *words]) == 0, capsys.readouterr()
    printed = capsys.readouterr().out
    assert "out-of-fold" in printed and "Published to ada/trained-there" in printed
    assert "parameters.json" in api.list_repo_files("ada/trained-there")
