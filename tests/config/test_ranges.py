"""Numbers of settings: the same ones are refused, in the same words, wherever they come from."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from helpers.paths import TOP, program_environment

from polyid.cli.main import main
from polyid.config.parameters import PRESETS, Parameters, preset
from polyid.config.ranges import RANGES, check_level, check_number
from polyid.config.settings import settings_from
from polyid.data.splits import assign_folds
from polyid.errors import TrainingError

IMPOSSIBLE = [
    ("epochs", 0),
    ("epochs", 2.5),
    ("epochs", math.inf),
    ("epochs", math.nan),
    pytest.param("epochs", 10**400, id="epochs-400 digits"),
    ("epochs", True),
    ("epochs", "five"),
    ("kfolds", 1),
    ("kfolds", math.inf),
    ("seed", -1),
    ("seed", 2**32),
    ("learning_rate", 0.0),
    ("learning_rate", 1e308),
    ("dropout", 1.0),
    ("level", 1e-12),
    ("level", 0.9999),
    pytest.param("level", 10**400, id="level-400 digits"),
    ("pm", -0.5),
]


@pytest.mark.parametrize(("name", "value"), IMPOSSIBLE)
def test_impossible_numbers_are_refused_with_what_can_be(name, value):
    with pytest.raises(TrainingError) as refusal:
        check_number(name, value)
    assert f"{RANGES[name].label or name} is " in str(refusal.value) and "it must be a " in str(refusal.value)
    if name in Parameters().to_dict():
        with pytest.raises(TrainingError, match=re.escape(str(refusal.value))):
            preset("small", **{name: value})
        with pytest.raises(TrainingError, match=re.escape(str(refusal.value))):
            settings_from({name: value}, seed=value if name == "seed" else 0)


def test_numbers_that_can_be_are_taken_as_they_are():
    assert check_number("seed", 2**32 - 1) == 2**32 - 1 and check_number("seed", 0.0) == 0
    assert isinstance(check_number("epochs", 5.0), int) and check_number("epochs", np.int64(7)) == 7
    assert check_level(0.9) == 0.9 and check_level(np.float64(0.01)) == 0.01
    for name in PRESETS:
        settings_from(preset(name).to_dict())
    settings_from(Parameters().to_dict())


def test_folds_are_drawn_by_seeds_that_can_be():
    with pytest.raises(TrainingError, match="seed is -1"):
        assign_folds(pd.DataFrame({"smiles_monomer": ["*CC*", "*CC(*)C", "*CC(*)Cl"]}), 2, "random", seed=-1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "{}", "--output", "m", "--epochs", "inf"], "The number of epochs is inf; it must be a whole number"),
        (["train", "{}", "--output", "m", "--folds", "nan"], "The number of folds is nan; it must be a whole number"),
        (["train", "{}", "--output", "m", "--seed", "-1"], "The seed is -1; it must be a whole number from 0"),
        (["train", "{}", "--output", "m", "--seed", "4294967296"], "The seed is "),
        (["train", "{}", "--output", "m", "--split", "murcko"], "no split 'murcko'"),
        (["train", "{}", "--output", "m", "--properties", "Density"], "no column for the property Density"),
        (["train", "{}", "--output", "m", "--column", "Tg=banana"], "'banana', which no column can be"),
        (["train", "{}", "--output", "."], "holds other files, such as table.csv, and no model"),
        (["train", "{}", "--output", "{}"], "table.csv is a file; name a folder for the model"),
        (["train", "{}", "--output", ".", "--resume"], "name a new or an empty folder"),
        (["estimate", "{}", "--folds", "4"], "4 folds need at least 4 polymers, and the properties to learn have 3"),
        (["train", "nowhere.csv", "--output", "m"], "nowhere.csv"),
        (["predict", "nowhere", "*CC*", "--pm", "2"], "pm, the probability of meso dyads, is 2"),
        (["data", "build", "--output", "m", "--degree-of-polymerisation", "1e9"], "degree of polymerisation is 1e+09"),
        (["data", "show", "{}", "--column", "Tg"], "doesn't say what a column is"),
    ],
)
def test_the_command_line_refuses_before_tensorflow_is_loaded(words, sentence, tmp_path, capsys, monkeypatch):
    table = tmp_path / "table.csv"
    table.write_text("smiles,Tg\n*CC*,-78\n*CC(*)C,-10\n*CC(*)Cl,82\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "polyid.ensemble.workflow", None)
    assert main([word.format(table) for word in words]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("polyid: ") and sentence in said.err and said.err.count("\n") == 1 and not said.out


def test_a_refusal_is_quick_and_the_only_thing_said(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("smiles,Tg\n*CC*,-78\n")
    words = ["train", str(table), "--output", str(tmp_path / "m"), "--properties", "Density"]
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "polyid", *words],
        capture_output=True,
        text=True,
        cwd=TOP,
        env=program_environment(),
    )
    seconds = time.perf_counter() - start
    said = [line for line in run.stderr.splitlines() if not line.startswith("import time:")]
    assert len(said) == 1 and said[0].startswith("polyid: ") and not run.stdout, said
    assert "tensorflow" not in run.stderr and seconds < 20
