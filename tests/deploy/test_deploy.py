"""``polyid deploy`` against the Hub on this machine: what lies there afterwards, twice; refusals; and what destroys it."""

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers.local_hub import running_local_hub
from helpers.paths import TOP
from huggingface_hub import HfApi, Volume

from polyid.cli.main import main
from polyid.deploy import folders, tables
from polyid.deploy.deployment import Deployment
from polyid.hub import client, space_settings

pytestmark = pytest.mark.hub
STRANGER = "hf_token_of_somebody_else"
WRITER = "hf_token_that_only_the_trainer_gets"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root", "--account", f"eve:{STRANGER}") as hub:
        yield hub


@pytest.fixture
def api(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The parts of a clone that a deployment reads, with a package of few files: what is sent is hashed anew each time."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("trainer_space", "inference_space", "data"):
        shutil.copytree(TOP / name, clone / name)
    shutil.copyfile(TOP / "LICENSE", clone / "LICENSE")
    for name in ("polyid/__init__.py", "polyid/errors.py", "polyid/web/style.css", "polyid/config/presets.toml"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TOP / name, clone / name)
    for name in ("polyid/__pycache__/errors.pyc", "polyid/.hidden", "trainer_space/__pycache__/app.pyc"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes(b"left out")
    return clone


def deploy(clone: Path, *words: str) -> int:
    return main(["deploy", "--source", str(clone), *words])


def test_from_nothing_to_both_spaces_and_twice_changes_nothing(api, hub, clone, monkeypatch, capsys):
    monkeypatch.setenv("POLYID_TRAINER_TOKEN", WRITER)
    words = ["--trainer-hardware", "a10g-small", "--inference-hardware", "cpu-basic"]
    assert deploy(clone, *words, "--dry-run") == 0
    planned = capsys.readouterr().out
    assert list(api.list_spaces(author="ada")) == [] and list(api.list_buckets()) == []
    assert deploy(clone, *words) == 0
    printed = capsys.readouterr()
    assert planned.splitlines() == printed.err.splitlines()[: len(planned.splitlines())]
    for text in (planned, printed.out, printed.err):
        assert WRITER not in text and hub.token not in text
    assert re.findall(r"https?://\S+", printed.out) == [
        f"{hub.endpoint}/{where}"
        for where in (
            "spaces/ada/polyid-trainer",
            "spaces/ada/polyid",
            "ada/polyid-models",
            "datasets/ada/polyid-data",
            "buckets/ada/polyid-runs",
        )
    ]
    assert "ada/polyid: RUNNING" in printed.err and "ada/polyid-trainer: RUNNING" in printed.err

    trainer = api.space_info("ada/polyid-trainer")
    assert trainer.private and not api.space_info("ada/polyid").private
    assert trainer.card_data["models"] == ["ada/polyid-models"] and trainer.card_data["app_file"] == "app.py"
    names = set(api.list_repo_files("ada/polyid-trainer", repo_type="space"))
    expected = {"app.py", "requirements.txt", "LICENSE", "polyid/__init__.py", "data/polymer_properties.csv"}
    assert expected | {"polyid/config/presets.toml", "data/sources/licences/openpoly.txt"} <= names
    assert not {name for name in names if "pycache" in name or ".hidden" in name or "sources/openpoly.csv" in name}
    assert api.get_space_variables("ada/polyid-trainer")["POLYID_MODEL_REPO"].value == "ada/polyid-models"
    assert list(api.get_space_secrets("ada/polyid-trainer")) == ["HF_TOKEN"]
    assert api.get_space_secrets("ada/polyid") == {}  # a public model needs no token
    kept = json.loads((hub.root / "spaces/ada/polyid-trainer/space.json").read_text())
    assert kept["secrets"]["HF_TOKEN"]["value"] == WRITER and kept["sleep"] == 24 * 3600
    runtime = api.get_space_runtime("ada/polyid-trainer")
    assert (runtime.requested_hardware, runtime.volumes[0].source) == ("a10g-small", "ada/polyid-runs")
    assert api.bucket_info("ada/polyid-runs").private
    assert api.model_info("ada/polyid-models").private is False

    commits = [len(api.list_repo_commits(each, repo_type="space")) for each in ("ada/polyid", "ada/polyid-trainer")]
    before = (hub.root / "spaces/ada/polyid-trainer/space.json").read_text()
    assert deploy(clone, *words) == 0
    again = capsys.readouterr()
    assert again.err.startswith("Everything is as it should be") and again.out == printed.out
    assert deploy(clone, "--dry-run") == 0  # hardware that isn't named stays
    assert capsys.readouterr().out == ""
    assert (hub.root / "spaces/ada/polyid-trainer/space.json").read_text() == before
    assert (
        commits
        == [2, 2]
        == [len(api.list_repo_commits(each, repo_type="space")) for each in ("ada/polyid", "ada/polyid-trainer")]
    )


def test_only_what_differs_is_changed_and_what_others_set_stays(api, clone, tmp_path, monkeypatch, capsys):
    assert deploy(clone, "--name", "other") == 0
    space = "ada/other-trainer"
    api.add_space_variable(space, "MINE", "stays")
    bucket = Volume(type="bucket", source="ada/other-runs", mount_path="/data")
    api.set_space_volumes(space, [Volume(type="model", source="ada/other-models", mount_path="/model"), bucket])
    api.upload_file(path_or_fileobj=b"", path_in_repo="polyid/former.py", repo_id=space, repo_type="space")
    newer = tmp_path / "clone"
    shutil.copytree(clone, newer)
    (newer / "polyid" / "errors.py").write_text("# newer\n")
    monkeypatch.setenv("POLYID_TRAINER_TOKEN", WRITER)  # another token than before
    capsys.readouterr()
    assert deploy(newer, "--name", "other", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("(")[0] for line in lines if not line.startswith(" ")] == [
        "add_space_secret",
        "create_commit",
        "create_commit",
    ]
    assert [line.strip() for line in lines if line.startswith(" ")] == [
        "+ polyid/errors.py",
        "- polyid/former.py",
        "+ polyid/errors.py",
    ]
    assert deploy(newer, "--name", "other") == 0
    assert "polyid/former.py" not in api.list_repo_files(space, repo_type="space")
    assert api.get_space_variables(space)["MINE"].value == "stays"
    assert {volume.mount_path for volume in api.get_space_runtime(space).volumes} == {"/data", "/model"}


def test_a_private_deployment_is_private_throughout(api, hub, clone):
    assert deploy(clone, "--name", "hidden", "--private", "--no-bucket", "--no-wait") == 0
    for info in (
        api.space_info("ada/hidden"),
        api.space_info("ada/hidden-trainer"),
        api.model_info("ada/hidden-models"),
        api.dataset_info("ada/hidden-data"),
    ):
        assert info.private, info.id
    assert list(api.get_space_secrets("ada/hidden")) == ["HF_TOKEN"]  # it reads a private model
    assert api.get_space_runtime("ada/hidden-trainer").volumes is None
    assert not [each.id for each in api.list_buckets() if "hidden" in each.id]


def test_what_cannot_be_deployed_is_said_before_anything_is_made(api, hub, clone, tmp_path, monkeypatch, capsys):
    api.create_repo("ada/taken", repo_type="space", space_sdk="gradio")
    api.upload_file(path_or_fileobj=b"", path_in_repo="mine.py", repo_id="ada/taken", repo_type="space")
    api.create_repo("ada/seen-models", private=True)
    unpinned = tmp_path / "unpinned"
    shutil.copytree(clone, unpinned)
    (unpinned / "trainer_space" / "requirements.txt").write_text("gradio>=6\n")
    for words, sentence in (
        ([clone, "--name", "taken"], "ada/taken holds something else (mine.py)"),
        ([clone, "--name", "seen"], "ada/seen-models is private already"),
        ([clone, "--name", "a/b"], "'a/b' can't begin names of repos"),
        ([clone, "--owner", "eve"], "can't write to eve"),
        ([clone, "--trainer-hardware", "A10G small"], "is no hardware of a Space"),
        ([clone, "--trainer-sleep", "5"], "can't sleep after 5 s"),
        ([tmp_path], "is no clone of the polyid-spaces repository"),
        ([unpinned, "--name", "loose"], "'gradio>=6' in requirements.txt is not of one version"),
    ):
        assert deploy(*words) == 1, words
        error = capsys.readouterr().err
        assert sentence in error and error.count("\n") == 1, error
    assert {space.id for space in api.list_spaces(author="ada")} & {"ada/taken-trainer", "ada/loose-trainer"} == set()
    monkeypatch.delenv("HF_TOKEN")
    assert deploy(clone) == 1 and "There is no Hub token" in capsys.readouterr().err


def test_a_space_that_does_not_start_is_said_with_its_log_and_one_that_is_paused_stays_so(api, hub, clone, capsys):
    assert deploy(clone, "--name", "broken", "--no-wait") == 0
    folder = hub.root / "spaces/ada/broken"
    settings = json.loads((folder / "space.json").read_text())
    (folder / "logs-build.txt").write_text("Collecting rdkit\nERROR: no matching distribution\n")
    (folder / "space.json").write_text(json.dumps(settings | {"stage": "BUILD_ERROR"}))
    capsys.readouterr()
    assert deploy(clone, "--name", "broken") == 1
    error = capsys.readouterr().err
    assert "ada/broken does not start (BUILD_ERROR). The end of its log:" in error
    assert error.endswith("ERROR: no matching distribution\n")
    (folder / "space.json").write_text(json.dumps(settings))
    api.pause_space("ada/broken-trainer")
    assert deploy(clone, "--name", "broken") == 0
    assert "hf spaces restart ada/broken-trainer" in capsys.readouterr().err
    assert api.get_space_runtime("ada/broken-trainer").stage == "PAUSED"


def test_a_space_is_waited_for_until_it_runs_the_newest_commit(api, monkeypatch):
    stages = iter([("RUNNING", "old"), ("RUNNING_BUILDING", "old"), ("APP_STARTING", "new"), ("RUNNING", "new")])

    def runtime(self, repo_id):
        stage, sha = next(stages)
        return space_settings.SpaceRuntime({"stage": stage, "sha": sha})

    monkeypatch.setattr(HfApi, "get_space_runtime", runtime)
    seen = []
    assert space_settings.await_running(api, "ada/any", "new", 60, seen.append) == "RUNNING"
    assert seen == ["RUNNING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING"] and next(stages, None) is None


def test_destroy_asks_first_and_keeps_what_nothing_brings_back(api, hub, clone, monkeypatch, capsys):
    assert deploy(clone, "--name", "gone", "--no-wait") == 0
    answers = iter(["n", "y"])
    asked = []
    monkeypatch.setattr("typer.confirm", lambda text, default: asked.append(text) or next(answers) == "y")
    words = ["deploy", "destroy", "--name", "gone"]
    assert main([*words, "--dry-run"]) == 0 and main(words) == 0
    assert asked == ["Delete this?"] and api.space_info("ada/gone").id
    assert main(words) == 0
    spaces_left = {space.id for space in api.list_spaces(author="ada")}
    assert not {"ada/gone", "ada/gone-trainer"} & spaces_left
    assert api.model_info("ada/gone-models").id and api.bucket_info("ada/gone-runs").id
    capsys.readouterr()
    assert main([*words, "--with-data", "--yes"]) == 0
    printed = capsys.readouterr().out
    assert [line.partition("(")[0] for line in printed.splitlines()] == ["delete_repo", "delete_repo", "delete_bucket"]
    assert not api.repo_exists("ada/gone-models") and not api.repo_exists("ada/gone-data", repo_type="dataset")
    assert main([*words, "--with-data", "--yes"]) == 0 and "nothing to delete" in capsys.readouterr().err


def test_the_tables_are_parquet_with_a_card_and_licences(tmp_path):
    folder = tables.assemble_tables(TOP, Deployment("ada"), tmp_path / "tables")
    head = folders.read_head((folder / "README.md").read_text("utf-8"))
    assert head["license"] == ["cc-by-4.0", "mit", "bsd-3-clause"]
    assert {path.name for path in (folder / "licences").iterdir()} == set(os.listdir(TOP / "data/sources/licences"))
    for config in head["configs"]:
        frame = pd.read_parquet(folder / config["data_files"])
        source = pd.read_csv(TOP / "data" / f"{config['config_name']}.csv")
        assert list(frame.columns) == list(source.columns) and len(frame) == len(source)
        assert frame["value"].tolist() == source["value"].tolist()
        assert frame["repeat_unit"].tolist() == source["repeat_unit"].tolist()
        assert frame["note"].notna().tolist() == (source["note"].notna()).tolist()


@pytest.mark.parametrize("part", ["trainer", "inference"])
def test_requirements_are_pinned_and_have_the_readmes_gradio(part):
    folder = TOP / folders.SPACES[part]
    requirements = folders.check_pinned(folder / "requirements.txt")
    head = folders.read_head((folder / "README.md").read_text("utf-8"))
    assert f"gradio=={head['sdk_version']}" in {
        requirement.replace("[mcp]", "").replace("[oauth]", "") for requirement in requirements
    }
