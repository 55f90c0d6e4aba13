"""The trainer's page: what it offers, what it refuses before a run starts, and what it shows of one."""

from __future__ import annotations

import dataclasses
import html
import math
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import gradio as gr
import pandas as pd
import pytest
from gradio_client import Client, handle_file
from helpers.paths import TOP
from helpers.staged_runs import StagedRun

from polyid import runs
from polyid.ensemble.plan import polymer_count
from polyid.errors import DataError, HubError, TrainingError
from polyid.runs import process
from polyid.web.html import notice

SPACE = TOP / "trainer_space"
sys.path.insert(0, str(SPACE))

import data_handlers
import estimate_handlers
import form_handlers
import history_handlers
import notice_scripts
import run_handlers
import run_view
import train_models
import training_page

ROWS = ["repeat_unit,Tg (°C),density (g/cm3)"] + [
    f"*{'C' * size}O*,{value},{'' if size % 2 else 0.9}"
    for size, value in zip(range(2, 8), range(10, 70, 10), strict=True)
]

# Stands for training and publishing, so that the page is tested in seconds; the browser test trains for real.
CHILD = """
import json, sys, time
from polyid.runs import process, worker
process.CHILD = (sys.executable, __file__)
from polyid.common.progress import Progress

def train(data, output, *, properties, preset, folds, epochs, seed, split, columns, resume, progress, **more):
    for epoch in range(1, epochs + 1):
        progress(Progress("training", (0,), folds, epoch, epochs, 1 / epoch, 2 / epoch, 1e-3, 10.0, epoch, epochs - epoch))
        time.sleep(0.02)
    output.mkdir(exist_ok=True)
    figures = {"n": 6, "MAE": 12.34, "RMSE": 15.0, "R2": None}
    (output / "metrics.json").write_text(json.dumps({"out_of_fold": {"Glass_Transition": figures}}))
    (output / "parameters.json").write_text("{}")

class Publication:
    commit = "c" * 40
    commit_url = "http://hub/ada/models/commit/" + "c" * 40

sys.exit(worker.execute(sys.argv[1], train=train, publish=lambda *a, **k: Publication()))
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(ROWS), encoding="utf-8")
    return path


@pytest.fixture
def hub(local_hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    return local_hub


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of runs whose runs are carried out by the stand-in."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    monkeypatch.setattr(process, "CHILD", (sys.executable, str(script)))
    monkeypatch.setenv("POLYID_RUNS", str(tmp_path / "runs"))
    yield tmp_path / "runs"
    for run in runs.every(tmp_path / "runs"):
        runs.cancel(run.folder)


def form(table: Path | None, hub, **changes) -> dict:
    filled = {
        "data_path": table,
        "properties": ["Glass_Transition"],
        "preset": "small",
        "epochs": 3.0,
        "folds": 3.0,
        "seed": 0.0,
        "repo_id": f"{hub.user}/models",
    }
    return {**filled, **changes}


def finished(folder: Path, seconds: float = 120) -> runs.Run:
    deadline = time.monotonic() + seconds
    while (run := runs.latest(folder)).active:
        assert time.monotonic() < deadline, run.record
        time.sleep(0.05)
    return run


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 0}, "number of epochs is 0"),
        ({"epochs": -5}, "number of epochs is -5"),
        ({"epochs": 2.5}, "number of epochs is 2.5"),
        ({"epochs": None}, "number of epochs is empty"),
        ({"epochs": math.inf}, "number of epochs is inf"),
        ({"epochs": math.nan}, "number of epochs is nan"),
        ({"folds": 1}, "number of folds is 1"),
        ({"folds": math.inf}, "number of folds is inf"),
        ({"seed": -1}, r"seed is -1; it must be a whole number from 0 to 4,294,967,295\."),
        ({"seed": 2.0**32}, "seed is 4.29497e\\+09"),
        ({"columns": {"Tg (°C)": {"as": "Glas_Transition"}}}, "did you mean Glass_Transition"),
        ({"folds": 7}, "7 folds need at least 7 polymers.*have 6"),
        ({"folds": 4, "properties": ["Density"]}, "have 3: choose 3 folds or fewer"),
        ({"properties": []}, "No property is ticked"),
        ({"properties": ["Melt_Temp"]}, "no column Melt_Temp"),
        ({"data_path": None}, "No data is chosen"),
        ({"repo_id": ""}, "No model repo is named"),
        ({"repo_id": None}, "No model repo is named"),
        ({"repo_id": "models"}, "write it as user/name"),
        ({"repo_id": "a/b/c"}, "write it as user/name"),
        ({"repo_id": "someone-else/models"}, "belongs to ada, which can't write to someone-else/models"),
        ({"tag": "no spaces"}, "can't be the name of a tag"),
        ({"branch": "a..b"}, "can't be the name of a branch"),
    ],
)
def test_a_run_that_can_not_work_is_refused_before_it_starts(hub, folder, table, changes, sentence):
    with pytest.raises((DataError, TrainingError, HubError), match=sentence):
        train_models.start_run(folder, **form(table, hub, **changes))
    assert runs.latest(folder) is None


@pytest.mark.parametrize(
    ("token", "sentence"), [(None, "There is no Hub token"), ("hf_wrong_token_wrong", "does not know the token")]
)
def test_a_missing_or_wrong_token_is_said_before_the_run(hub, folder, table, monkeypatch, token, sentence):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    else:
        monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=sentence) as problem:
        train_models.start_run(folder, **form(table, hub))
    assert str(token) not in str(problem.value)
    assert runs.latest(folder) is None


def test_the_page_says_on_arrival_whose_models_these_will_be(hub, monkeypatch):
    assert run_handlers.default_repo("") == ("ada/polyid-models", "")
    assert run_handlers.default_repo("ada/typed")[0] == gr.skip(), "what was typed stays"
    monkeypatch.delenv("HF_TOKEN")
    typed, said = run_handlers.default_repo("")
    assert typed == gr.skip()
    assert "There is no Hub token: set HF_TOKEN" in said


def test_a_hub_out_of_reach_is_said_before_the_run(hub, folder, table, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="can't be reached"):
        train_models.start_run(folder, **form(table, hub))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"expected": {"training": 160.0, "upload": 15.0}}, 115),
        ({"expected": {"training": 160.0}, "review": True}, 100),
        ({}, None),
    ],
)
def test_before_its_first_report_a_run_ends_as_it_was_estimated(tmp_path, asked, said):
    staged = StagedRun(tmp_path, **asked)
    staged.becomes("preparing", "Reading the polymers", progress=None, stages=None, started=time.time() - 60.0)
    told = re.search(r"about (?:(\d+) min )?(\d+) s left", run_view.card(runs.read(staged.folder)))
    assert (told is None) == (said is None)
    assert told is None or said - 5 <= 60 * int(told[1]) + int(told[2]) <= said


def test_a_repo_with_something_else_in_it_is_left_alone(hub, folder, table):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.endpoint, token=hub.token)
    api.create_repo("ada/novel")
    api.upload_file(path_or_fileobj=b"Once upon a time", path_in_repo="chapter1.txt", repo_id="ada/novel")
    with pytest.raises(HubError, match="something else than a PolyID model"):
        train_models.start_run(folder, **form(table, hub, repo_id="ada/novel"))


def test_a_tag_that_exists_is_refused(hub, folder, table):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.endpoint, token=hub.token)
    api.create_repo("ada/tagged")
    api.create_tag("ada/tagged", tag="v1")
    with pytest.raises(HubError, match="has a tag v1 already"):
        train_models.start_run(folder, **form(table, hub, repo_id="ada/tagged", tag="v1"))


def test_the_public_stays_public(hub, folder, table):
    from huggingface_hub import HfApi

    HfApi(endpoint=hub.endpoint, token=hub.token).create_repo("ada/public")
    with pytest.raises(HubError, match="is public already"):
        train_models.start_run(folder, **form(table, hub, repo_id="ada/public", private=True))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"name,Tg\nPoly 7,100\n", "no SMILES column"),
        (b"smiles,colour\n*CC*,red\n", "no property column"),
        (b"\x00\x01\x02\xff\xfe" * 100, "mine.csv"),
    ],
)
def test_a_table_that_can_not_be_trained_on_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        train_models.read_table(path)
    _, said, problems_box, *_ = data_handlers.show_data("polymer_properties", str(path))
    assert 'role="alert"' in said
    assert sentence in said
    assert "Traceback" not in said
    assert problems_box["visible"] is False


def test_the_page_offers_what_the_table_has_and_how_much(table):
    properties, said, problems_box, *_ = data_handlers.show_data(None, str(table))
    assert [name for _, name in properties["choices"]] == ["Glass_Transition", "Density"]
    titles = [title for title, _ in properties["choices"]]
    assert titles[0].endswith("(Glass_Transition, °C) - 6 polymers")
    assert titles[1].endswith("- 3 polymers")
    assert "6 polymers" in said
    assert problems_box["visible"] is False


def test_bad_rows_are_listed_with_their_row(table):
    table.write_text("\n".join([*ROWS, "*CC(,70,", "*CCO*,soft,"]), encoding="utf-8")
    _, _, problems_box, problems, *_ = data_handlers.show_data(None, str(table))
    assert problems_box["visible"] is True
    assert {8, 9} <= set(problems["row"])
    assert {"*CC(", "soft"} <= set(problems["value"])


def test_a_run_from_start_to_outcome(hub, folder, table):
    run = train_models.start_run(folder, **form(table, hub, tag="v1"))
    waiting = train_models.start_run(folder, **form(table, hub, epochs=2.0))
    assert waiting.waiting
    run = outcome(folder, run.name)
    assert outcome(folder, waiting.name).record.state == "done"
    runs.delete(waiting.folder)
    seen, _, card, curve, cancel, confirm, resume, report, log_box, box, history, chosen, other, *_ = (
        run_handlers.watch("")
    )
    assert run.name in seen
    assert "Training complete" in card
    assert f'href="{run.record.commit_url}"' in card
    assert "v1" in card
    assert "<td>12.3</td><td>°C</td>" in card
    assert "<polyline" in curve
    assert (cancel["visible"], confirm["visible"], resume["visible"]) == (False, False, False)
    assert (log_box["visible"], box["visible"]) == (True, True)
    assert f'<th scope="row">{run.name}</th><td>done</td><td>small, 3 folds, 3 epochs</td>' in history
    assert chosen["choices"] == other["choices"] == [(f"{run.name}: small, done", run.name)]
    assert report == "", "this model has none"
    assert run_handlers.watch(seen) == [gr.skip()] * run_handlers.OUTPUTS, "nothing changed, so nothing is redrawn"


def test_a_run_at_work_shows_its_stages_its_clock_and_its_cost(hub, folder, table):
    run = train_models.start_run(folder, **form(table, hub, epochs=5000.0, dollars_an_hour=1.0))
    while not (run := runs.read(run.folder)).record.progress:
        time.sleep(0.1)
    card = run_view.card(run)
    assert "Training</span>" in card and 'aria-current="step"' in card
    assert "left" in card and "$0.00 so far" in card
    assert f"{run.request.epochs} epochs" in card
    seen = run_handlers.watch("")[0]
    time.sleep(1.1)
    assert "running for" in run_handlers.watch(seen)[2], "the clock goes on between two reports"
    restored = form_handlers.settings_of_run()
    assert restored[:6] == [["Glass_Transition"], "small", 5000, 3, 0, f"{hub.user}/models"]
    name = form_handlers.table_of_run()["value"]
    assert data_handlers.tables_on_offer()[name] == run.folder / run.request.data
    run_handlers.cancel_training()
    assert outcome(folder, run.name).record.state == "cancelled"
    assert form_handlers.settings_of_run()[0] == gr.skip()


def test_two_runs_are_compared_and_an_older_one_is_published_and_deleted(hub, folder, table):
    first = outcome(folder, train_models.start_run(folder, **form(table, hub)).name)
    second = outcome(folder, train_models.start_run(folder, **form(table, hub, seed=1.0)).name)
    for run, shift in ((first, 0), (second, 5)):
        rows = [f"{value},{value + shift}" for value in range(10, 70, 10)]
        (run.folder / "held_out.csv").write_text("\n".join(["Glass_Transition,Glass_Transition_pred", *rows]))
    said, shown = history_handlers.compare(first.name, second.name)
    assert said == ""
    assert '<th scope="row">Seed</th><td>0</td><td>1</td>' in shown
    assert "Preset" not in shown, "only what differs"
    assert shown.count("<circle") == 12 and "12.3" in shown
    assert "the same run" in history_handlers.compare(first.name, first.name)[0]
    _, answer = history_handlers.publish(first.name, f"{hub.user}/models", "v2.0.0", "", False, "An older one")
    assert answer["ok"], answer
    published = outcome(folder, first.name)
    assert (published.request.tag, published.request.notes) == ("v2.0.0", "An older one")
    assert history_handlers.ask_delete(first.name)[1]["visible"] is True
    assert history_handlers.delete(first.name)[1]["ok"]
    assert [run.name for run in runs.every(folder)] == [second.name]
    assert "There is no run" in history_handlers.delete(first.name)[1]["message"]


def test_a_quick_look_publishes_nothing(hub, folder, table):
    blank = ["small", 60, 5, 0, "", "", "", False, str(table), "", "", "stratified", None]
    _, answer = run_handlers.quick_look(None, ["Glass_Transition"], *blank)
    assert answer["ok"], answer
    run = outcome(folder, answer["run"])
    assert (run.record.state, run.record.commit, run.request.epochs) == ("done", None, 8)
    card = run_view.card(run)
    assert "Quick look finished" in card and "Published" not in card


def test_the_estimate_is_of_what_start_would_train(hub, folder, table, monkeypatch):
    """Of the sizes of the model that training begins with; and what can't be is said before anything is measured."""
    measured = []

    def measure(plan):
        measured.append(plan)
        raise TrainingError("measured")

    monkeypatch.setattr(estimate_handlers, "measured_apart", measure)
    blank = [None, str(table), "", "", ["Glass_Transition"], "small", 5]
    advanced = [""] * len(form_handlers.ADVANCED)
    for init_from, width in (("", None), ("starter", 40)):
        assert "measured" in estimate_handlers.measure(*blank, 3, 0, "stratified", None, *advanced, init_from)
        assert (measured.pop().changes or {}).get("atom_features") == width
    said = estimate_handlers.measure(*blank, 9, 0, "stratified", None, *advanced, "")
    assert "9 folds need at least 9 polymers" in said and not measured
    said = estimate_handlers.measure(*blank, 3, 0, "stratified", None, *advanced, "/etc")
    assert 'role="alert"' in said and not measured


def test_the_browser_can_tell_the_end(hub, folder, table):
    """The box is on the page, asks for the permission in the browser alone, and the card says what it looks at."""
    page = training_page.build()
    (box,) = [block for block in page.blocks.values() if getattr(block, "elem_id", None) == "notify"]
    scripts = [call.js for call in page.fns.values() if box in call.outputs]
    assert notice_scripts.ASK in scripts and notice_scripts.LISTEN in scripts
    assert notice_scripts.ASK.count("requestPermission") == 1 and "requestPermission" not in notice_scripts.LISTEN
    assert "http" not in notice_scripts.ASK + notice_scripts.LISTEN
    assert "data-run" not in run_view.card(None)
    run = train_models.start_run(folder, **form(table, hub, epochs=5000.0))
    assert f'data-run="{run.name}" data-active>' in run_view.card(runs.read(run.folder))
    runs.cancel(run.folder)
    ended = run_view.card(outcome(folder, run.name))
    assert f'data-run="{run.name}">' in ended and "data-active" not in ended


def test_whatever_goes_wrong_is_a_sentence(hub, folder, table, monkeypatch):
    def start(*arguments, **keywords):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(train_models, "start_run", start)
    filled = [["Glass_Transition"], "small", 3, 3, 0, f"{hub.user}/models", "", "", False, str(table)]
    _, answer = run_handlers.start_training(None, *filled)
    assert answer["ok"] is False and "nobody foresaw (RuntimeError)" in answer["message"]
    _, answer = run_handlers.start_training(None, ["Glass_Transition"], "small", 3, 3, -1, *filled[5:])
    assert "seed is -1" in answer["message"]


def test_advanced_numbers_are_checked_as_they_are_typed(hub, folder, table):
    assert form_handlers.check_numbers(3, 3, 0, *[None] * len(form_handlers.ADVANCED)) == ""
    typed = [None, 20.0, None, None, None, None]
    assert "learning_rate is 20" in form_handlers.check_numbers(3, 3, 0, *typed)
    assert "much&#39;; it must be a number" in form_handlers.check_numbers(3, 3, 0, *["", "", "", "", "", "much"])
    assert form_handlers.changes(("", "1e-3", None, "", "1", "")) == {"learning_rate": 1e-3, "num_messages": 1}
    assert form_handlers.changes((None, None, None, 48, None, None)) == {"atom_features": 48, "bond_features": 48}
    assert "meant for a GPU" in form_handlers.preset_settings("publication")[2]
    run = train_models.start_run(folder, **form(table, hub, changes={"dropout": 0.5}))
    assert run.request.changes == {"dropout": 0.5}
    assert "dropout 0.5" in run_view.card(run)
    with pytest.raises(TrainingError, match="dropout is 5"):
        train_models.start_run(folder, **form(table, hub, changes={"dropout": 5}))


def test_an_empty_repo_is_the_account_s_own(hub, folder, table):
    filled = [["Glass_Transition"], "small", 3, 3, 0, "", "", "", False, str(table)]
    _, answer = run_handlers.start_training(None, *filled)
    assert answer["ok"], answer
    assert outcome(folder, answer["run"]).request.repo_id == "ada/polyid-models"


def test_a_table_of_one_s_own_is_what_the_data_box_says(table):
    shown = data_handlers.describe("polymer_properties", str(table))[-1]
    assert shown["value"] == "Your own: mine.csv" and "polymer_properties" in shown["choices"]
    taken_away = data_handlers.describe("Your own: mine.csv")
    assert taken_away[-1]["value"] == "polymer_properties"


def outcome(folder: Path, name: str, seconds: float = 120) -> runs.Run:
    """A run by its name when it has ended."""
    deadline = time.monotonic() + seconds
    while (run := runs.read(folder / name)).record.state not in runs.FINISHED:
        assert time.monotonic() < deadline, (run.record, run.log())
        time.sleep(0.1)
    return run


def test_cancel_and_continue(hub, folder, table):
    train_models.start_run(folder, **form(table, hub, epochs=5000))
    assert run_handlers.cancel_training()[1]["ok"]
    run = finished(folder)
    assert run.record.state == "cancelled"
    assert "Cancelled" in run_view.card(run)
    assert run_handlers.cancel_training()[1]["ok"] is False


def test_what_was_typed_can_not_write_html(hub, folder, table):
    run = train_models.start_run(folder, **form(table, hub))
    text = notice("<script>alert(1)</script>", "error")
    assert "<script>" not in text
    record = dataclasses.replace(run.record, state="failed", error="<img src=x onerror=alert(1)>")
    assert "<img" not in run_view.card(dataclasses.replace(run, record=record))


def test_the_curve_ends_where_the_losses_end(hub, folder, table):
    train_models.start_run(folder, **form(table, hub, epochs=4))
    svg = run_view.curve(finished(folder))
    lines = re.findall(r'<polyline class="(\w+)" points="([^"]+)"', svg)
    assert [name for name, _ in lines] == ["train", "validation"]
    for _, points in lines:
        xs, ys = zip(*(map(float, point.split(",")) for point in points.split()), strict=True)
        assert len(xs) == 4
        assert xs[-1] == pytest.approx(408), "the last epoch stands at the right edge"
        assert list(ys) == sorted(ys), "a falling loss goes down the picture"


@pytest.fixture(scope="module")
def server(local_hub, tmp_path_factory):
    """The page in a process of its own, as a Space runs it."""
    place = tmp_path_factory.mktemp("trainer")
    environment = {
        **os.environ,
        "HF_ENDPOINT": local_hub.endpoint,
        "HF_TOKEN": local_hub.token,
        "POLYID_RUNS": str(place / "runs"),
        "GRADIO_SERVER_NAME": "127.0.0.1",
    }
    program = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1])\n"
        "module = runpy.run_path(sys.argv[1] + '/app.py', run_name='page')\n"
        "_, url, _ = module['build']().launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)\n"
        "print(url, 'tensorflow' in sys.modules, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(SPACE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        cwd=place,
    )
    url, tensorflow = process.stdout.readline().split()
    yield url, tensorflow
    process.stdin.close()
    process.terminate()
    process.wait(120)
    process.stdout.close()


def test_the_page_does_not_load_tensorflow(server):
    assert server[1] == "False"


def test_programs_use_the_button_by_name(server, table):
    client = Client(server[0], verbose=False)
    assert client.predict(api_name="/run_status") == {"state": "none", "active": False}
    said, answer = client.predict(epochs=0, repo_id="ada/x", api_name="/start_training")
    assert answer == {
        "ok": False,
        "message": "The number of epochs is 0; it must be a whole number from 1 to 100,000.",
        "run": None,
    }
    assert "number of epochs is 0" in said
    said, answer = client.predict(repo_id="someone/x", api_name="/start_training")
    assert "can't write to someone/x" in answer["message"]
    assert client.predict(api_name="/cancel_training")[1]["ok"] is False


def test_programs_bring_their_own_table(server, table):
    client = Client(server[0], verbose=False)
    offered, *_ = client.predict(upload=handle_file(table), api_name="/choose_data")
    assert [value for _, value in offered["choices"]] == ["Glass_Transition", "Density"]
    _, answer = client.predict(
        upload=handle_file(table),
        properties=["Density"],
        folds=5,
        repo_id="ada/x",
        api_name="/start_training",
    )
    assert "have 3: choose 3 folds or fewer" in answer["message"]


def test_the_bundled_table_can_be_trained_on():
    from polyid.data.catalogue import bundled_tables

    table = train_models.read_table(next(iter(bundled_tables().values())))
    assert polymer_count(table, list(table.labels)) >= 100
    assert isinstance(table.frame, pd.DataFrame)


@pytest.mark.parametrize("space", ["trainer_space", "inference_space"])
def test_space_folders_say_what_the_hub_needs(space):
    import yaml

    text = (TOP / space / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["sdk"] == "gradio"
    assert (TOP / space / head["app_file"]).is_file()
    assert len(head["short_description"]) <= 60
    assert head["license"] == "bsd-3-clause"
    pinned = (TOP / space / "requirements.txt").read_text().split()
    assert all("==" in line for line in pinned)
    assert {
        f"gradio=={head['sdk_version']}",
        f"gradio[mcp]=={head['sdk_version']}",
        f"gradio[oauth]=={head['sdk_version']}",
    } & set(pinned)


@pytest.mark.parametrize("space", ["trainer_space", "inference_space"])
def test_a_space_repo_works_with_the_package_beside_its_app(space, tmp_path):
    """Laid out as on huggingface.co: app.py, polyid/ and data/ at the top, nothing of the clone in reach."""
    for part in (TOP / space, TOP / "polyid", TOP / "data"):
        target = tmp_path if part.name == space else tmp_path / part.name
        shutil.copytree(part, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import app, polyid; from polyid.data.catalogue import bundled_tables\n"
        "print(polyid.__file__); print(*bundled_tables().values())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    for line in answer.stdout.split():
        assert line.startswith(str(tmp_path))


def test_the_plans_function_trains_the_published_network(table, tmp_path, monkeypatch):
    """Called as the plan calls it, by keyword, it hands everything on to the one trainer."""
    from polyid.config.parameters import PRESETS
    from polyid.ensemble import workflow

    called = {}
    monkeypatch.setattr(
        workflow, "train_ensemble", lambda data, output, **settings: called.update(settings, data=data, output=output)
    )
    success = train_models.train_polyid_models(
        data_path=str(table), save_path=str(tmp_path / "trained_models"), epochs=7, kfolds=3
    )
    assert success is True
    assert (called["data"], called["output"]) == (str(table), str(tmp_path / "trained_models"))
    assert (called["epochs"], called["folds"]) == (7, 3)
    assert PRESETS[called["preset"]]["num_messages"] == 12


def described(**source) -> dict:
    names = ["properties", "notice", "problems_box", "problems", "histograms", "download", "columns_box", "recognised"]
    return dict(zip([*names, "columns", "split", "kelvin", "table"], data_handlers.describe(**source), strict=True))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "pasted"])
def test_any_kind_of_table_reads_the_same(table, tmp_path, kind):
    frame = pd.read_csv(table)
    path = tmp_path / f"mine_too.{kind}"
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        path.write_text(frame.to_csv(index=False, sep="\t" if kind == "pasted" else ","), encoding="utf-8")
    source = {"pasted": path.read_text("utf-8")} if kind == "pasted" else {"upload": str(path)}
    shown = described(**source)
    assert [name for _, name in shown["properties"]["choices"]] == ["Glass_Transition", "Density"]
    assert "6 rows of 6 polymers" in shown["notice"]
    assert shown["columns_box"]["visible"] is True
    assert shown["recognised"]["Tg (°C)"] == {"as": "Glass_Transition", "unit": "°C"}


def test_a_dataset_on_the_hub_is_read(hub, table):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.endpoint, token=hub.token)
    api.create_repo("ada/measured", repo_type="dataset")
    api.upload_file(path_or_fileobj=str(table), path_in_repo="mine.csv", repo_id="ada/measured", repo_type="dataset")
    assert "mine.csv: 6 rows of 6 polymers" in described(dataset="ada/measured")["notice"]
    assert "write it as user/dataset" in described(dataset=str(table))["notice"], "not a file of the server's"
    assert 'role="alert"' in described(dataset="ada/absent")["notice"]


def test_a_published_database_shows_its_licence_or_why_not(table, monkeypatch):
    from polyid.data import download

    monkeypatch.setattr(download, "BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("POLYID_CACHE", str(table.parent / "empty"))
    said = described(data="stereopolymers")["notice"]
    assert "can't be downloaded without a network" in html.unescape(said)
    monkeypatch.setattr(train_models, "fetch_source", lambda name: table)
    said = described(data="stereopolymers")["notice"]
    assert "Licence: BSD 3-Clause" in said
    assert "Please cite: A. N. Wilson" in said


def test_columns_are_corrected_and_trained_on_so(hub, folder, tmp_path):
    path = tmp_path / "odd.csv"
    rows = [f"*{'C' * size}O*,{300 + size},{'a' if size % 2 else 'b'}" for size in range(2, 8)]
    path.write_text("\n".join(["Aufbau,Einfrieren,Reihe", *rows]), encoding="utf-8")
    shown = described(upload=str(path))
    assert "no property column" in shown["notice"]
    assert shown["columns_box"] == gr.update(visible=True, open=True)
    assert list(shown["recognised"]) == ["Aufbau", "Einfrieren", "Reihe"]

    corrected = data_handlers.describe_corrected(shown["recognised"], list(shown["recognised"]))
    answer = corrected(None, str(path), "", "", "smiles", "", "Glass_Transition", "K", "", "")
    columns = answer[8]
    assert columns["Einfrieren"] == {"as": "Glass_Transition", "unit": "K"}
    assert answer[0]["value"] == ["Glass_Transition"]
    assert "28.85 to 33.85 °C" in answer[4], "302 K is 28.85 °C"
    assert ("Folds of my own, in Reihe", "column:Reihe") in answer[9]["choices"]

    wrong = {**columns, "Einfrieren": {"as": "Glass_Transition", "unit": "MPa"}}
    with pytest.raises(DataError, match="MPa of the column Einfrieren can't be converted to °C"):
        train_models.start_run(folder, **form(path, hub, columns=wrong))
    run = train_models.start_run(folder, **form(path, hub, columns=columns, split="column:Reihe"))
    assert (run.request.columns, run.request.split, run.request.folds) == (columns, "column:Reihe", 2)


def test_the_button_reads_kelvin_and_keeps_what_was_corrected(tmp_path, monkeypatch):
    path = tmp_path / "kelvin.csv"
    path.write_text(
        "\n".join(["Aufbau,Tg", *(f"*{'C' * size}O*,{300 + size}" for size in range(2, 8))]), encoding="utf-8"
    )
    said = {"Aufbau": {"as": "smiles", "unit": None}, "Tg": {"as": "Glass_Transition", "unit": None}}
    shown = described(upload=str(path), columns=said)
    assert shown["kelvin"] == gr.update(visible=True, value="Read Tg as kelvin")
    assert "302 to 307 °C" in shown["histograms"]

    read = []
    reading = train_models.read_training_table
    monkeypatch.setattr(
        train_models,
        "read_training_table",
        lambda path, columns, keep: (read.append(columns), reading(path, columns=columns, keep=keep))[1],
    )
    answer = data_handlers.read_as_kelvin(None, str(path), "", "", shown["recognised"], shown["columns"])
    meant = {**said, "Tg": {"as": "Glass_Transition", "unit": "K"}}
    assert answer[8] == meant and "28.85 to 33.85 °C" in answer[4]
    assert answer[10]["visible"] is False
    assert read == [meant], "the table as it was shown is not read again"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"split": "column:lab"}, "has no column lab"),
        ({"split": "murcko"}, "no split 'murcko'"),
        ({"split": "scaffold", "folds": 6}, "6 folds need at least 6 clusters"),
        ({"split": "column:density (g/cm3)"}, "Row 2 has no fold in the column"),
    ],
)
def test_folds_that_can_not_be_are_refused_before_the_run(hub, folder, table, changes, sentence):
    rows = table.read_text("utf-8").splitlines()
    table.write_text("\n".join([rows[0], *rows[2:], rows[1], "*CC(*)c1ccccc1,100,1.05"]), encoding="utf-8")
    with pytest.raises((TrainingError, DataError), match=sentence):
        train_models.start_run(folder, **form(table, hub, **changes))


def test_bad_rows_can_be_downloaded(table):
    table.write_text("\n".join([*ROWS, "*CC(,70,"]), encoding="utf-8")
    shown = described(upload=str(table))
    saved = pd.read_csv(shown["download"]["value"])
    assert saved["row"].tolist() == [8]
    assert saved["value"].tolist() == ["*CC("]
    assert described(data="polymer_properties")["download"]["visible"] is False


def test_histograms_show_every_value(table):
    svg = described(upload=str(table))["histograms"]
    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', svg.split("</figure>")[0])]
    assert sum(heights) == pytest.approx(38 * 6), "six values, one each in its bar"
    assert "6 values, 10 to 60 °C" in svg


def test_the_page_says_at_once_what_it_says_after_reading():
    """What the form shows before the SMILES of the first table are read is what it shows afterwards."""
    choices, ticked = data_handlers.first_choices()
    shown = described(data="polymer_properties")["properties"]
    assert [name for _, name in choices] == [name for _, name in shown["choices"]]
    assert ticked == shown["value"]


def test_properties_are_written_as_in_print_wherever_they_stand():
    titles = [title for title, _ in data_handlers.show_data("polymer_properties")[0]["choices"]]
    assert "CO₂ permeability (log10_Permeability_CO2, log₁₀(Barrer)) - 73 polymers" in titles
    assert "Density (Density, g/cm³) - 196 polymers" in titles
