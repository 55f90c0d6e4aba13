"""Deployed Spaces at work: each in a fresh environment of its own requirements, and both from nothing to a prediction."""

import subprocess
import sys
import time

import pytest
from gradio_client import Client
from helpers.local_hub import running_local_hub
from helpers.paths import TESTS
from helpers.space_machine import fetched_space, running_space, space_environment

from polyid.cli.main import main
from polyid.hub.publish import publish_bundle

pytestmark = [pytest.mark.hub, pytest.mark.exhaustive]
MODEL = TESTS / "fixtures" / "bundles" / "v3" / "model"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root") as hub:
        yield hub


@pytest.fixture
def deployed(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", hub.token)

    def deploy(name):
        assert main(["deploy", "--name", name]) == 0
        return f"ada/{name}"

    return deploy


def call(address, *arguments, token=None, **keywords):
    return Client(address, token=token, verbose=False, analytics_enabled=False).predict(*arguments, **keywords)


def own_model(address):
    """The model of its repo that an inference Space answers with; None while that is the starter model, or none."""
    model = call(address, api_name="/health")["model"]
    return None if model is None or model["starter"] else model


def wait_for(answer, seconds):
    until = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < until
        time.sleep(1)
    return found


def fresh_python(hub, space, folder):
    """An environment made of nothing but what a Space asks for."""
    app = fetched_space(hub, space, folder)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run(
        [*uv, "pip", "install", "--system-certs", "--quiet", "--python", python, "-r", str(app / "requirements.txt")],
        check=True,
    )
    return python


def test_the_inference_space_predicts_with_nothing_but_its_requirements(hub, deployed, tmp_path):
    space = deployed("alone")
    publish_bundle(MODEL, "ada/alone-models")
    with running_space(hub, space, tmp_path, fresh_python(hub, space, tmp_path)) as address:
        wait_for(lambda: own_model(address), 600)
        found = call(address, "*CC*", api_name="/predict")["predictions"][0]
    assert found["error"] is None and found["properties"][0]["value"] is not None


def test_the_trainer_space_starts_and_can_train_with_nothing_but_its_requirements(hub, deployed, tmp_path):
    space = f"{deployed('lonely')}-trainer"
    python = fresh_python(hub, space, tmp_path)
    with running_space(hub, space, tmp_path, python) as address:
        assert call(address, token=hub.token, api_name="/run_status") is not None
    # The page loads no TensorFlow: what a run needs is asked for as a run's process does.
    modules = "polyid.ensemble.workflow, polyid.runs.worker, polyid.hub.publish, polyid.report.card"
    environment = space_environment(hub, space, tmp_path)
    subprocess.run([python, "-c", f"import {modules}"], cwd=tmp_path / "app", env=environment, check=True)


def test_from_nothing_to_a_prediction_through_both_spaces(hub, deployed, tmp_path):
    space = deployed("polyid")
    folders = [tmp_path / "trainer", tmp_path / "inference"]
    for folder in folders:
        folder.mkdir()
    with (
        running_space(hub, f"{space}-trainer", folders[0]) as trainer,
        running_space(hub, space, folders[1]) as inference,
    ):
        assert own_model(inference) is None
        settings = {"data": "polymer_properties", "properties": ["Glass_Transition"], "preset": "small"}
        _, answer = call(trainer, token=hub.token, **settings, folds=2, epochs=2, api_name="/start_training")
        assert answer["ok"], answer

        def ended():
            run = call(trainer, token=hub.token, api_name="/run_status")
            return None if run["active"] else run

        run = wait_for(ended, 1800)
        assert run["state"] == "done", run

        def taken_up():
            model = own_model(inference)
            return model and model["commit"] == run["commit"]

        wait_for(taken_up, 300)
        found = call(inference, "*CC(*)c1ccccc1", api_name="/predict")
    assert found["model"]["repo_id"] == "ada/polyid-models"
    assert found["predictions"][0]["properties"][0]["name"] == "Glass_Transition"
    for folder in folders:
        assert hub.token not in (folder / "log.txt").read_text()
