"""Curves in Trackio: refused in a sentence without the package, and with it read back as Trackio keeps them."""

from __future__ import annotations

import sys

import pytest

from polyid.common.progress import Progress
from polyid.ensemble.trackio_log import TrackioLog, check_trackio, curves_in
from polyid.errors import TrainingError


def epoch(number: int, folds: tuple[int, ...] = (0, 1)) -> Progress:
    return Progress("training", folds, 2, number, 3, 1.0 / number, float("nan"), 1e-3, 10.0, 1.0, None)


def test_the_package_is_asked_for_only_where_it_is_wanted(monkeypatch):
    monkeypatch.setitem(sys.modules, "trackio", None)
    with curves_in(None, "run", {}) as curves:
        assert curves is None
    with pytest.raises(TrainingError, match=r"pip install 'polyid-spaces\[trackio\]'"):
        check_trackio()
    with pytest.raises(TrainingError, match="need the package trackio"):
        TrackioLog("polymers")


def test_the_curves_are_what_was_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    trackio = pytest.importorskip("trackio", reason="trackio is not installed (pip install trackio)")
    with TrackioLog("polymers", "first", {"preset": "small"}) as curves:
        for number in (1, 1, 2, 3):
            curves(epoch(number))
        curves.figures({"Tg": {"n": 3, "MAE": 12.5, "RMSE": 15.0, "R2": None}})
    logged = trackio.SQLiteStorage.get_logs("polymers", "first")
    losses = [row["folds 1-2/training loss"] for row in logged if "folds 1-2/training loss" in row]
    assert losses == pytest.approx([1.0, 0.5, 1 / 3]), "each epoch once"
    assert logged[-1]["out of fold/Tg MAE"] == 12.5
