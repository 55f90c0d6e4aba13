"""The notebook for Colab and Kaggle trains `small`, goes on where a session ended, and publishes."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from helpers.local_hub import LocalHub
from helpers.paths import TOP
from huggingface_hub import HfApi
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOK = TOP / "notebooks" / "train_colab.ipynb"
TABLE = "repeat_unit,Tg (°C)\n" + "".join(
    f"*{'C' * size}{tail}*,{20 * size + shift}\n"
    for size in range(1, 6)
    for shift, tail in ((0, "O"), (30, "C(=O)O"), (60, "C(=O)N"))
)


def read() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def test_no_outputs_and_no_token_are_kept():
    notebook = read()
    assert [cell for cell in notebook.cells if cell.get("outputs")] == []
    assert "hf_" not in "".join(cell.source for cell in notebook.cells)


@pytest.mark.exhaustive
def test_it_trains_small_goes_on_and_publishes(local_hub: LocalHub, tmp_path: Path, monkeypatch):
    table = tmp_path / "mine.csv"
    table.write_text(TABLE, "utf-8")
    settings = {
        "HF_ENDPOINT": local_hub.endpoint,
        "HF_TOKEN": local_hub.token,
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(TOP),
        "POLYID_TABLE": str(table),
        "POLYID_STAGES": "small",
        "POLYID_RUNS": str(tmp_path / "runs"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    first = read()
    NotebookClient(first, timeout=600).execute()
    assert "mine.csv: 15 rows of 15 polymers" in outputs(first) and "Not published" in outputs(first)
    assert (tmp_path / "runs" / "small" / "parameters.json").is_file()

    # A later session reads what is finished, and publishes it.
    monkeypatch.setenv("POLYID_MODEL_REPO", "ada/from-a-notebook")
    HfApi(endpoint=local_hub.endpoint, token=local_hub.token).create_repo("ada/from-a-notebook")
    second = read()
    NotebookClient(second, timeout=600).execute()
    assert "small: finished before" in outputs(second)
    assert "/ada/from-a-notebook/commit/" in outputs(second)
    files = HfApi(endpoint=local_hub.endpoint, token=local_hub.token).list_repo_files("ada/from-a-notebook")
    assert {"parameters.json", "README.md"} <= set(files)


@pytest.mark.exhaustive
def test_a_table_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    monkeypatch.setenv("POLYID_TABLE", str(tmp_path / "nothing.csv"))
    monkeypatch.setenv("POLYID_RUNS", str(tmp_path / "runs"))
    with pytest.raises(CellExecutionError, match=r"There is no table .*nothing.csv: upload yours"):
        NotebookClient(read(), timeout=300).execute()
