"""The inference page: it waits for a model and says so, answers with the right one, and keeps what was there."""

from __future__ import annotations

import base64
import html
import io
import json
import math
import re
import shutil
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import gradio as gr
import numpy as np
import pandas as pd
import pytest
from helpers.paths import TOP
from rdkit import Chem

from polyid.bundle.layout import STARTER
from polyid.chemistry.forms import recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.config.parameters import PRESETS
from polyid.data.properties import decimals
from polyid.ensemble.fitted import FittedEnsemble
from polyid.ensemble.multi_model import MultiModel
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import BundleError, HubError, PolymerError
from polyid.hub.fetch import FetchedBundle, starter_bundle
from polyid.hub.versions import Version
from polyid.inference.predictions import Predictions

SPACE = TOP / "inference_space"
sys.path.insert(0, str(SPACE))

import answers
import cards
import exports
import model_service
import prediction_page
from answers import Shown
from endpoints import Endpoints
from model_handlers import ModelHandlers
from model_service import ModelService
from model_state import Loaded, Status
from model_versions import ModelVersions
from prediction_handlers import Handlers
from table_handlers import TableHandlers


class OneNumber:
    """A model with MultiModel's interface that answers every polymer with one number.

    Its intervals reach as far to both sides as the level has percents.
    """

    prediction_columns = ("Glass_Transition", "log10_Permeability_O2")
    prediction_units = {"Glass_Transition": ["°C"], "log10_Permeability_O2": None}  # noqa: RUF012
    metadata = {"folds": 3}  # noqa: RUF012
    domain = None

    def __init__(self, number: float = 101.25, reason: str = "It is far from all.", nearest=()) -> None:
        self.number, self.reason, self.nearest = number, reason, list(nearest)

    def predict(self, smiles, level=0.9):
        forms, errors = [], []
        for text in smiles:
            try:
                forms.append(str(recognise_form(text)))
                errors.append(None)
            except PolymerError as problem:
                forms.append(None)
                errors.append(str(problem))
        good = np.array([error is None for error in errors])

        def everywhere(number: float) -> np.ndarray:
            return np.where(good[:, None], number, np.nan) * np.ones(len(self.prediction_columns))

        def where_good(value) -> list:
            return [value if error is None else None for error in errors]

        return Predictions(
            self.prediction_columns,
            level,
            list(smiles),
            forms,
            [None] * len(smiles),
            errors,
            [None if error else "typed so" for error in errors],
            mean=everywhere(self.number),
            std=everywhere(2.5),
            expected_error=everywhere(11.4),
            lower=everywhere(self.number - 100 * level),
            upper=everywhere(self.number + 100 * level),
            verdict=where_good("outside"),
            reason=where_good(self.reason),
            nearest=where_good(self.nearest),
        )


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


def until(condition, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answer(service: ModelService) -> float:
    predictions, _ = service.predict(["*CC(*)c1ccccc1"])
    return predictions.mean[0, 0]


def test_until_there_is_a_model_it_says_so_and_keeps_looking(service, shelf):
    until(lambda: shelf.looks >= 3)
    assert service.status.phase == "waiting"
    assert "No model yet in ada/models: train one in the trainer Space" in service.status.sentence
    assert "was not found" in service.status.trouble
    with pytest.raises(BundleError, match="No model yet in ada/models"):
        service.predict(["*CC*"])
    panel = cards.status_panel(service.status)
    assert "No model yet in ada/models" in panel
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    assert answer(service) == 100


def test_until_there_is_a_model_the_starter_answers_and_says_so(shelf, tmp_path):
    def load(folder: Path):
        return OneNumber(7.0 if folder == STARTER else 100.0)

    service = ModelService(
        "ada/models",
        retry_seconds=0.05,
        poll_seconds=0.05,
        starter=starter_bundle(),
        fetch=shelf.fetch,
        load=load,
    ).start()
    until(lambda: shelf.looks >= 3)
    assert service.status.phase == "waiting"
    assert answer(service) == 7
    assert "Starter model." in cards.status_panel(service.status)
    assert "No model yet in ada/models" in cards.status_panel(service.status)
    page = Page(service)
    assert "Starter model: a first answer" in page.press("*CC*")["card"]
    assert page.functions["predict"]("*CC*")["model"]["starter"] is True
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    assert answer(service) == 100
    assert page.functions["predict"]("*CC*")["model"]["starter"] is False
    assert (
        "tarter" not in cards.status_panel(service.status) + page.press("*CC*")["card"] + page.press("*CC*")["exports"]
    )
    service.stop()


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
    assert "No newer model was taken up" in cards.status_panel(service.status)
    shelf.publish("b200")
    until(lambda: service.status.loaded.bundle.commit == "b200")
    assert service.status.trouble is None


def test_a_folder_is_taken_up_when_it_is_rewritten(shelf):
    """It never was: what was there now was compared with itself."""

    def load(folder: Path):
        return OneNumber(float((folder / "parameters.json").read_text().lstrip("abcdef")))

    shelf.publish("a100")
    place = shelf.bundle.folder
    shelf.bundle = FetchedBundle(place, None, None, None)
    service = ModelService(str(place), retry_seconds=0.05, poll_seconds=0.05, fetch=shelf.fetch, load=load).start()
    until(lambda: service.status.phase == "ready")
    model, looks = service.status.loaded.model, shelf.looks
    until(lambda: shelf.looks >= looks + 2)
    assert service.status.loaded.model is model, "nothing changed"
    (place / "parameters.json").write_text("b200")
    until(lambda: answer(service) == 200)
    service.stop()


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


def test_the_last_download_that_answers_while_the_hub_is_away_is_said(service, shelf):
    shelf.publish("a100")
    shelf.bundle = replace(shelf.bundle, is_old=True)
    until(lambda: service.status.phase == "ready")
    assert answer(service) == 100
    assert "one that was downloaded last" in cards.status_panel(service.status)
    shelf.publish("a100")
    until(lambda: service.status.trouble is None)
    assert "downloaded last" not in cards.status_panel(service.status)


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
                predictions, loaded = service.predict(["*CC*"])
                value = predictions.mean[0, 0]
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


def shown(loaded: Loaded, smiles: list[str], level: float = 0.9) -> Shown:
    return Shown(loaded.model.predict(smiles, level), loaded)


def cells(markup: str) -> list[list[str]]:
    """The text of each row of the tables in HTML."""
    rows = [
        re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        for row in re.findall("<tr>(.*?)</tr>", markup, re.DOTALL)
    ]
    return [[html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in row] for row in rows]


def test_what_is_typed_becomes_lines():
    assert answers.polymers_in(" *CC* \n\n  OCCO.O=C(O)C(=O)O\r\n") == ["*CC*", "OCCO.O=C(O)C(=O)O"]


@pytest.mark.parametrize("text", ["", "  \n \n", None])
def test_an_empty_box_is_said(text):
    with pytest.raises(PolymerError, match="box is empty"):
        answers.polymers_in(text)


def test_too_many_lines_are_said():
    assert len(answers.polymers_in("*CC*\n" * 100)) == 100
    with pytest.raises(PolymerError, match=r"1,000 lines.*100"):
        answers.polymers_in("*CC*\n" * 1000)


@pytest.mark.parametrize(
    ("level", "heading", "interval"),
    [(0.8, "80 % between", "21 to 181"), (0.9, "90 % between", "11 to 191"), (0.95, "95 % between", "6 to 196")],
)
def test_the_card_says_value_interval_error_structure_form_domain_and_model(loaded, level, heading, interval):
    card = cards.card(shown(loaded, ["*CC(*)c1ccccc1"], level), 0)
    rows = cells(card)
    assert rows[0] == ["Property", "Value", heading, "Expected error"]
    assert rows[1] == ["Glass transition temperature °C", "101", interval, "± 11"]
    assert rows[2][0] == "O₂ permeability"
    for text in ("repeat unit", 'aria-label="Structure of *CC(*)c1ccccc1"'):
        assert text in card
    for text in ("ada/models", "cccccccc</code>", "v1"):
        assert text in exports.exports(shown(loaded, ["*CC*"]))
    assert re.search(
        r'<p class="domain"><strong class="verdict outside">Outside</strong> It is far from all.</p>', card
    )
    assert exports.NO_INTERVALS not in exports.exports(shown(loaded, ["*CC*"]))


def test_bounds_that_nobody_knows_are_not_shown_as_numbers(loaded):
    """The levels of an interval are limited by how many polymers were held out; one fold has no standard deviation."""
    own = shown(loaded, ["*CC*"])
    own.predictions.lower[:, 0], own.predictions.upper[:, 0], own.predictions.std[:, 0] = -np.inf, np.inf, np.nan
    assert cells(cards.card(own, 0))[1] == ["Glass transition temperature °C", "101", "not known", "± 11"]
    entry = json.loads(json.dumps(answers.as_json(own), allow_nan=False))["predictions"][0]["properties"][0]
    assert (entry["lower"], entry["upper"], entry["std"], entry["expected_error"]) == (None, None, None, 11.4)


def test_several_polymers_are_a_table_without_the_lines_that_cannot_be_read(loaded):
    own = shown(loaded, ["*CC*", "C1CC", "*CCO*"], 0.8)
    heads, first, second = cells(cards.batch_table(own))
    assert heads == ["Polymer", "Domain", "Glass transition temperature °C", "O₂ permeability"]
    assert first[:3] == ["1 *CC*", "Outside", "101 21 to 181"]
    assert second[0] == "3 *CCO*"
    (said,) = answers.complaints(own)
    assert said.startswith("Line 2: ")
    (said,) = answers.complaints(replace(own, lines=answers.line_numbers("\n*CC*\n\nC1CC\n*CCO*")))
    assert said.startswith("Line 4: ")


def test_many_complaints_are_folded_and_an_old_answer_is_marked(loaded):
    few, many = cards.complaint_panel(["one"] * 3), cards.complaint_panel(["<b>one</b>"] * 4)
    assert "<details" not in few
    assert "<summary>4 lines can't be read" in many and "<b>" not in many
    assert "<code>*CC*</code>" in cards.stale(shown(loaded, ["*CC*"]), 0)
    assert not cards.stale(None, None)


def test_what_is_typed_is_read_aloud():
    assert "Read as repeat unit: “polystyrene” read as" in cards.reading_panel("PET\npolystyrene\n")
    assert "<svg" in cards.reading_panel("*CC*")
    assert "not closed" in cards.reading_panel("C1CC")
    assert cards.reading_panel(" ") == ""


def test_the_last_line_is_what_the_editor_opens_with(service):
    handlers = Handlers(ModelVersions(service))
    assert handlers.sketch("*CC*\npolystyrene\n")["block"].count(" *  ") == 2
    assert handlers.sketch(" \n") == {"block": None, "said": ""}
    refused = handlers.sketch("*CC*\nC1CC")
    assert refused["block"] is None and "not closed" in refused["said"]


def test_what_was_measured_of_a_training_polymer_is_said(loaded):
    both = shown(loaded, ["*CC*", "*CCO*"])
    both = replace(
        both, predictions=replace(both.predictions, measured=[{"Glass_Transition": -120.0}, None], source="t.csv")
    )
    assert "Measured (t.csv): Glass transition temperature −120 °C" in cards.card(both, 0)
    assert "Measured" not in cards.card(both, 1)


@pytest.fixture
def table_page(service, shelf):
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    return TableHandlers(ModelVersions(service))


def test_a_table_keeps_its_columns_and_says_units_and_model(table_page, tmp_path):
    polymers = ["*CC*", "C1CC", *(f"*{'C' * size}O*" for size in range(1, 70))]
    own = pd.DataFrame({"note": ["=1+1"] * len(polymers), "smiles": polymers, "id": range(len(polymers))})
    own.to_csv(tmp_path / "own.csv", index=False)
    progress = []
    for outputs in table_page.run(str(tmp_path / "own.csv"), "", 0.8):
        said, done, order, *_, download = outputs
        progress.append(said)
        if download != gr.skip():
            written = pd.read_csv(download["value"])
    assert not Path(download["value"]).exists(), "the page has its own copy"
    assert len(progress) == 3 and "64 of 71 rows" in progress[0]
    assert "71 rows" in said and "1 of them can't be read" in html.unescape(said)
    assert list(written.columns[:3]) == ["note", "smiles", "id"]
    assert written["smiles"].tolist() == polymers
    assert (written["note"] == "'=1+1").all(), "a spreadsheet program shows it, and computes nothing"
    assert set(written["Glass_Transition_unit"]) == {"°C"}
    assert (set(written["model"]), set(written["model_commit"])) == ({"ada/models"}, {"a100"})
    assert written.loc[0, "Glass_Transition_pred_mean"] == 100
    assert "C1CC" in written.loc[1, "error"]
    done.predictions.mean[:, 0] = np.arange(71)
    done.predictions.mean[1, 0] = np.nan
    highest = next(choice for choice, _ in order.choices if choice.startswith("Glass") and choice.endswith("highest"))
    first, last = (cells(table_page.page(done, highest, page, "All", "", None, None)) for page in (1, 99))
    assert [row[0] for row in first[1:]] == [str(row) for row in range(72, 47, -1)], (
        "rows of the file, its header the first"
    )
    assert last[-1][0] == "3" and "C1CC" in last[-1][2]
    for order in ("Order of the file, last first", "Domain, outside first", "Domain, in domain first"):
        assert len(cells(table_page.page(done, order, 1, "All", "", None, None))) == 26
    backwards = cells(table_page.page(done, "Order of the file, last first", 1, "All", "", None, None))
    assert [row[0] for row in backwards[1:4]] == ["72", "71", "70"]
    sorted_by = table_page.page(done, highest, 1, "All", "", None, None)
    assert (
        sorted_by.count("aria-sort") == 1
        and 'aria-sort="descending"><button type="button" data-order="Glass' in sorted_by
    )


@pytest.mark.parametrize(
    ("pasted", "said"), [("", "no table yet"), ("a,b\n1,2\n", "no SMILES column"), ("*CC*\n" * 10_001, "10,001 rows")]
)
def test_what_is_no_table_is_said(table_page, pasted, said):
    (answer,) = table_page.run(None, pasted, 0.9)
    assert said in answer[0]


def downloaded(markup: str) -> tuple[str, pd.DataFrame]:
    """Name and content of the file behind a card's link."""
    name, content = re.search(
        '<a download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', markup
    ).groups()
    return name, pd.read_csv(io.BytesIO(base64.b64decode(content)))


def test_the_link_holds_every_line_with_all_its_numbers(loaded):
    name, table = downloaded(exports.exports(shown(loaded, ["*CC*", "C1CC"], 0.8)))
    assert name == "polyid_intervals_80.csv"
    assert table["smiles"].tolist() == ["*CC*", "C1CC"]
    good, bad = table.to_dict("records")
    assert (good["Glass_Transition_pred_mean"], good["Glass_Transition_pred_lower"]) == (101.25, 21.25)
    assert (good["domain"], good["domain_reason"]) == ("outside", "It is far from all.")
    assert "C1CC" in bad["error"]
    assert np.isnan(bad["Glass_Transition_pred_mean"])


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (101.26, 0, "101"),
        (-22.54, 1, "−22.5"),
        (1.0534, 2, "1.05"),
        (-0.0501, 3, "−0.050"),
        (3012.4, 0, "3,012"),
        (-3012.4, 0, "−3,012"),
        (-0.2, 0, "0"),
        (0.0, 3, "0.000"),
        (None, 1, "-"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, places, text):
    assert answers.in_words(value, places) == text


def test_nothing_that_was_typed_or_trained_on_can_write_html(tmp_path):
    """The box, the tables that models were trained on and the repos that hold them are all somebody else's."""
    evil = '"><img src=x onerror="alert(1)">'
    nearest = [{"name": evil, "smiles": evil, "distance": 1.0, "values": {evil: 1.0}}]
    model = OneNumber(reason=evil, nearest=nearest)
    model.prediction_columns, model.prediction_units = (evil,), {evil: [evil]}
    model.domain = SimpleNamespace(polymers=SimpleNamespace(values={evil: [1.0, 2.0]}))
    own = shown(Loaded(model, FetchedBundle(tmp_path, evil, evil, evil)), ["*CC*", "*CCO*"])
    own.predictions.smiles[:] = [evil] * len(own.predictions)
    for markup in (
        cards.complaint_panel(answers.complaints(shown(own.loaded, [evil]))),
        cards.status_panel(Status("waiting", evil, trouble=evil)),
        cards.status_panel(Status("ready", evil, loaded=own.loaded, trouble=evil)),
        cards.card(own, 0),
        cards.batch_table(own),
        exports.exports(own),
    ):
        assert "img" in markup
        tags = Tags()
        tags.feed(markup)
        assert "img" not in tags.names
        assert "onerror" not in tags.names


class Tags(HTMLParser):
    """Names of all tags and attributes of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.names |= {tag, *(name for name, _ in attrs)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small model of sixty polymers with made-up values; every third has no density."""
    place = tmp_path_factory.mktemp("model")
    tails = ["O", "C(=O)O", "C(=O)N", "S", "N", "OC(=O)O"]
    rows = [
        {
            "polymer": f"Polymer {size}-{shift}",
            "repeat_unit": f"*{'C' * size}{tail}*",
            "Tg (°C)": 20 * size + 30 * shift,
            "density (g/cm3)": 1 + size / 50 if shift % 3 else None,
        }
        for size in range(1, 11)
        for shift, tail in enumerate(tails)
    ]
    pd.DataFrame(rows).to_csv(place / "table.csv", index=False)
    sizes = {"num_messages": 2, "atom_features": 8, "bond_features": 8}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "small", {**PRESETS["small"], **sizes})
        train_ensemble(place / "table.csv", place / "model", epochs=2, folds=3)
    return place / "model"


@pytest.fixture(scope="module")
def trained(folder):
    """The small model behind a service, as the page finds it in a folder."""
    service = ModelService(str(folder)).start()
    until(lambda: service.status.phase == "ready", 120)
    yield service
    service.stop()


class Page:
    """What is behind the page's buttons, without a browser."""

    def __init__(self, service) -> None:
        self.blocks = prediction_page.build(service)
        self.functions = {fn.fn.__name__: fn.fn for fn in self.blocks.fns.values() if fn.fn is not None}

    def press(self, text: str, level: float = 0.9) -> dict:
        """What the button changes, by name."""
        names = ("complaint", "shown", "table", "chosen", "card", "exports", "reasons", "name", "drawing")
        return dict(zip(names, self.functions["show"](text, level, None), strict=True))


def rounded(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", "−")


def test_a_real_models_numbers_reach_page_and_programs_at_every_level(trained, folder):
    page, model = Page(trained), MultiModel.load_models(folder)
    before, widths = page.press("*CC(*)C\n*CCCSC*", 0.9), []
    for level in prediction_page.LEVELS:
        expected = model.predict_smiles(["*CC(*)C", "*CCCSC*"], level)
        outputs = page.functions["again"](level, before["shown"], 1, "Density")[1:]
        reply = json.loads(json.dumps(page.functions["predict"]("*CC(*)C\n*CCCSC*", level), allow_nan=False))
        assert reply["level"] == level
        card = cells(outputs[3])
        assert card[0][2] == f"{100 * level:g} % between"
        for i, prediction in enumerate(reply["predictions"]):
            assert (prediction["domain"], prediction["domain_reason"]) == (
                expected["domain"][i],
                expected["domain_reason"][i],
            )
            for entry in prediction["properties"]:
                columns = {
                    "value": "mean",
                    "std": "std",
                    "expected_error": "error",
                    "lower": "lower",
                    "upper": "upper",
                }
                for key, column in columns.items():
                    assert entry[key] == pytest.approx(expected[f"{entry['name']}_pred_{column}"][i], rel=1e-5)
        for line, entry in zip(card[1:3], reply["predictions"][1]["properties"], strict=True):
            places = decimals(entry["value"], entry["expected_error"])
            lower, upper = rounded(entry["lower"], places), rounded(entry["upper"], places)
            assert line[1:] == [
                rounded(entry["value"], places),
                f"{lower} to {upper}",
                f"± {rounded(entry['expected_error'], places)}",
            ]
        widths.append([e["upper"] - e["lower"] for e in reply["predictions"][1]["properties"]])
    assert (np.diff(widths, axis=0) > 0).all(), "the surer, the wider"


def test_nearest_training_polymers_are_shown_with_what_was_measured_of_them(trained, folder):
    table = pd.read_csv(folder.parent / "table.csv").set_index("polymer")
    page = Page(trained)
    nearest = page.functions["predict"]("*CC(*)C")["predictions"][0]["nearest_training_polymers"]
    assert len(nearest) == 3
    heads, *lines = cells(page.press("*CC(*)C")["card"].partition('<section class="nearest">')[2])
    lines = {line[0]: line[2:] for line in lines}
    for place, polymer in enumerate(nearest):
        row = table.loc[polymer["name"]]
        assert polymer_identity(polymer["smiles"]) == polymer_identity(row["repeat_unit"])
        assert polymer["values"]["Glass_Transition"] == row["Tg (°C)"]
        assert ("Density" in polymer["values"]) == np.isfinite(row["density (g/cm3)"])
        assert heads[2 + place] == f"{polymer['name']}, measured"
        assert lines["Glass transition temperature °C"][place] == f"{row['Tg (°C)']:,.0f}"


def test_a_polymer_unlike_all_others_is_called_outside_with_the_reason(trained):
    page = Page(trained)
    card = page.press("*C[Si](C)(C)O*")["card"]
    verdict, reason = re.search(
        '<p class="domain"><strong class="verdict outside">(.*?)</strong> (.*?)</p>', card
    ).groups()
    assert verdict == "Outside"
    assert reason.startswith("It contains Si, which no training polymer does")
    assert page.functions["predict"]("*C[Si](C)(C)O*")["predictions"][0]["domain"] == "outside"


@pytest.mark.parametrize("smiles", ["*CC(*)C", "OCCO.O=C(O)CCC(=O)O"])
def test_why_adds_up_to_the_prediction_on_the_page_and_for_programs(trained, smiles):
    page = Page(trained)
    shown = page.press(f"*CCO*\n{smiles}")["shown"]
    predicted = page.functions["predict"](smiles)["predictions"][0]["properties"]
    explained = json.loads(json.dumps(page.functions["explain"](f" {smiles}\n"), allow_nan=False))
    assert explained["model"] == page.functions["health"]()["model"]
    for entry, why in zip(predicted, explained["properties"], strict=True):
        assert (why["name"], why["unit"]) == (entry["name"], entry["unit"])
        assert sum(why["terms"].values()) == pytest.approx(entry["value"], rel=1e-5)
        assert why["prediction"] == pytest.approx(entry["value"], rel=1e-5)
        assert len(why["atoms"]) == Chem.MolFromSmiles(why["repeat_unit"]).GetNumAtoms()
        assert sum(why["atoms"]) == pytest.approx(why["terms"]["Atoms of the repeat unit"])
        drawn = page.functions["why"](True, shown, 1, entry["name"])
        *terms, total = cells(drawn)
        assert [name for name, _ in terms] == list(why["terms"])
        assert total[0] == f"Sum: {entry['label']} {entry['unit'].replace('cm3', 'cm³')}"
        numbers = [float(text.replace("−", "-").replace(",", "")) for _, text in [*terms, total]]
        assert numbers[-1] == pytest.approx(entry["value"], rel=0.01)
        assert sum(numbers[:-1]) == pytest.approx(numbers[-1], rel=0.01), "as far as it is shown"
        assert "<svg" in drawn


def test_why_is_only_computed_for_who_looks_and_kept_at_another_level(trained, monkeypatch):
    asked = []
    explain = trained.explain
    monkeypatch.setattr(trained, "explain", lambda smiles, loaded: asked.append(smiles) or explain(smiles, loaded))
    page = Page(trained)
    shown = page.press("*CCO*")["shown"]
    why = page.functions["why"]
    assert why(False, shown, 0, "Density") == gr.skip()
    assert why(True, None, None, None) == gr.skip()
    assert asked == []
    drawn = why(True, shown, 0, "Density")
    again = page.functions["again"](0.8, shown, 0, "Density")[1]
    assert why(True, again, 0, "Density") == drawn
    assert asked == ["*CCO*"]


def test_a_model_of_the_first_format_answers_with_its_standard_deviation_and_says_what_that_is(
    trained, folder, monkeypatch
):
    """No calibration, no domain, no kernel regression: what was published before there were any."""
    older = MultiModel.load_models(folder)
    older.fitted = FittedEnsemble(tuple(replace(member, kernel=None) for member in older.fitted.members))
    monkeypatch.setattr(trained, "status", Status("ready", "", loaded=replace(trained.status.loaded, model=older)))
    page = Page(trained)
    pressed = page.press("*CC(*)C\n*CCO*\nC1CC")
    expected = older.predict_smiles(["*CC(*)C"]).iloc[0]
    heads, line = cells(pressed["card"])[:2]
    assert heads == ["Property", "Value", "Standard deviation"]
    assert line[2] == "± " + rounded(
        expected["Glass_Transition_pred_std"],
        decimals(expected["Glass_Transition_pred_mean"], expected["Glass_Transition_pred_std"]),
    )
    assert pressed["exports"].endswith(f"{exports.NO_INTERVALS}</p>")
    assert "domain" not in pressed["card"] and "nearest" not in pressed["card"]
    assert len(cells(pressed["table"])) == 1 + 2
    assert downloaded(pressed["exports"])[0] == "polyid.csv"
    prediction = page.functions["predict"]("*CC(*)C")["predictions"][0]
    assert {prediction[name] for name in ("domain", "domain_reason", "nearest_training_polymers")} == {None}
    assert {prediction["properties"][0][name] for name in ("expected_error", "lower", "upper")} == {None}
    terms = page.functions["explain"]("*CC(*)C")["properties"][0]["terms"]
    assert sum(terms.values()) == pytest.approx(expected["Glass_Transition_pred_mean"], rel=1e-5)
    assert len(terms) == 3


def test_the_client_of_the_readme(trained):
    """Over HTTP, as a program asks; what is wrong with a question is said in words."""
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    blocks = prediction_page.build(trained)
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False)
    try:
        client = Client(url, verbose=False)
        model, level, predictions = client.predict("*CC(*)C\nxyz(", level=0.8, api_name="/predict").values()
        assert (model["folds"], level) == (3, 0.8)
        assert [entry["error"] is None for entry in predictions] == [True, False]
        assert client.predict("*CC(*)C", api_name="/predict")["level"] == 0.9
        assert len(client.predict("*CC(*)C", api_name="/explain")["properties"]) == 2
        assert client.predict(api_name="/health")["phase"] == "ready"
        info = client.predict(api_name="/model_info")
        assert info["model"] == model
        assert [entry["figures"]["n"] for entry in info["properties"]] == [60, 40]
        both = client.predict(["*CC(*)C", "xyz("], 0.8, api_name="/predict_batch")
        assert both["predictions"] == predictions
        for question in ([], "*CC*", [1], ["*CC*"] * 1001):
            with pytest.raises(AppError, match=r"list of texts|from 1 to 1,000"):
                client.predict(question, api_name="/predict_batch")
        for data in (["*CC(*)C\nxyz(", 0.8], ["*CC(*)C\nxyz(", 0.8, ""], ["*CC(*)C\nxyz("]):
            request = urllib.request.Request(
                f"{url}gradio_api/run/predict",
                json.dumps({"data": data}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as plain:
                answer = json.load(plain)["data"][0]
            assert answer["level"] == (0.8 if len(data) > 1 else 0.9)
            assert (answer["predictions"] == predictions) == (len(data) > 1)
        documented = client.view_api(return_format="dict")["named_endpoints"]
        assert set(documented) == {"/predict", "/predict_batch", "/explain", "/model_info", "/health"}
        for endpoint in documented.values():
            assert endpoint["description"]
            for parameter in endpoint["parameters"]:
                assert parameter["label"] == parameter["parameter_name"]
                assert parameter["type"]["description"] == parameter["python_type"]["description"] != ""
        for question, said in (
            ({"smiles": "*CC*", "level": 90}, "from 0.01 to 0.999"),
            ({"smiles": "*CC*", "level": "sure"}, "from 0.01 to 0.999"),
            ({"smiles": " "}, "box is empty"),
            ({"smiles": ["*CC*"]}, "one a line"),
            ({"smiles": "*CC*", "version": ["v1"]}, "a tag, branch or commit"),
            ({"smiles": "*CC*", "version": "v9"}, "no version v9: this Space follows no model repo"),
        ):
            with pytest.raises(AppError, match=said):
                client.predict(**question, api_name="/predict")
        for smiles in ("", "some polymer", "*CC*\n*CCO*", ["*CC*"], None):
            with pytest.raises(AppError, match=r"SMILES|one polymer|not a name"):
                client.predict(smiles, api_name="/explain")
    finally:
        blocks.close(verbose=False)


def test_every_example_is_read_and_drawn():
    for smiles in prediction_page.EXAMPLES.values():
        recognise_form(smiles)
        assert cards.drawing(smiles).startswith("<svg")


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
        "polystirene",
        "<b>*CC*</b>",
        "…",
    ],
)
def test_whatever_is_typed_gets_one_sentence_and_the_result_stays(service, shelf, smiles):
    shelf.publish("a100")
    until(lambda: service.status.phase == "ready")
    page = Page(service)
    complaint, *others = page.press(smiles).values()
    assert all(output == gr.skip() for output in others), "the last result is not touched"
    text = re.sub("<[^>]+>", "", complaint)
    assert 20 < len(text) < 600
    assert "Traceback" not in text
    assert text.rstrip()[-1] in ".?1"
    if not smiles:
        with pytest.raises(gr.Error, match="box is empty"):
            page.functions["predict"](smiles)
        return
    reply = page.functions["predict"](smiles)["predictions"][0]
    assert reply["error"]
    assert reply["properties"] == []
    assert reply["domain"] is None


def test_the_button_without_a_model_says_why(service):
    page = Page(service)
    complaint, *others = page.press("*CC*").values()
    assert all(output == gr.skip() for output in others)
    assert "model" in complaint
    for name in ("predict", "explain"):
        with pytest.raises(gr.Error, match="model"):
            page.functions[name]("*CC*")


def test_a_page_whose_session_ended_does_not_break(trained):
    """After a restart of the Space a page that stayed open sends what it had, but the server knows nothing of it."""
    page = Page(trained)
    assert page.functions["again"](0.8, None, 0, "Density") == [gr.skip()] * 9
    assert page.functions["choose"](None, 0) == gr.skip()


def test_each_value_is_marked_on_the_training_data(trained, folder):
    """In the picture and in words: among sixty polymers, whose values the table has."""
    measured = np.sort(pd.read_csv(folder.parent / "table.csv")["Tg (°C)"].to_numpy())
    page = Page(trained)
    pressed = page.press("*CC(*)C")
    picture = pressed["card"].partition('<section class="distributions">')[2].partition("</section>")[0]
    assert picture.count("<svg") == 2
    value = page.functions["predict"]("*CC(*)C")["predictions"][0]["properties"][0]["value"]
    share = 100 * (np.mean(measured < value) + np.mean(measured == value) / 2)
    assert f"higher than {share:.0f} % of 60 measured values" in picture.lower()
    heights = [float(height) for height in re.findall(r'class="bar" .*?height="([\d.]+)"', picture)]
    assert max(heights) == 70
    info = page.functions["model_info"]()["properties"][0]["training_values"]
    assert (info["n"], info["lowest"], info["highest"]) == (60, measured[0], measured[-1])


def test_an_answer_is_carried_away_as_link_values_and_json(loaded):
    own = shown(loaded, ["*CC*", "C1CC", "*CCO*"], 0.8)
    markup = exports.exports(own)
    (content,) = re.findall('href="data:application/json;base64,([^"]+)"', markup)
    assert json.loads(base64.b64decode(content)) == json.loads(json.dumps(answers.as_json(own)))
    (query,) = re.findall('data-link="([^"]+)"', markup)
    assert parse_qs(html.unescape(query)) == {"polymer": ["*CC*\nC1CC\n*CCO*"], "level": ["0.8"]}
    (copied,) = re.findall('data-copy="([^"]+)"', markup)
    pasted = pd.read_csv(io.StringIO(html.unescape(copied)), sep="\t")
    assert pasted["Polymer"].tolist() == ["*CC*", "*CC*", "*CCO*", "*CCO*"]
    assert (pasted["Value"] == 101.25).all() and pasted["Unit"].tolist()[0] == "°C"
    assert "data-link" not in exports.exports(shown(loaded, ["*" + "C" * 2000 + "*"]))


def test_a_table_is_filtered_and_plotted(table_page):
    polymers = "\n".join(["*CC*", "C1CC", *(f"*{'C' * size}O*" for size in range(1, 5))])
    *_, (_, done, *_) = table_page.run(None, polymers, 0.9)
    done.predictions.mean[:, 0] = [1.0, np.nan, 2.0, 3.0, 4.0, 5.0]
    done.predictions.mean[:, 1] = [9.0, np.nan, 8.0, 9.0, 7.0, 1.0]
    name = "Glass_Transition"

    def rows(*wanted):
        return [row[0] for row in cells(table_page.page(done, "Order of the file", 1, *wanted))[1:]]

    assert rows("All", name, 2.0, 4.0) == ["3", "4", "5"]
    assert rows("outside", name, None, 2.0) == ["1", "3"]
    assert rows("Can't be read", name, 2.0, None) == ["2"]
    assert rows("in domain", "", None, None) == []
    plot = table_page.plot(done, name, "log10_Permeability_O2", "Higher is better", "Higher is better")
    assert [row[0] for row in cells(plot)[1:]] == ["6", "5", "4"], "5 beats all in one, 9 at 3 beats 9 at 1"
    assert plot.count("h0") == 5
    lower = table_page.plot(done, name, "log10_Permeability_O2", "Lower is better", "Higher is better")
    assert [row[0] for row in cells(lower)[1:]] == ["1"]


def test_another_version_answers_when_asked_for_and_says_what_changed(trained, folder, tmp_path, monkeypatch):
    older = tmp_path / "older"
    shutil.copytree(folder, older)
    manifest = json.loads((older / "parameters.json").read_text("utf-8"))
    manifest["training"]["finished"] = "long ago"
    (older / "parameters.json").write_text(json.dumps(manifest), "utf-8")
    # One that doesn't look for newer commits meanwhile.
    service = ModelService(
        "ada/models",
        fetch=lambda name, tqdm_class: FetchedBundle(older, "ada/models", name.partition("@")[2], "v1"),
    )
    service.status = trained.status
    versions = ModelVersions(service)
    monkeypatch.setattr(versions, "_listed", (math.inf, [Version("v1", "a" * 40, is_tag=True)]))
    assert [choice.name for choice in versions.choices()] == ["", "v1"]
    loaded = versions.at("v1")
    assert loaded.model.metadata["training"]["finished"] == "long ago"
    assert versions.at("v1") is loaded and versions.at("") is service.status.loaded
    programs = Endpoints(versions)
    for of_version, finished in (
        ("v1", "long ago"),
        (" ", service.status.loaded.model.metadata["training"]["finished"]),
    ):
        assert programs.predict("*CC*", version=of_version)["model"]["finished"] == finished
        assert programs.predict_batch(["*CC*"], version=of_version)["model"]["finished"] == finished
        assert programs.explain("*CC*", version=of_version)["model"]["finished"] == finished
        assert programs.model_info(version=of_version)["model"]["finished"] == finished
    changed, card = ModelHandlers(versions).show("v1")
    assert next(row[:2] for row in cells(changed) if row[0] == "Trained") == ["Trained", "long ago"]
    assert "Out-of-fold figures" in card and "model-index" not in card
    assert "data:image/png;base64," in card
