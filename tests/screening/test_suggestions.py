"""Candidates are ranked by the probability that intervals leave to a goal; what they leave is checked against SciPy and by counting."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import logistic

from polyid.cli.main import main
from polyid.errors import DataError
from polyid.screening.goal import between
from polyid.screening.parts import METADATA_KEY
from polyid.screening.suggestions import goal_of, suggest

PROPERTIES = ["Glass_Transition", "log10_Permeability_CO2"]


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("Glass_Transition 120-160", {"Glass_Transition": (120, 160)}),
        ("Tg 120 – 160 and log10_CO2 > 2", {"Glass_Transition": (120, 160), "log10_Permeability_CO2": (2, np.inf)}),
        ("Tg -60 to -20", {"Glass_Transition": (-60, -20)}),
        ("Tg > 100 and (Tg < 150 and Tg > 120)", {"Glass_Transition": (120, 150)}),
        ("Tg between 1 and 2", {"Glass_Transition": (1, 2)}),
    ],
)
def test_goals_are_read(text, ranges):
    assert goal_of(text, PROPERTIES).ranges == ranges


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tg > 100 or Tg < 50", "several goals"),
        ("not Tg > 100", "several goals"),
        ("Tg = 100", "never exactly"),
        ("Tg 160-120", "No value of Glass_Transition is above 160 and below 120"),
        ("Densty > 1", "names no property"),
        ("domain > 1", "A goal is of properties"),
    ],
)
def test_what_is_no_goal_is_refused(text, said):
    with pytest.raises(DataError) as error:
        goal_of(text, PROPERTIES)
    assert said in str(error.value)


def test_an_interval_holds_the_share_that_it_says_and_half_lies_above():
    mean, lower, upper = (np.array([value]) for value in (10.0, 4.0, 30.0))
    for level in (0.5, 0.9):
        assert between(mean, lower, upper, level, 4.0, 30.0)[0] == pytest.approx(level)
        assert between(mean, lower, upper, level, 10.0, np.inf)[0] == pytest.approx(0.5)
        scale = 20.0 / logistic.ppf((1 + level) / 2)
        assert between(mean, lower, upper, level, 25.0, np.inf)[0] == pytest.approx(logistic.sf(25, 10, scale))
    open_end = between(mean, np.array([-np.inf]), upper, 0.9, -np.inf, 3.0)
    assert open_end[0] == pytest.approx(0.5)


@pytest.fixture
def screened(tmp_path):
    """What a screen of four candidates would have written."""
    rows = {
        "smiles": ["*CC*", "*CCO*", "*CC(*)C", "*CCS*"],
        "Glass_Transition_pred_mean": [140.0, 150.0, 90.0, 141.0],
        "Glass_Transition_pred_error": [5.0, 20.0, 10.0, 40.0],
        "Glass_Transition_pred_lower": [130.0, 110.0, 70.0, 60.0],
        "Glass_Transition_pred_upper": [150.0, 190.0, 110.0, 220.0],
        "domain": ["in domain", "in domain", "in domain", "outside"],
    }
    return written(pa.table(rows), tmp_path / "s.parquet")


def written(table, path):
    """A table as a screen would write it."""
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table, row_group_size=2)
        writer.add_key_value_metadata({METADATA_KEY: json.dumps({"level": 0.9, "record": {}, "counts": {}})})
    return path


def test_the_most_probable_come_first_and_the_least_sure_in_domain_are_to_be_measured(screened, tmp_path, capsys):
    found = suggest(str(screened), "Tg 120-160", 3)
    assert found.best["smiles"].tolist() == ["*CC*", "*CCO*", "*CCS*"] and found.rows == 4
    assert found.best["probability"].is_monotonic_decreasing and found.best["probability"][0] > 0.99
    assert found.to_measure["smiles"].tolist() == ["*CCO*", "*CC*"]
    assert found.to_measure["surprise"].tolist() == pytest.approx([20 / 15, 5 / 15])
    assert main(["suggest", "Tg 120-160", str(screened), "--output", str(tmp_path / "o.csv"), "--number", "3"]) == 0
    assert pd.read_csv(tmp_path / "o.csv")["smiles"].tolist() == ["*CC*", "*CCO*", "*CCS*"]
    assert pd.read_csv(tmp_path / "o.measure.csv")["smiles"].tolist() == ["*CCO*", "*CC*"]
    assert "Glass_Transition 120 to 160, of 4 candidates:" in capsys.readouterr().out
    assert main(["suggest", "Tg 120-160", f"{tmp_path}/?.parquet", "--output", str(tmp_path / "o.csv")]) == 0
    part = written(pq.read_table(screened).drop_columns("Glass_Transition_pred_mean"), tmp_path / "part.parquet")
    assert main(["suggest", "Tg 120-160", str(part), "--output", str(tmp_path / "o.csv")]) == 1
    assert "names no property" in capsys.readouterr().err
    assert main(["suggest", "Density > 1", str(screened), "--output", str(tmp_path / "o.csv")]) == 1
    assert "names no property" in capsys.readouterr().err
