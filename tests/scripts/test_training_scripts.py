"""The scripts of the training guides are thin calls of `polyid train`."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from helpers.paths import TOP

from polyid.config.parameters import PRESETS


@pytest.fixture
def script(monkeypatch):
    """A script by name, and the words that it hands on to the command line."""

    def load(name: str) -> tuple[ModuleType, list[str]]:
        spec = importlib.util.spec_from_file_location(f"script_{name}", TOP / "scripts" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        words: list[str] = []
        monkeypatch.setattr(module, "polyid", lambda given: words.extend(given) or 0)
        return module, words

    return load


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_the_line_of_the_guide(script):
    module, words = script("train")
    assert module.main(["--preset", "small", "--run-name", "small_test", "-v", "--epochs", "5"]) == 0
    assert words[:2] == ["train", "polymer_properties"]
    assert (option(words, "--preset"), option(words, "--output"), option(words, "--epochs")) == (
        "small",
        "models/small_test",
        "5",
    )
    assert "--resume" in words and "--quiet" not in words


def test_a_name_is_no_path(script, capsys):
    module, words = script("train")
    with pytest.raises(SystemExit):
        module.main(["--run-name", "../elsewhere"])
    assert words == []
    assert "use letters, digits" in capsys.readouterr().err


def test_the_plans_script_trains_the_published_network(script, capsys):
    module, words = script("train_models")
    assert module.main(["--folds", "2"]) == 0
    preset = PRESETS[option(words, "--preset")]
    assert (preset["batch_size"], preset["learning_rate"], preset["decay"]) == (1, 1e-4, 1e-5)
    assert (preset["num_messages"], preset["epochs"], preset["kfolds"]) == (12, 500, 10)
    assert (option(words, "--output"), option(words, "--folds")) == ("models/trained_ensemble", "2")
    assert "Models saved to models/trained_ensemble/" in capsys.readouterr().out


def test_a_second_call_goes_on_where_the_first_ended(tmp_path, capsys):
    """With everything real: two short folds, and the same line again."""
    table = tmp_path / "table.csv"
    rows = [f"*{'C' * size}{tail}*,{20 * size}" for size in range(1, 7) for tail in ("O", "C(=O)O")]
    table.write_text("\n".join(["repeat_unit,Tg (°C)", *rows]), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("script_train_real", TOP / "scripts" / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    words = ["--run-name", "tiny", "--data", str(table), "--models", str(tmp_path), "--epochs", "1", "--folds", "2"]
    assert module.main(words) == 0
    assert (tmp_path / "tiny" / "parameters.json").is_file()
    assert "Model written to" in capsys.readouterr().out
    assert module.main(words) == 0
    assert "nothing to resume" in capsys.readouterr().out
