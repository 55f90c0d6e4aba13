"""The time of arrival of a whole run, on a clock that the tests set."""

from __future__ import annotations

import itertools
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from polyid.common.progress import STAGES
from polyid.ensemble.expected_times import SHARES, start_up_seconds
from polyid.ensemble.stages import Stages
from polyid.training import reporter as reporter_module
from polyid.training.reporter import Reporter

TRUE = {"reading": 20.0, "compiling": 40.0, "training": 400.0, "calibrating": 50.0, "report": 10.0, "upload": 15.0}
"""Seconds of an imagined run."""
POLYMERS, EPOCHS, STEPS = 100, 20, 10


def run(
    monkeypatch, expected, *, forecast=None, first_epoch=1.0, train=None, epochs_before=0
) -> list[tuple[float, float]]:
    """What is said of a run that takes `TRUE` seconds: pairs of the time and what is said to be left; NaN where nothing is.

    The first epoch takes so many times as long as another: a shape is compiled in its third step.
    """
    now, said = [0.0], []
    monkeypatch.setattr(reporter_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stages = Stages(
        lambda record: said.append((now[0], np.nan if record.eta_seconds is None else record.eta_seconds)),
        expected,
        clock=lambda: now[0],
    )
    stages.at("reading", 0.0)
    now[0] += TRUE["reading"] / 2
    stages.at("reading", 0.5)
    now[0] += TRUE["reading"] / 2
    stages.expect_by(lambda: {"calibrating": 55.0, "report": 9.0})
    folds = [SimpleNamespace(fold=0, train=np.arange(POLYMERS))]
    reporter = Reporter(stages, folds, EPOCHS, STEPS)
    reporter.compiling(folds, epochs_before)
    now[0] += TRUE["compiling"]
    group = SimpleNamespace(folds=folds, states=[], sums=np.ones((2, 1)), rate=0.1, epoch=0, step=0)
    epoch_seconds = TRUE["training"] / EPOCHS
    for epoch in range(epochs_before, EPOCHS):
        compiling = (first_epoch - 1.0) * epoch_seconds if epoch == epochs_before else 0.0
        group.epoch = epoch
        for step in range(1, STEPS + 1):
            now[0] += epoch_seconds / STEPS + (compiling if step == 3 else 0.0)
            group.step = step
            reporter.report(group, polymers=POLYMERS // STEPS)
    stages.at("calibrating")
    before = 0.0
    for part, share in SHARES.items():
        now[0] += (share - before) * TRUE["calibrating"]
        stages.calibrated(part)
        before = share
    now[0] += (1.0 - before) * TRUE["calibrating"]
    stages.at("report")
    now[0] += TRUE["report"]
    if expected.get("upload"):
        stages.at("upload")
        now[0] += TRUE["upload"]
    said.append((now[0], 0.0))
    return said


def off(said: list[tuple[float, float]], share: float) -> float:
    """By how much what was said at a share of the time was off, as a share of what was left."""
    end = said[-1][0]
    at, left = [(at, left) for at, left in said if at <= share * end][-1]
    return (left - (share * end - at)) / (end - share * end) - 1.0


@pytest.mark.parametrize(
    "expected", [{**TRUE, "training": 480.0, "compiling": 50.0}, {**TRUE, "training": 330.0, "upload": 0.0}]
)
def test_the_end_is_foreseen_within_a_quarter_after_a_tenth(expected, monkeypatch):
    """Also if more is compiled in the first epoch, and it takes twice as long as others."""
    for first_epoch in (1.0, 2.0):
        said = run(monkeypatch, expected, first_epoch=first_epoch)
        assert max(abs(off(said, share)) for share in (0.1, 0.2, 0.3, 0.5, 0.75, 0.9)) < 0.25
        assert all(left >= 1.0 for _, left in said[:-1])


def test_of_what_was_not_estimated_nothing_is_said_before_its_training_is_timed(monkeypatch):
    """From then on there is a forecast to the end, also where a run goes on behind half of its epochs."""
    for first_epoch, before in ((1.0, 0), (2.0, 0), (1.0, EPOCHS // 2)):
        said = run(monkeypatch, {}, first_epoch=first_epoch, epochs_before=before)
        known = [np.isfinite(left) for _, left in said]
        assert known == sorted(known) and said[known.index(True)][0] < TRUE["reading"] + TRUE["compiling"] + 10.0
        assert max(abs(off(said, share)) for share in (0.2, 0.3, 0.5, 0.75, 0.9)) < 0.25


def test_there_is_no_upload_where_none_was_announced(monkeypatch):
    with_upload = run(monkeypatch, {"upload": 15.0})
    without = run(monkeypatch, {})
    reports = [next(left for at, left in said if at >= 510.0) for said in (with_upload, without)]
    assert reports[0] - reports[1] == pytest.approx(15.0)


def test_a_run_that_goes_on_has_only_the_rest_before_it(monkeypatch):
    whole, rest = run(monkeypatch, TRUE), run(monkeypatch, TRUE, epochs_before=15)
    compiling = [[left for at, left in said if at == 20.0][-1] for said in (whole, rest)]
    assert compiling[0] - compiling[1] == pytest.approx(0.75 * TRUE["training"])


def test_what_takes_longer_than_expected_is_never_over_at_once():
    now, said = [0.0], []
    stages = Stages(lambda record: said.append(record.eta_seconds), dict.fromkeys(STAGES, 5.0), clock=lambda: now[0])
    for now[0] in (0.0, 4.0, 6.0, 30.0):
        stages.at("report")
    assert said == [10.0, 6.0, 5.6, 8.0]
    assert all(later < 11.0 for later in itertools.chain(said))


def test_a_fold_that_stops_early_is_not_waited_for(monkeypatch):
    """Nor one that was finished before, or that has not begun."""
    now, told = [0.0], []
    monkeypatch.setattr(reporter_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    folds = [SimpleNamespace(fold=fold, train=np.arange(POLYMERS)) for fold in range(4)]
    reporter = Reporter(told.append, folds, EPOCHS, STEPS, finished={0})
    reporter.compiling(folds[1:3])
    assert told[-1].epoch == EPOCHS // 4
    group = SimpleNamespace(folds=folds[1:2], states=[], sums=np.ones((2, 1)), rate=0.1, epoch=10, step=0)
    for now[0] in (2.0, 22.0):
        reporter.report(group, polymers=20)
    # A second a polymer; half of one fold, and all of the last.
    assert told[-1].eta_seconds == pytest.approx(1.5 * POLYMERS * EPOCHS)
    assert told[-1].share == pytest.approx(1 - 1.5 / 4)


@pytest.mark.parametrize(("spent", "left"), [(0.0, 100.0), (15.0, 85.0), (300.0, 82.0)])
def test_a_start_up_that_is_over_is_not_waited_for_again(spent, left):
    expected = {"reading": 20.0, "compiling": 10.0, "training": 60.0, "calibrating": 8.0, "report": 2.0}
    said = []
    Stages(lambda record: said.append(record.eta_seconds), expected, spent=spent, clock=lambda: 0.0).at("reading", 0.0)
    assert said == [pytest.approx(left)] and expected["reading"] == 20.0


def test_only_a_process_that_has_just_begun_has_a_start_up_to_count(monkeypatch):
    started = psutil.Process().create_time()
    for age, counted in ((12.0, 12.0), (3600.0, 0.0)):
        monkeypatch.setattr(time, "time", lambda age=age: started + age)
        assert start_up_seconds() == pytest.approx(counted)
