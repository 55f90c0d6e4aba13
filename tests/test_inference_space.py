"""The inference page: it waits for a model and says so, answers with the right one, and keeps what was there."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyid.errors import BundleError, HubError, PolymerError
from polyid.hub import FetchedBundle
from polyid.polymers import recognise_form

TOP = Path(__file__).parents[1]
SPACE = TOP / "inference_space"
sys.path.insert(0, str(SPACE))

import answers  # noqa: E402
import model_service  # noqa: E402
from model_service import Loaded, ModelService, Status  # noqa: E402


class OneNumber:
    """A model with MultiModel's interface that answers every polymer with one number."""

    prediction_columns = ("Glass_Transition", "log10_Permeability_O2")
    prediction_units = {"Glass_Transition": ["°C"], "log10_Permeability_O2": None}  # noqa: RUF012
    metadata = {"folds": 3}  # noqa: RUF012

    def __init__(self, number: float = 101.25) -> None:
        self.number = number

    def predict_smiles(self, smiles):
        rows = []
        for text in smiles:
            row = {"smiles": text, "form": None, "smiles_polymer": None, "error": None}
            try:
                row["form"] = str(recognise_form(text))
            except PolymerError as problem:
                row["error"] = str(problem)
            good = row["error"] is None
            for name in self.prediction_columns:
                row[f"{name}_pred_mean"] = self.number if good else np.nan
                row[f"{name}_pred_std"] = 2.5 if good else np.nan
            rows.append(row)
        return pd.DataFrame(rows)


class Shelf:
    """Stands for a model repo: what `fetch_bundle` finds there now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundle: FetchedBundle | None = None
        self.problem = HubError("ada/models was not found on http://hub: check the name.")
        self.looks = 0

    def publish(self, commit: str, tag: str | None = None) -> None:
        place = self.folder / commit
        place.mkdir(exist_ok=True)
        (place / "parameters.json").write_text(commit)
        self.bundle = FetchedBundle(place, "ada/models", commit, tag)

    def fetch(self, model, *, tqdm_class):
        self.looks += 1
        if self.bundle is None:
            raise self.problem
        with tqdm_class(total=1000, unit="B", desc="Reconstructing") as bar:
            bar.update(400)
        return self.bundle


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


@pytest.fixture
def service(shelf):
    """A service that looks every 50 ms; models answer with the number their commit ends with."""

    def load(folder: Path):
        if folder.name.startswith("bad"):
            raise BundleError("The model is damaged: model_fold_0/model.safetensors is not the file that was saved.")
        return OneNumber(math.nan if folder.name.startswith("nan") else float(folder.name.lstrip("abcdef")))

    service = ModelService("ada/models", retry_seconds=0.05, poll_seconds=0.05, fetch=shelf.fetch, load=load).start()
    yield service
    service.stop()


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answer(service: ModelService) -> float:
    frame, _ = service.predict(["*CC(*)c1ccccc1"])
    return frame["Glass_Transition_pred_mean"][0]


def test_until_there_is_a_model_it_says_so_and_keeps_looking(service, shelf):
    until(lambda: shelf.looks >= 3)
    assert service.status.phase == "waiting"
    assert "No model yet in ada/models: train one in the trainer Space" in service.status.sentence
    assert "was not found" in service.status.trouble
    with pytest.raises(BundleError, match="No model yet in ada/models"):
        service.predict(["*CC*"])
    panel = answers.status_panel(service.status)
    assert "No model yet in ada/models" in panel
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    assert answer(service) == 100


def test_a_model_that_does_not_name_a_repo_is_said_on_the_page():
    service = ModelService("", retry_seconds=0.05).start()
    until(lambda: service.status.phase == "waiting")
    assert "set POLYID_MODEL_REPO" in service.status.trouble
    service.stop()


def test_a_new_commit_is_taken_up(service, shelf):
    shelf.publish("a100", "v1")
    until(lambda: service.status.phase == "ready")
    assert service.status.loaded.bundle.tag == "v1"
    shelf.publish("b200", "v2")
    until(lambda: service.status.loaded.bundle.commit == "b200")
    assert answer(service) == 200
    assert service.status.loaded.bundle.tag == "v2"
    assert service.status.trouble is None


@pytest.mark.parametrize("commit", ["bad300", "nan300"])
def test_a_new_commit_that_does_not_work_leaves_the_old_one_answering(service, shelf, commit):
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    shelf.publish(commit)
    until(lambda: service.status.trouble)
    assert answer(service) == 100
    assert "No newer model was taken up" in answers.status_panel(service.status)
    shelf.publish("b200")
    until(lambda: service.status.loaded.bundle.commit == "b200")
    assert service.status.trouble is None


def test_a_tag_set_later_is_shown_without_loading_again(service, shelf):
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    model = service.status.loaded.model
    shelf.bundle = replace(shelf.bundle, tag="v1")
    until(lambda: service.status.loaded.bundle.tag == "v1")
    assert service.status.loaded.model is model
    shelf.bundle = replace(shelf.bundle, tag=None)  # the Hub is out of reach: tags are unknown
    looks = shelf.looks
    until(lambda: shelf.looks >= looks + 2)
    assert service.status.loaded.bundle.tag == "v1"


def test_an_unexpected_error_does_not_end_the_looking(service, shelf):
    shelf.problem = KeyError("sha")
    until(lambda: "KeyError" in (service.status.trouble or ""))
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")


def test_predictions_go_on_while_models_are_swapped(service, shelf):
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    seen, stop, problems = set(), threading.Event(), []

    def ask():
        while not stop.is_set():
            try:
                frame, loaded = service.predict(["*CC*"])
                value = frame["Glass_Transition_pred_mean"][0]
                seen.add((loaded.bundle.commit, value))
            except Exception as problem:
                problems.append(problem)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for number in range(200, 206):
        shelf.publish(f"b{number}")
        until(lambda number=number: service.status.loaded.bundle.commit == f"b{number}")
    stop.set()
    for asker in askers:
        asker.join()
    assert problems == []
    assert all(float(commit[1:]) == value for commit, value in seen), "the model named is the one that answered"
    assert len(seen) >= 3


def test_the_download_is_shown_in_bytes():
    told = []
    bar_class = model_service._reporting_tqdm(lambda done, total: told.append((done, total)))
    transfer = bar_class(total=0, unit="B", desc="Downloading bytes")
    written = bar_class(total=0, unit="B", desc="Reconstructing (incomplete total...)")
    files = bar_class(total=3, unit="it", desc="Fetching 3 files")
    written.total += 2_000_000
    transfer.update(1_000_000)
    written.update(500_000)
    files.update(1)
    written.update(1_500_000)
    assert told == [(500_000, 2_000_000), (2_000_000, 2_000_000)]


def test_the_real_client_drives_the_bar(local_hub, tmp_path, monkeypatch):
    """`snapshot_download` against a Hub: what the page shows comes from the client's own bars."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    api.create_repo("ada/bytes")
    api.upload_file(path_or_fileobj=bytes(3_000_000), path_in_repo="big.bin", repo_id="ada/bytes")
    told = []
    api.snapshot_download(
        "ada/bytes",
        cache_dir=tmp_path,
        tqdm_class=model_service._reporting_tqdm(lambda done, total: told.append((done, total))),
    )
    assert told[-1][0] == told[-1][1] >= 3_000_000


@pytest.fixture
def loaded(tmp_path):
    return Loaded(OneNumber(), FetchedBundle(tmp_path, "ada/models", "c" * 40, "v1"))


def test_what_is_typed_becomes_lines():
    assert answers.polymers_in(" *CC* \n\n  OCCO.O=C(O)C(=O)O\r\n") == ["*CC*", "OCCO.O=C(O)C(=O)O"]


@pytest.mark.parametrize("text", ["", "  \n \n", None])
def test_an_empty_box_is_said(text):
    with pytest.raises(PolymerError, match="box is empty"):
        answers.polymers_in(text)


def test_too_many_lines_are_said():
    with pytest.raises(PolymerError, match=r"1,000 lines.*100"):
        answers.polymers_in("*CC*\n" * 1000)


def test_programs_get_numbers_units_and_the_model(loaded):
    frame = loaded.model.predict_smiles(["*CC*", "C1CC"])
    reply = json.loads(json.dumps(answers.as_json(frame, loaded), allow_nan=False))
    good, bad = reply["predictions"]
    assert good["form"] == "repeat unit"
    assert good["error"] is None
    assert good["properties"][0] == {
        "name": "Glass_Transition",
        "label": "Glass transition temperature",
        "value": 101.25,
        "unit": "°C",
        "spread": 2.5,
    }
    assert good["properties"][1]["unit"] is None
    assert bad["properties"] == []
    assert "C1CC" in bad["error"]
    assert reply["model"]["repo_id"] == "ada/models"
    assert reply["model"]["tag"] == "v1"
    assert reply["model"]["commit"] == "c" * 40


def test_one_fold_has_no_spread(loaded):
    frame = loaded.model.predict_smiles(["*CC*"])
    frame["Glass_Transition_pred_std"] = np.nan
    assert answers.as_json(frame, loaded)["predictions"][0]["properties"][0]["spread"] is None
    assert "nan" not in answers.result(frame, loaded)


def test_the_page_shows_value_unit_spread_structure_form_and_model(loaded):
    page = answers.result(loaded.model.predict_smiles(["*CC(*)c1ccccc1"]), loaded)
    assert ">101<" in page
    assert ">± 2<" in page
    assert "°C" in page
    assert "repeat unit" in page
    assert 'aria-label="Structure of *CC(*)c1ccccc1"' in page
    assert "ada/models" in page
    assert "cccccccc</code>" in page
    assert "v1" in page


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (101.26, 101.26, "101"),
        (4.9, 101.26, "5"),
        (-22.54, -22.54, "−22.5"),
        (1.0534, 1.0534, "1.05"),
        (0.026, 1.0534, "0.03"),
        (-0.0501, -0.0501, "−0.050"),
        (3012.4, 3012.4, "3,012"),
        (-0.2, 150.0, "0"),
        (0.0, 0.0, "0.000"),
        (None, 1.0, "-"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, like, text):
    assert answers.in_words(value, like) == text


def test_every_example_is_readable_and_drawn():
    text = (SPACE / "app.py").read_text(encoding="utf-8")
    examples = re.findall(r'": "([^"]+)",\n', text[text.index("EXAMPLES") : text.index("}\n")])
    assert len(examples) == 4
    for smiles in examples:
        recognise_form(smiles)
        assert answers.drawing(smiles).startswith("<svg")


def test_what_was_typed_can_not_write_html(loaded):
    evil = '<img src=x onerror="alert(1)">'
    frame = loaded.model.predict_smiles([evil])
    assert "<img" not in answers.notice(answers.complaints(frame), "error")
    status = Status("waiting", evil, trouble=evil)
    assert "<img" not in answers.status_panel(status)


def test_several_polymers_are_told_apart_by_line(loaded):
    frame = loaded.model.predict_smiles(["*CC*", "C1CC", "*C"])
    said = answers.complaints(frame)
    assert said.startswith("Line 2: ")
    assert "Line 3: " in said
    assert "Line 1" not in said


@pytest.fixture
def page(service):
    specification = importlib.util.spec_from_file_location("inference_app", SPACE / "app.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    built = module.build(service)
    return {fn.fn.__name__: fn.fn for fn in built.fns.values() if fn.fn is not None}, module.gr


@pytest.mark.parametrize(
    "smiles",
    [
        "",
        "xyz(",
        "*CC",
        "*C(*)C*",
        "*CC(*)C1=CC",
        "[Na+].[Cl-]",
        "[Fe]",
        "*CC(*)[Fe]",
        "C" * 20_000,
        "polystyrene",
        "<b>*CC*</b>",
        "*CC(*)c1ccccc1 extra",
        "…",
    ],
)
def test_whatever_is_typed_gets_one_sentence_and_the_result_stays(page, service, shelf, smiles):
    functions, gr = page
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    complaint, result = functions["show"](smiles)
    assert result == gr.skip(), "the last result is not touched"
    text = re.sub("<[^>]+>", "", complaint)
    assert 20 < len(text) < 600
    assert "Traceback" not in text
    assert text.rstrip()[-1] in ".?1"
    with pytest.raises(gr.Error) if not smiles else _nothing():
        reply = functions["predict"](smiles)
        assert reply["predictions"][0]["error"]
        assert reply["predictions"][0]["properties"] == []


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False


def test_the_button_without_a_model_says_why(page):
    functions, gr = page
    complaint, result = functions["show"]("*CC*")
    assert result == gr.skip()
    assert "model" in complaint
    with pytest.raises(gr.Error, match="model"):
        functions["predict"]("*CC*")
