"""Figures of merit with intervals, the report drawn from them, the model card that embeds it, and the page that shows it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from helpers.paths import TOP
from helpers.stand_ins import write_stand_in
from huggingface_hub import HfApi, ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from polyid import runs
from polyid.common.text import plain_unit
from polyid.data.catalogue import SOURCES, bundled_tables
from polyid.data.properties import PROPERTIES
from polyid.hub.fetch import fetch_bundle
from polyid.hub.publish import publish_bundle
from polyid.report.card import model_card
from polyid.report.energy import energy_estimate
from polyid.report.figures.draw import write_report
from polyid.report.figures.parity import draw_parity
from polyid.report.files import (
    COVERAGE,
    ERROR_AGAINST_EXPECTED,
    ERRORS_BY_CLASS,
    LEARNING_CURVES,
    figure_captions,
    number_text,
    parity_file,
    unit_text,
)
from polyid.report.metrics import coverage_by_level, out_of_fold_report, property_metrics, regression_metrics

sys.path.insert(0, str(TOP / "trainer_space"))

import run_view

SEVEN = [
    "Glass_Transition",
    "Melt_Temp",
    "Density",
    "log10_Permeability_CO2",
    "log10_Permeability_N2",
    "log10_Permeability_O2",
    "YoungMod",
]
BLUE, VERMILLION = (0, 114, 178), (213, 94, 0)


def held_out(names, rows=300, *, spread=True, intervals=True, kind="mechanism", folds=5, seed=0) -> pd.DataFrame:
    """Predictions whose errors grow with their spread, a third of the values missing."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"fold": random.integers(0, folds, rows).astype(str)})
    if kind:
        frame[kind] = random.choice(["imide", "amide", "ester", ""], rows, p=[0.5, 0.3, 0.15, 0.05])
    for name in names:
        scale = 10 * np.exp(random.normal(0, 0.7, rows))
        predicted = random.normal(100, 80, rows)
        measured = predicted + scale * random.normal(0, 1, rows)
        frame[name] = np.where(random.random(rows) < 1 / 3, np.nan, measured)
        frame[f"{name}_pred"] = predicted
        if spread:
            frame[f"{name}_expected_error"] = scale
        if intervals:
            frame[f"{name}_lower"], frame[f"{name}_upper"] = predicted - 1.645 * scale, predicted + 1.645 * scale
    return frame


def epochs(networks=5, epochs=20) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"epoch": e, "loss": 1 / e, "val_loss": 0.2 + 1 / e, "learning_rate": 1e-3, "model_id": str(m)}
            for m in range(networks)
            for e in range(1, epochs + 1)
        ]
    )


def parameters(names, **changes) -> dict:
    """What a `parameters.json` says, as far as report and card read it."""
    content = {
        "prediction_columns": list(names),
        "prediction_units": {name: None for name in names},
        "parameters": {"preset": "small", "epochs": 20, "seed": 0},
        "split": "stratified",
        "data": {"source": "mine.csv", "sha256": "ab" * 32, "rows": 300, "polymers": 290},
        "training": {
            "hardware": "2 CPU cores (x86_64)",
            "seconds": 400.0,
            "finished": "2026-01-31T10:00:00+00:00",
            "seed": 0,
        },
    }
    return {**content, **changes}


# Figures of merit


def test_figures_of_merit_by_hand():
    frame = pd.DataFrame(
        {
            "T": [0.0, 10.0, 20.0, 30.0, np.nan],
            "T_pred": [1.0, 12.0, 16.0, 22.0, 5.0],
            "T_lower": [0.0, 11.0, 10.0, 14.0, 0.0],
            "T_upper": [2.0, 13.0, 22.0, 30.0, 9.0],
            "T_expected_error": [1.0, 3.0, 2.0, 4.0, 9.0],
        }
    )
    found = property_metrics(frame, "T", 0.8)
    assert found["n"] == 4
    assert found["MAE"] == pytest.approx((1 + 2 + 4 + 8) / 4)
    assert found["RMSE"] == pytest.approx(((1 + 4 + 16 + 64) / 4) ** 0.5)
    assert found["R2"] == pytest.approx(1 - 85 / 500)
    assert found["coverage"] == 3 / 4, "the bounds belong to the interval, 10 lies below it"
    assert found["width"] == pytest.approx((2 + 2 + 12 + 16) / 4), "of polymers with a measured value"
    assert found["level"] == 0.8
    # Errors rank 1 2 3 4, spreads 1 3 2 4: 1 - 6 · (1 + 1) / (4 · 15).
    assert found["spearman"] == pytest.approx(0.8)
    assert set(property_metrics(frame[["T", "T_pred"]], "T")) == {"n", "MAE", "RMSE", "R2"}
    assert "coverage" not in property_metrics(frame.drop(columns="T_lower"), "T")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_figures_of_merit_are_those_of_other_libraries(seed, rows):
    frame = held_out(["T"], rows, seed=seed)
    found = property_metrics(frame, "T")
    known = frame.dropna(subset="T")
    errors = (known["T"] - known["T_pred"]).abs()
    assert found["n"] == len(known)
    if len(known):
        assert found["MAE"] == pytest.approx(errors.mean())
        assert found["coverage"] == pytest.approx(known["T"].between(known["T_lower"], known["T_upper"]).mean())
        assert found["width"] == pytest.approx((known["T_upper"] - known["T_lower"]).mean())
    if len(known) > 2:
        assert found["spearman"] == pytest.approx(errors.corr(known["T_expected_error"], method="spearman"))
    else:
        assert found["spearman"] is None
    json.dumps(found, allow_nan=False)


def test_what_can_not_be_known_is_none():
    frame = held_out(["T"], 30)
    frame.loc[3, ["T", "T_upper"]] = 0.0, np.inf
    frame["T_expected_error"] = 2.0
    found = property_metrics(frame, "T")
    assert found["width"] is None and found["spearman"] is None
    assert 0 < found["coverage"] <= 1
    empty = property_metrics(frame.assign(T=np.nan), "T")
    assert empty["n"] == 0
    assert all(empty[key] is None for key in ("MAE", "RMSE", "R2", "coverage", "width", "spearman"))


def test_a_fold_has_no_say_in_its_own_coverage():
    """One fold errs far less than the other: the other's intervals hold all of it, and its own none of the other."""
    frame = pd.DataFrame(
        {
            "fold": ["a"] * 30 + ["b"] * 10,
            "T": np.concatenate([np.linspace(0.1, 1, 30), np.linspace(10, 11, 10)]),
            "T_pred": 0.0,
            "T_expected_error": 1.0,
        }
    )
    # Level 0.9 of ten scores is the tenth, of thirty the 28th; 0.95 of ten has no bound, of thirty the 30th.
    assert coverage_by_level(frame, "T", (0.5, 0.9, 0.95)) == {"0.5": 0.75, "0.9": 0.75, "0.95": 0.75}
    assert coverage_by_level(frame, "T", (0.99,)) == {"0.99": 1.0}, (
        "too few scores for that level: no bound, all within"
    )


def test_coverage_follows_the_level_where_errors_follow_the_expected_error():
    curve = coverage_by_level(held_out(["T"], 6000), "T")
    assert list(curve) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.95"]
    for level, share in curve.items():
        assert share == pytest.approx(float(level), abs=0.03)
    for frame in (held_out(["T"], spread=False), held_out(["T"], folds=1), held_out(["T"], 20)):
        assert coverage_by_level(frame, "T") is None


def test_errors_by_class_add_up_to_the_whole():
    frame = held_out(["T", "U"])
    found = out_of_fold_report(frame, ["T", "U"])
    assert list(found["by_class"]["T"]) == ["imide", "amide", "ester", "not stated"], "the commonest first"
    for name in ("T", "U"):
        classes, whole = found["by_class"][name].values(), found["out_of_fold"][name]
        assert sum(c["n"] for c in classes) == whole["n"]
        assert sum(c["n"] * c["MAE"] for c in classes) / whole["n"] == pytest.approx(whole["MAE"])
        assert sum(c["n"] * c["coverage"] for c in classes) / whole["n"] == pytest.approx(whole["coverage"])
        assert {key: whole[key] for key in ("n", "MAE", "RMSE", "R2")} == regression_metrics(
            frame[name].to_numpy(), frame[f"{name}_pred"].to_numpy()
        )
    shuffled = out_of_fold_report(frame.sample(frac=1, random_state=1), ["T", "U"])
    assert list(shuffled["by_class"]["T"]) == list(found["by_class"]["T"])
    assert out_of_fold_report(frame.rename(columns={"mechanism": "class"}), ["T", "U"]) == found
    assert "by_class" not in out_of_fold_report(frame.drop(columns="mechanism"), ["T"])
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "0.00"),
        (0.03712, "0.0371"),
        (19.84, "19.8"),
        (107.2, "107"),
        (999.7, "1,000"),
        (-12345, "-12,345"),
    ],
)
def test_numbers_read_as_people_write_them(value, text):
    assert number_text(value) == text


# The report


def draw(frame, names, logs=None, **changes) -> dict[str, bytes]:
    return write_report(frame, logs, parameters(names, **changes), out_of_fold_report(frame, names))


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def pixels(content: bytes, colour, tolerance=24) -> int:
    """How many pixels of a picture are of a colour, or next to it."""
    return int((np.abs(picture(content) - colour).max(axis=2) <= tolerance).sum())


@pytest.fixture(scope="module")
def full() -> dict[str, bytes]:
    return draw(held_out(SEVEN, 1200), SEVEN, epochs())


def test_a_report_has_a_figure_of_everything(full):
    former = "report/error_against_spread.png"
    assert former in figure_captions(SEVEN), "models of before have it under this name, and pages show it"
    assert list(full) == [path for path in figure_captions(SEVEN) if path != former]
    assert parity_file("Glass_Transition") == "report/parity_Glass_Transition.png"
    for path, content in full.items():
        assert content.startswith(b"\x89PNG"), path
        assert len(content) < 100_000, path
        shown = picture(content)
        assert 700 <= shown.shape[1] <= 1000
        corners = shown[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert (corners > 250).all(), "a background of its own, for dark pages"


def test_a_report_of_all_properties_and_many_rows_is_small_too():
    found = draw(held_out(list(PROPERTIES), 3000), list(PROPERTIES))
    assert max(map(len, found.values())) < 100_000


def test_figures_carry_no_time_and_no_text(full):
    for content in full.values():
        kinds, place = [], 8
        while place < len(content):
            (length,), kind = struct.unpack(">I", content[place : place + 4]), content[place + 4 : place + 8]
            kinds.append(kind.decode())
            place += 12 + length
        assert set(kinds) == {"IHDR", "PLTE", "IDAT", "IEND"}


def test_threads_draw_the_same_bytes(full):
    frame, logs = held_out(SEVEN, 1200), epochs()
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: draw(frame, SEVEN, logs), range(2)))
    assert all(found == full for found in reports)


def test_drawing_needs_no_pyplot():
    program = "import sys, polyid.report.figures.draw; print('matplotlib.pyplot' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=TOP, check=True)
    assert answer.stdout.strip() == "False"


def test_the_page_and_the_card_need_no_matplotlib():
    program = (
        "import sys, polyid.report.card, polyid.runs.record, polyid.hub.client; print('matplotlib' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=TOP, check=True)
    assert answer.stdout.strip() == "False"


def test_values_outside_their_interval_are_seen():
    frame = held_out(["Density"], 100)
    path = parity_file("Density")
    assert pixels(draw(frame, ["Density"])[path], VERMILLION) > 300
    frame["Density_lower"], frame["Density_upper"] = -1e9, 1e9
    inside = pixels(draw(frame, ["Density"])[path], VERMILLION)
    frame["Density_lower"], frame["Density_upper"] = 1e9, 2e9
    outside = draw(frame, ["Density"])[path]
    assert inside < pixels(outside, VERMILLION) / 5, "the legend's alone"
    assert pixels(outside, BLUE) < 1000, "the legend's alone"


@pytest.mark.parametrize(
    ("name", "unit", "measured", "heading"),
    [
        ("Glass_Transition", None, "Measured Tg (°C)", "Glass transition temperature"),
        ("Glass_Transition", ["K"], "Measured Tg (K)", "Glass transition temperature"),
        ("log10_Permeability_O2", None, "Measured log₁₀ P(O₂), log₁₀(Barrer)", "O₂ permeability"),
        ("My property", None, "Measured My property", "My property"),
    ],
)
def test_axes_say_property_symbol_and_unit(name, unit, measured, heading):
    frame = held_out([name])
    content = parameters([name], prediction_units={name: unit})
    metrics = out_of_fold_report(frame, [name])
    figure = draw_parity(frame, name, plain_unit(unit_text(name, content)), metrics)
    (axes,) = figure.axes
    assert axes.get_xlabel() == measured
    assert axes.get_ylabel() == measured.replace("Measured", "Predicted")
    assert figure.get_suptitle() == heading
    assert f"{metrics['out_of_fold'][name]['n']} values" in axes.get_title(loc="left")
    drawn = np.concatenate([points.get_offsets() for points in axes.collections])
    known = frame.dropna(subset=name)
    assert sorted(map(tuple, drawn)) == sorted(zip(known[name], known[f"{name}_pred"], strict=True))


ALWAYS = {parity_file("Glass_Transition")}


@pytest.mark.parametrize(
    ("frame", "logs", "expected"),
    [
        (held_out(["Glass_Transition"]), epochs(), {COVERAGE, ERROR_AGAINST_EXPECTED, ERRORS_BY_CLASS, LEARNING_CURVES}),
        (held_out(["Glass_Transition"], spread=False, intervals=False, kind=None), None, set()),
        (held_out(["Glass_Transition"], spread=False, kind=None), None, {COVERAGE}),
        (held_out(["Glass_Transition"], intervals=False, kind=None), None, {COVERAGE, ERROR_AGAINST_EXPECTED}),
        (held_out(["Glass_Transition"], folds=1, kind=None), epochs(1), {COVERAGE, ERROR_AGAINST_EXPECTED, LEARNING_CURVES}),
        (held_out(["Glass_Transition"], folds=1, kind=None, intervals=False), epochs(1, 1), {ERROR_AGAINST_EXPECTED, LEARNING_CURVES}),
        (held_out(["Glass_Transition"], 4, seed=1), None, {COVERAGE, ERROR_AGAINST_EXPECTED, ERRORS_BY_CLASS}),
        (held_out(["Glass_Transition"], kind="class"), epochs().assign(val_loss=np.nan), {COVERAGE, ERROR_AGAINST_EXPECTED, ERRORS_BY_CLASS, LEARNING_CURVES}),
    ],
    ids=["all", "least", "intervals", "spread", "one fold", "one epoch", "few points", "class, no validation"],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_what_is_not_known_is_left_out(frame, logs, expected):
    assert set(draw(frame, ["Glass_Transition"], logs)) == ALWAYS | expected


@pytest.mark.filterwarnings("error")
def test_odd_data_are_drawn_all_the_same():
    names = ["one value", "constant", "nothing", "a/b", "a b", "infinite"]
    frame = held_out(names, 40)
    frame.loc[1:, "one value"] = np.nan
    frame.loc[0, "one value"] = 5.0
    for column in ("constant", "constant_pred", "constant_lower", "constant_upper"):
        frame[column] = 7.0
    frame["constant_expected_error"] = 0.0
    frame["nothing"] = np.nan
    frame["infinite_lower"], frame["infinite_upper"] = -np.inf, np.inf
    frame["mechanism"] = [f"class {number}" for number in range(40)]
    found = draw(frame, names, epochs().assign(loss=np.nan, val_loss=np.nan))
    assert parity_file("nothing") not in found
    assert LEARNING_CURVES not in found
    assert {parity_file(name) for name in names if name != "nothing"} <= set(found)
    assert len({parity_file(name) for name in names}) == len(names), "each has a file of its own"
    assert all(re.fullmatch(r"report/[A-Za-z0-9_-]+\.png", path) for path in found)


# The model card


@pytest.fixture(scope="module")
def card_of_seven(full) -> tuple[str, dict]:
    metrics = out_of_fold_report(held_out(SEVEN, 1200), SEVEN)
    return model_card(parameters(SEVEN), metrics, 5, figures=list(full)), metrics


def test_the_hub_reads_the_numbers_of_the_card(card_of_seven):
    text, metrics = card_of_seven
    data = ModelCard(text).data
    assert data.license == "other", "whose data it is, nobody said"
    assert data.model_name == "PolyID polymer property model"
    keys = {
        "mae": "MAE",
        "rmse": "RMSE",
        "r_squared": "R2",
        "coverage": "coverage",
        "interval_width": "width",
        "spearmanr": "spearman",
    }
    assert len(data.eval_results) == len(SEVEN) * len(keys)
    for result in data.eval_results:
        stated = metrics["out_of_fold"][result.dataset_config][keys[result.metric_type]]
        assert result.metric_value == pytest.approx(stated, rel=1e-5)
        assert (result.task_type, result.dataset_name) == ("tabular-regression", "mine.csv")
    index = data.to_dict()["model-index"]
    assert model_index_to_eval_results(index) == (data.model_name, data.eval_results)
    assert eval_results_to_model_index(data.model_name, data.eval_results) == index


def test_every_picture_of_the_card_is_a_file_of_the_report(card_of_seven, full):
    text, _ = card_of_seven
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    assert sorted(path for _, path in pictures) == sorted(full)
    assert all(alternative for alternative, _ in pictures)
    assert "](" not in model_card(parameters(SEVEN), card_of_seven[1], 5), "no picture unless there are files"


def test_the_tables_of_the_card_say_what_the_metrics_say(card_of_seven):
    text, metrics = card_of_seven
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    of = {row[0]: row[1:] for row in rows}
    assert of["Property"] == ["Values", "MAE", "RMSE", "R²", "In interval", "Width", "Rank correlation"]
    density = metrics["out_of_fold"]["Density"]
    row = of["Density (g/cm3)"]
    assert row[0] == str(density["n"])
    assert float(row[1]) == pytest.approx(density["MAE"], rel=0.005)
    assert float(row[4].removesuffix(" %")) == pytest.approx(100 * density["coverage"], abs=0.05)
    assert float(row[5]) == pytest.approx(density["width"], rel=0.005)
    imides = dict(zip(of["Class"], of["imide"], strict=True))
    found = metrics["by_class"]["Melt_Temp"]["imide"]
    assert imides["Melting temperature (°C)"] == f"{found['MAE']:#.3g} ({found['n']})"
    assert len({len(row) for row in rows if row[0] in ("Class", "imide", "amide", "ester", "not stated")}) == 1


def test_a_card_without_intervals_claims_none():
    frame = held_out(SEVEN, spread=False, intervals=False, kind=None)
    text = model_card(parameters(SEVEN), out_of_fold_report(frame, SEVEN), 5)
    assert "In interval" not in text and "Rank correlation" not in text and "Errors by class" not in text
    assert "% interval" not in text
    assert "it is not a confidence interval" in text
    types = {result.metric_type for result in ModelCard(text).data.eval_results}
    assert types == {"mae", "rmse", "r_squared"}


def test_a_card_of_no_figures_is_still_a_card():
    frame = held_out(["T"]).assign(T=np.nan)
    card = ModelCard(model_card(parameters(["T"]), out_of_fold_report(frame, ["T"]), 2))
    assert card.data.eval_results is None
    assert "| T | 0 |" in card.text


def test_the_model_is_loaded_in_three_lines(card_of_seven, monkeypatch):
    import polyid

    (code,) = re.findall(r"```python\n(.*?)```", card_of_seven[0], re.DOTALL)
    assert len(code.strip().splitlines()) == 3
    ensemble, loaded = Mock(), []
    monkeypatch.setattr(polyid.MultiModel, "from_pretrained", lambda repo: loaded.append(repo) or ensemble)
    exec(code, {})
    assert loaded == ["USER/MODEL"]
    ensemble.predict_smiles.assert_called_once_with(["*CC(*)c1ccccc1"])


def training_rows(**data) -> dict[str, str]:
    content = parameters(["Density"])
    content["data"] |= data
    text = model_card(content, out_of_fold_report(held_out(["Density"]), ["Density"]), 5)
    return dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", text.partition("## Training")[2], re.MULTILINE))


def test_licence_and_citation_are_those_of_the_table():
    source = SOURCES["polyid-database"]
    rows = training_rows(sha256=source.sha256)
    assert (rows["Licence of the data"], rows["Citation of the data"]) == (source.licence, source.citation)
    for name, bundled in bundled_tables().items():
        rows = training_rows(sha256=hashlib.sha256(bundled.read_bytes()).hexdigest())
        assert rows["Licence of the data"].startswith("CC BY 4.0")
        assert ("10.1021/acs.macromol.3c00994" in rows.get("Citation of the data", "")) is (name == "cited_properties")
        assert "(CC BY 4.0)" in (bundled.parent / "README.md").read_text("utf-8")
    rows = training_rows()
    assert rows["Licence of the data"].startswith("not recorded")
    assert "Citation of the data" not in rows


def test_the_card_says_how_far_independent_measurements_are_apart():
    content = parameters(["Density", "YoungMod", "Wear"])
    text = model_card(
        content, out_of_fold_report(held_out(["Density", "YoungMod", "Wear"]), content["prediction_columns"]), 5
    )
    with (TOP / "data" / "sources" / "measured_noise.csv").open(encoding="utf-8") as stream:
        noise = {row["property"]: row for row in csv.DictReader(stream) if row["source"] == "any"}
    rows = re.findall(r"^- (.+): median ([\d.]+), mean ([\d.]+), over (\d+) polymers$", text, re.MULTILINE)
    assert [row[0] for row in rows] == ["Density (g/cm3)", "Young's modulus (log10(MPa))"]
    for row, name in zip(rows, ("Density", "YoungMod"), strict=True):
        assert float(row[1]) == pytest.approx(float(noise[name]["median_absolute_difference"]), rel=0.05)
        assert float(row[2]) == pytest.approx(float(noise[name]["mean_absolute_difference"]), rel=0.05)
        assert int(row[3]) == int(noise[name]["polymers"])


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("stratified", "same share of each class of polymer, seed 0; all rows of one polymer"),
        ("scaffold", "similar repeat units are held out together, seed 0"),
        ("column:my | folds", "the column my \\| folds; all rows"),
        ("given", "handed in"),
        (None, "is in `splits.json`"),
    ],
)
def test_the_split_is_told(split, words):
    content = parameters(["Density"], split=split)
    text = model_card(content, out_of_fold_report(held_out(["Density"]), ["Density"]), 5)
    (row,) = re.findall(r"^\| Split \| (.+) \|$", text, re.MULTILINE)
    assert words in row
    assert ("held out together" in text) == (split != "given"), "folds that were handed in may part a polymer"


def test_names_from_a_table_can_not_write_the_card():
    name = "<script>|x\n# y"
    frame = held_out([name]).rename(columns={"mechanism": "class"})
    frame["class"] = "<img src=x>|\n"
    content = parameters([name])
    content["data"]["source"] = "<b>|\n---\n# mine.csv"
    text = model_card(content, out_of_fold_report(frame, [name]), 2, figures=[parity_file(name)])
    body = ModelCard(text).text
    assert "<script>" not in body and "<img" not in body and "<b>" not in body
    assert not re.search(r"^# (y|mine)", body, re.MULTILINE)
    assert ModelCard(text).data.eval_results[0].dataset_name == content["data"]["source"]


@pytest.mark.parametrize(
    ("hardware", "watts"),
    [
        ("2 CPU cores (x86_64)", 15),
        ("1 CPU core (arm64)", 7.5),
        ("NVIDIA A10G", 300),
        ("NVIDIA A10", 150),
        ("Tesla T4", 70),
        ("NVIDIA L4", 72),
        ("NVIDIA L40S", 350),
        ("NVIDIA A100-SXM4-40GB", 400),
        ("NVIDIA A100 80GB PCIe", 300),
        ("NVIDIA H100 80GB HBM3", 700),
        ("NVIDIA H100 PCIe", 350),
        ("NVIDIA H200", 700),
    ],
)
def test_energy_is_power_times_time(hardware, watts):
    found = energy_estimate(hardware, 7200)
    assert found.watts == watts
    assert found.kilowatt_hours == pytest.approx(2 * watts / 1000)


def test_energy_of_unknown_hardware_is_not_guessed():
    assert energy_estimate("Abacus 3000", 60) is None
    content = parameters(["Density"])
    content["training"] |= {"hardware": "Abacus 3000"}
    metrics = out_of_fold_report(held_out(["Density"]), ["Density"])
    assert "| Energy | not estimated" in model_card(content, metrics, 5)
    # 400 s × 15 W is 1.67 Wh.
    row = next(line for line in model_card(parameters(["Density"]), metrics, 5).splitlines() if "| Energy |" in line)
    assert "about 1.7 Wh, an estimate" in row and "400 s × 15 W" in row


# Published and shown


@pytest.fixture
def bundle(tmp_path, full, card_of_seven) -> Path:
    """A model folder as far as publishing and the page look at it."""
    text, metrics = card_of_seven
    files = {"metrics.json": json.dumps(metrics).encode(), "README.md": text.encode(), **full}
    return write_stand_in(tmp_path / "model", files, folds=1, properties=SEVEN)


def test_the_report_is_published_with_its_model(bundle, full, local_hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    first = publish_bundle(bundle, "ada/reported")
    fetched = fetch_bundle("ada/reported", cache_dir=tmp_path / "cache").folder
    assert {path: (fetched / path).read_bytes() for path in full} == full
    info = HfApi(endpoint=local_hub.endpoint, token=local_hub.token).model_info("ada/reported")
    assert len(info.card_data.eval_results) == 6 * len(SEVEN)
    for path in full:
        (bundle / path).unlink()
    assert publish_bundle(bundle, "ada/reported").commit != first.commit
    fetched = fetch_bundle("ada/reported", cache_dir=tmp_path / "cache").folder
    assert not (fetched / "report").exists(), "a model without a report takes the former one's away"


def run_of(bundle: Path) -> runs.Run:
    request = runs.Request("data/mine.csv", "", tuple(SEVEN), "small", 5, 20, 0, "ada/models")
    return runs.Run(bundle.parent, request, runs.Record("done", "Published", commit="c" * 40), None)


def test_the_page_shows_the_report(bundle, full):
    shown = run_view.report(run_of(bundle))
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)">', shown)
    assert [base64.b64decode(data) for data, _ in pictures] == list(full.values())
    assert pictures[0][1] == "Glass transition temperature: predicted against measured"


def test_the_page_says_what_the_intervals_hold(bundle):
    table = run_view.accuracy_table(run_of(bundle))
    found = run_of(bundle).metrics()["Density"]
    row = re.search(r"<tr><th scope=\"row\">Density</th>(.*?)</tr>", table).group(1)
    cells = re.findall(r"<td>(.*?)</td>", row)
    assert cells[4:] == [f"{100 * found['coverage']:.0f} %", number_text(found["width"])]
    assert "90 % interval" in table
    plain = {"out_of_fold": {"Density": {"n": 3, "MAE": 0.1, "RMSE": 0.2, "R2": None}}}
    (bundle / "metrics.json").write_text(json.dumps(plain))
    assert "interval" not in run_view.accuracy_table(run_of(bundle))


def test_a_run_without_a_report_shows_none(bundle, full):
    assert run_view.report(None) == ""
    for path in full:
        (bundle / path).unlink()
    assert run_view.report(run_of(bundle)) == ""
    name = '"><script>alert(1)</script>'
    (bundle / "metrics.json").write_text(json.dumps({"out_of_fold": {name: {}}}))
    (bundle / parity_file(name)).write_bytes(b"")
    assert "<script>" not in run_view.report(run_of(bundle))
