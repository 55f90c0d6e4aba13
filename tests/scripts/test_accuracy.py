"""The benchmark of accuracy reads its sets rightly, counts rightly, and does not measure again what it has."""

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy.sets import SETS, PublicSet
from benchmarks.accuracy.tables import row
from sklearn.metrics import mean_absolute_error, r2_score

from polyid.errors import DataError


def test_a_row_has_the_figures_of_scikit_learn_and_the_best_in_bold():
    values, near, far = pd.Series([1.0, 2.0, 4.0]), pd.Series([1.1, 2.0, 3.8]), pd.Series([2.0, 2.0, 2.0])
    cells = [cell.strip() for cell in row("Tg, °C", values, {"small": near, "forest": far}, "20").strip("|").split("|")]
    errors = np.abs(near - values)
    told = f"**{mean_absolute_error(values, near):.3g} ± {errors.std(ddof=1) / 3**0.5:.2g}**"
    assert cells == ["Tg, °C", "3", f"{told} ({r2_score(values, near):.2f})", cells[3], "20"]
    assert cells[3].startswith("1 ±") and cells[3].endswith(f"({r2_score(values, far):.2f})")


def test_only_rows_that_all_methods_predict_count():
    values, whole, part = pd.Series([1.0, 2.0, 4.0]), pd.Series([1.0, 2.0, 9.0]), pd.Series([1.0, 2.0, np.nan])
    assert row("", values, {"small": whole, "forest": part}, "").split("|")[2].strip() == "2"


def test_measurements_of_a_polymer_are_one_row_however_it_is_cut(tmp_path):
    table = pd.DataFrame({"Smiles": ["*CCO*", "*OCC*", "*CC*"], "O2": [1.0, 100.0, 10.0]})
    for gas in ("He", "H2", "N2", "CO2", "CH4"):
        table[gas] = [np.nan, np.nan, 0.0]
    table.to_csv(tmp_path / "gases.csv", index=False)
    found = SETS["gases"].rows(tmp_path / "gases.csv")
    assert sorted(found["log10_Permeability_O2"]) == [1.0, 1.0] and found["log10_Permeability_N2"].isna().all()


def test_another_file_is_refused_with_the_column_that_it_lacks(tmp_path):
    pd.DataFrame({"smiles": ["*CC*"]}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match=r"not the file of electron-affinity.*value"):
        SETS["electron-affinity"].rows(tmp_path / "other.csv")


def test_what_was_predicted_is_read_again_and_no_polymer_is_in_two_folds(tmp_path, monkeypatch):
    units = ["*CCO*", "*OCC*", *(f"*{'C' * n}O*" for n in range(3, 30))]
    table = pd.DataFrame({"smiles": units, "value": np.arange(len(units), dtype=float)})
    table.to_csv(tmp_path / "chains.csv", index=False)
    own = PublicSet("chains", "Chains", None, SETS["electron-affinity"].read, {"Electron_Affinity": "eV"})
    task = command.prepared(own, tmp_path / "chains.csv", 0, tmp_path)
    assert task.rows["fold"].iloc[0] == task.rows["fold"].iloc[1], "one polymer, cut in two places"
    assert sorted(task.rows["fold"].unique()) == [0, 1, 2, 3, 4]
    monkeypatch.setattr("benchmarks.accuracy.methods.TREES", 5)
    first = command.measured("forest", task)
    assert first["Electron_Affinity"].notna().all() and list(first.index) == list(task.rows.index)
    monkeypatch.setattr(command, "predict", lambda *_: pytest.fail("measured twice"))
    pd.testing.assert_frame_equal(command.measured("forest", task), first)
    (told,) = (tmp_path / "chains").glob("forest-*/run.json")
    assert json.loads(told.read_text())["date"] == first.attrs["date"]


def test_a_set_that_can_not_be_fetched_says_what_to_give():
    with pytest.raises(DataError, match="--file gases=PATH"):
        SETS["gases"].rows()
