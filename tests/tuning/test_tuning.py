"""A search for parameters: what it tries, that it goes on where it was killed, and what it says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from helpers.tiny_models import small_table

from polyid.cli.main import main
from polyid.config.parameters import PRESETS, changes_from
from polyid.ensemble.plan import Plan
from polyid.errors import Cancelled, TrainingError
from polyid.tuning import workflow
from polyid.tuning.space import SEARCHED, Searched, search_space
from polyid.tuning.trials import Trial, relative_error

SPACE = search_space("small", ["learning_rate=0.0001:0.01", "num_messages"])
OWN = {name: PRESETS["small"][name] for name in SPACE}


@pytest.fixture
def table(tmp_path) -> Path:
    small_table().drop(columns="smiles_polymer").to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def bowl(values: dict[str, float]) -> float:
    """An error that is smallest at a learning rate of 0.004 and five rounds."""
    return abs(values["learning_rate"] - 0.004) * 100 + abs(values["num_messages"] - 5) / 10


@pytest.fixture
def asked(monkeypatch) -> list[dict]:
    """Trials of `bowl` instead of trainings; what was tried. One named "stop" ends the process' search."""
    tried: list[dict] = []

    def run(plan, changes, folder, **options):
        tried.append(dict(changes))
        if tried[-1].get("num_messages") == 3 and len(tried) > 1:
            raise TrainingError("no memory for three rounds")
        folder.mkdir(exist_ok=True)
        (folder / "model").write_text(str(changes))
        return Trial(bowl(changes), {"Tg": {"n": 10, "MAE": bowl(changes), "R2": 0.5}})

    monkeypatch.setattr(workflow, "run_trial", run)
    return tried


def test_the_presets_own_values_come_first_and_the_best_model_is_kept(table, tmp_path, asked):
    said: list[str] = []
    best = workflow.tune(Plan(table), tmp_path / "search", 25, SPACE, say=said.append)
    assert len(asked) == len(said) == 25
    assert asked[0] == OWN
    finished = [changes for changes in asked if changes["num_messages"] != 3]
    assert best["error"] == min(map(bowl, finished)) < bowl(OWN)
    assert (tmp_path / "search" / "best" / "model").read_text() == str(best["values"])
    rows = pd.read_csv(tmp_path / "search" / "trials.csv")
    assert rows["error"].min() == pytest.approx(best["error"]) and rows["problem"].count() == 25 - len(finished)
    page = (tmp_path / "search" / "report.md").read_text()
    assert f"Best is trial {best['number']}" in page and "--set learning_rate=" in page
    assert not list((tmp_path / "search").glob("trial-*"))


def test_an_interrupted_search_proposes_what_it_would_have(table, tmp_path, asked, monkeypatch):
    workflow.tune(Plan(table), tmp_path / "whole", 14, SPACE, say=lambda line: None)
    whole, asked[:] = list(asked), []
    run = workflow.run_trial

    def killed(plan, changes, folder, **options):
        if len(asked) == 6:
            raise Cancelled
        return run(plan, changes, folder, **options)

    monkeypatch.setattr(workflow, "run_trial", killed)
    with pytest.raises(Cancelled):
        workflow.tune(Plan(table), tmp_path / "search", 14, SPACE, say=lambda line: None)
    monkeypatch.setattr(workflow, "run_trial", run)
    workflow.tune(Plan(table), tmp_path / "search", 14, SPACE, say=lambda line: None)
    assert asked[:7] == whole[:7], "the one that was at work is tried again"
    assert len(asked) == 14 and all(
        low <= tried["learning_rate"] <= high for tried in asked for low, high in [(1e-4, 1e-2)]
    )


def test_another_search_in_the_folder_is_refused(table, tmp_path, asked):
    workflow.tune(Plan(table), tmp_path / "search", 1, SPACE, say=lambda line: None)
    with pytest.raises(TrainingError, match=r"another epochs \(None, not 7\)"):
        workflow.tune(Plan(table, epochs=7), tmp_path / "search", 2, SPACE, say=lambda line: None)


def test_a_search_in_which_nothing_works_gives_up(table, tmp_path, monkeypatch):
    def run(plan, changes, folder, **options):
        if folder.parent.joinpath("first").exists():
            raise TrainingError("no memory")
        folder.parent.joinpath("first").touch()
        folder.mkdir()
        return Trial(1.0, {})

    monkeypatch.setattr(workflow, "run_trial", run)
    with pytest.raises(TrainingError, match="3 trials failed one after the other; the last one: no memory"):
        workflow.tune(Plan(table), tmp_path / "search", 10, SPACE, say=lambda line: None)


def test_errors_are_in_standard_deviations():
    assert relative_error({"a": {"R2": 0.75}, "b": {"R2": 0.0}, "c": {"R2": None}}) == pytest.approx((0.5 + 1) / 2)
    with pytest.raises(TrainingError, match="No property has"):
        relative_error({"a": {"R2": None}})


def test_what_is_searched_holds_the_presets_own_value():
    for name in PRESETS:
        for parameter, searched in search_space(name).items():
            assert searched.low <= PRESETS[name].get(parameter, searched.low) <= searched.high
    assert search_space("small", ["dropout=0.1:0.2"]) == {"dropout": Searched(0.05, 0.2)}
    assert set(search_space("small")) == set(SEARCHED)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dropout=0.2:0.1", "write dropout=LOW:HIGH"),
        ("dropout=0.2", "write dropout=LOW:HIGH"),
        ("dropout=a:b", "write dropout=LOW:HIGH"),
        ("dropout=0:1.5", "dropout is 1.5"),
        ("epochs=1:5", "'epochs' is not searched"),
    ],
)
def test_what_can_not_be_searched_is_said(words, said):
    with pytest.raises(TrainingError, match=said):
        search_space("small", [words])


def test_numbers_set_on_the_command_line():
    assert changes_from(["learning_rate=1e-3", "atom_features = 48"]) == {
        "learning_rate": 1e-3, "atom_features": 48, "bond_features": 48,
    }  # fmt: skip
    for words, said in (
        ("epochs=3", "--epochs"),
        ("dropout", "names no value"),
        ("dropout=much", "dropout is 'much'"),
        ("keep=best", "it is no number"),
        ("drop=1", "no parameter 'drop'"),
    ):
        with pytest.raises(TrainingError, match=said):
            changes_from([words])


@pytest.mark.exhaustive
def test_a_real_search_from_the_command_line(table, tmp_path, capsys):
    search = [
        "tune", str(table), "--output", str(tmp_path / "search"), "--folds", "2", "--epochs", "1", "--quiet",
        "--search", "num_messages=1:2", "atom_features=4:6",
    ]  # fmt: skip
    assert main([*search, "--trials", "1"]) == 0
    assert main([*search, "--trials", "2"]) == 1
    assert "add --resume" in capsys.readouterr().err
    assert main([*search, "--trials", "2", "--resume"]) == 0
    shown = capsys.readouterr()
    assert "Trial 2 of 2" in shown.err and "Best is trial" in shown.out
    rows = pd.read_csv(tmp_path / "search" / "trials.csv")
    assert len(rows) == 2 and rows["num_messages"].between(1, PRESETS["small"]["num_messages"]).all()
    assert main(["predict", str(tmp_path / "search" / "best"), "*CC*"]) == 0


@pytest.mark.exhaustive
def test_trials_on_ray_are_those_of_here(table, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed (pip install 'polyid-spaces[ray]')")
    space = search_space("small", ["num_messages=1:2", "atom_features=4:6"])
    plan = Plan(table, folds=2, epochs=1)
    here = workflow.tune(plan, tmp_path / "here", 2, space, say=lambda line: None)
    there = workflow.tune(plan, tmp_path / "there", 2, space, ray="local", say=lambda line: None)
    assert there["values"] == here["values"] and there["error"] == pytest.approx(here["error"], rel=1e-5)
    assert (tmp_path / "there" / "best" / "parameters.json").is_file()
