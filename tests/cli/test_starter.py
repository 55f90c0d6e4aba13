"""The model that comes with the package: it is whole and small, answers without being named, and its figures are its own."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys

import pytest
from helpers.paths import BUNDLED_TABLE, TOP, program_environment

from polyid.bundle.layout import METRICS_FILE, STARTER
from polyid.bundle.manifest import check_model_folder, check_saved_files
from polyid.cli.main import main
from polyid.common.files import read_json, sha256
from polyid.data.catalogue import BUNDLED_TERMS
from polyid.ensemble.multi_model import MultiModel


@pytest.fixture(scope="module")
def starter():
    return MultiModel.load_models(STARTER)


def test_it_is_whole_small_and_of_data_that_may_be_passed_on():
    check_saved_files(STARTER, check_model_folder(STARTER))
    assert sum(path.stat().st_size for path in STARTER.rglob("*") if path.is_file()) <= 3_000_000
    data = check_model_folder(STARTER)["data"]
    assert data["sha256"] == sha256(BUNDLED_TABLE), "the table was changed: python scripts/starter_model.py"
    assert BUNDLED_TERMS[BUNDLED_TABLE.stem].licence in (STARTER / "README.md").read_text("utf-8")


def test_it_is_packed():
    """Every file in it is one that pyproject.toml puts into the wheel."""
    patterns = (TOP / "pyproject.toml").read_text("utf-8")
    assert '"starter/*", "starter/*/*"' in patterns
    assert all(len(path.relative_to(STARTER).parts) <= 2 for path in STARTER.rglob("*"))


def test_it_answers_where_no_model_is_named(starter, capsys):
    assert main(["predict", "*CC(*)c1ccccc1"]) == 0
    said = capsys.readouterr()
    assert "starter model" in said.err
    value = starter.predict(["*CC(*)c1ccccc1"]).mean[0, starter.prediction_columns.index("Glass_Transition")]
    assert f"Glass transition temperature: {value:.0f} °C" in said.out


@pytest.mark.exhaustive
def test_nothing_but_our_lines_stands_on_standard_error():
    command = [sys.executable, "-m", "polyid", "predict", "*CC*"]
    done = subprocess.run(command, env=program_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert done.stderr == "No model is named: the starter model that comes with the package answers.\n"


def test_json_says_it_is_the_starter_model_and_bad_lines_stand_beside_good_ones(starter, capsys, monkeypatch):
    lines = ["*CC*", "C1CC", "polystyrene"]
    monkeypatch.setattr(MultiModel, "load_models", {STARTER: starter}.get)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(["", *lines, ""])))
    assert main(["predict", "-", "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert answer["model"]["starter"] is True
    assert [record["smiles"] for record in answer["predictions"]] == lines
    good, bad, _ = answer["predictions"]
    assert "C1CC" in bad["error"] and bad["properties"] == []
    expected = starter.predict(lines[:1])
    for p, entry in enumerate(good["properties"]):
        assert (entry["name"], entry["value"]) == (expected.properties[p], pytest.approx(expected.mean[0, p], rel=1e-5))
        assert entry["unit"] == starter.prediction_units[entry["name"]][0]


@pytest.mark.parametrize("word", ["polystyrine-model", "./models/one", "models\\one"])
def test_a_folder_that_is_none_is_not_taken_for_a_polymer(word, capsys, monkeypatch):
    monkeypatch.setattr(MultiModel, "load_models", None)
    assert main(["predict", word, "*CC*"]) == 1
    assert "is neither a model folder here nor a repo" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_its_figures_are_what_it_answers(starter):
    """Each fold predicts anew what it never saw; an hour's drift of the numerics is no rounding."""
    recorded, found = read_json(STARTER / METRICS_FILE), starter.recompute_out_of_fold(BUNDLED_TABLE)
    for name, figures in recorded["out_of_fold"].items():
        for key, value in figures.items():
            assert found["out_of_fold"][name][key] == pytest.approx(value, rel=1e-3), (name, key)
        assert math.isfinite(figures["MAE"])


def test_a_model_may_be_named_by_an_option_too(starter, capsys, tmp_path):
    assert main(["predict", str(STARTER), "*CC*"]) == 0
    first = capsys.readouterr().out
    assert main(["predict", "--model", str(STARTER), "*CC*"]) == 0
    assert capsys.readouterr().out == first
    assert main(["explain", "--model", str(STARTER), "*CC*", "--output", str(tmp_path / "why.svg")]) == 0
    assert main(["predict", "--model", "starter", str(STARTER), "*CC*"]) == 1
    assert "Two models are named" in capsys.readouterr().err
