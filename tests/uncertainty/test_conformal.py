"""Intervals against the definition of CV+ written as loops, against coverage counted on synthetic data, and by hand."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from helpers.clues import clues_of
from hypothesis import given, settings
from hypothesis import strategies as st

from polyid.bundle.schema import Calibration
from polyid.bundle.strict import checked
from polyid.data.properties import PROPERTIES
from polyid.errors import BundleError, TrainingError
from polyid.report.metrics import out_of_fold_report, property_metrics
from polyid.uncertainty import conformal as intervals
from polyid.uncertainty.blending import polymer_groups
from polyid.uncertainty.conformal import (
    ExpectedError,
    IntervalCalibration,
    PropertyCalibration,
    clipped,
    cross_fitted_intervals,
)
from polyid.uncertainty.widening import NewChemistry

CONSTANT = ExpectedError(np.array([1.0, 0.0, 0.0, 0.0, 0.1]))
"""An expected error of 1 for any polymer."""


def cv_plus(centres: list[float], reaches: list[float], level: Fraction) -> tuple[float, float]:
    """Equation (11) of Barber et al.: the ⌊a(n+1)⌋-th smallest of centre - reach, the ⌈(1-a)(n+1)⌉-th of centre + reach.

    One centre and reach for each held-out row: what the model that never saw the row says of the new one, and how wrong
    it was about the row.
    """
    n = len(centres)
    below = sorted(c - r for c, r in zip(centres, reaches, strict=True))
    above = sorted(c + r for c, r in zip(centres, reaches, strict=True))
    low, high = math.floor((1 - level) * (n + 1)), math.ceil(level * (n + 1))
    return below[low - 1] if low >= 1 else -math.inf, above[high - 1] if high <= n else math.inf


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
    st.sampled_from(["0.5", "0.68", "0.8", "0.9", "0.95", "0.99"]),
    st.integers(0, 1000),
)
def test_intervals_are_those_of_cv_plus(sizes, level, seed):
    rng = np.random.default_rng(seed)
    scores = tuple(rng.exponential(size=size) for size in sizes)
    sets = tuple((str(s), f"{s}/2") for s in range(len(sizes)))
    by_set, expected = rng.normal(0, 2, (len(sizes), 7)), rng.exponential(size=7)
    lower, upper = PropertyCalibration(CONSTANT, sets, scores).interval(by_set, expected, float(level))
    for i in range(7):
        centres = [by_set[s, i] for s, size in enumerate(sizes) for _ in range(size)]
        reaches = [score * expected[i] for own in scores for score in own]
        np.testing.assert_allclose((lower[i], upper[i]), cv_plus(centres, reaches, Fraction(level)), rtol=1e-12)


def test_an_interval_by_hand():
    """Nine rows held out by two sets, which say 10 and 20; at 80 % the second-smallest and the eighth bound."""
    calibration = IntervalCalibration(
        {
            "Glass_Transition": PropertyCalibration(
                CONSTANT, (("0",), ("1",)), (np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
            )
        }
    )
    members = np.array([[10.0], [20.0]])
    found = calibration.interval("Glass_Transition", members, ["0", "1"], clues_of(1), 0.8)
    # 10 - 4, 10 - 3 ... and 20 + 5, 20 + 4 ...
    assert [bound.tolist() for bound in found] == [[7.0], [24.0]]
    assert calibration.interval("Glass_Transition", members, ["0", "1"], clues_of(1), 0.9)[1].tolist() == [25.0]
    found = calibration.interval("Glass_Transition", members, ["0", "1"], clues_of(1), 0.91)
    assert [bound.tolist() for bound in found] == [[-np.inf], [np.inf]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_bounds_do_not_cross_and_wider_levels_hold_narrower_ones(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 20, rng.integers(1, 5))
    own = PropertyCalibration(CONSTANT, ((),) * len(sizes), tuple(rng.exponential(size=size) for size in sizes))
    by_set = rng.normal(0, 20, (len(sizes), 5))
    before = None
    for level in (0.05, 0.2, 0.4, 0.5, 0.7, 0.9, 0.95):
        lower, upper = own.interval(by_set, np.ones(5), level)
        assert (lower <= upper).all(), level
        if before is not None and level > 0.5:
            assert (lower <= before[0]).all() and (before[1] <= upper).all()
        before = lower, upper


def study(seed: int, n: int, folds: int, new: int, wobble: bool):
    """Cross-validated straight lines through n exchangeable rows whose noise grows with x, and what they say of new ones."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n + new)
    noise = 0.2 + 2.0 * x if wobble else np.ones(n + new)
    y = 3.0 * x + noise * rng.normal(size=n + new)
    fold = rng.permutation(n) % folds
    lines = [np.polyfit(x[:n][fold != k], y[:n][fold != k], 1) for k in range(folds)]
    held_out = np.array([np.polyval(lines[fold[i]], x[i]) for i in range(n)])
    members = np.array([np.polyval(line, x[n:]) for line in lines])
    return y[:n], held_out, fold, noise[:n], y[n:], members, noise[n:]


@pytest.mark.parametrize("wobble", [False, True])
def test_coverage_of_exchangeable_rows_is_the_level(wobble):
    trials, new = 150, 20
    inside = {level: 0.0 for level in (0.8, 0.9, 0.95)}
    for seed in range(trials):
        y, held_out, fold, noise, truth, members, new_noise = study(seed, 120, 5, new, wobble)
        calibration = IntervalCalibration.fit(
            ["any"], np.abs(y - held_out)[:, None], clues_of(120, noise)[:, None], [(str(k),) for k in fold]
        )
        for level in inside:
            lower, upper = calibration.interval("any", members, list("01234"), clues_of(new, new_noise), level)
            inside[level] += ((lower <= truth) & (truth <= upper)).mean() / trials
    for level, share in inside.items():
        # Four standard errors: of new rows, and of the level that 120 scores reach.
        error = math.sqrt(level * (1 - level) * (1 / (trials * new) + 1 / (trials * 120)))
        assert abs(share - level) < 4 * error + 1 / 121, (level, share)


def test_normalised_intervals_are_narrower_where_noise_differs_and_follow_it():
    widths, sizes = [], []
    for seed in range(20):
        y, held_out, fold, noise, truth, members, new_noise = study(seed, 400, 5, 200, True)
        errors, held_by = np.abs(y - held_out)[:, None], [(str(k),) for k in fold]
        inside = []
        for known, new in ((noise, new_noise), (0.0, 0.0)):
            calibration = IntervalCalibration.fit(["any"], errors, clues_of(400, known)[:, None], held_by)
            lower, upper = calibration.interval("any", members, list("01234"), clues_of(200, new), 0.9)
            inside.append(((lower <= truth) & (truth <= upper)).mean())
            widths.append(np.mean(upper - lower))
            sizes.append(np.corrcoef(upper - lower, new_noise)[0, 1] if known is noise else 0.0)
        assert min(inside) > 0.8
    assert np.mean(widths[::2]) < 0.95 * np.mean(widths[1::2])
    assert min(sizes[::2]) > 0.95


@pytest.mark.parametrize(
    ("rows", "level", "finite"), [(8, 0.9, False), (9, 0.9, True), (18, 0.95, False), (19, 0.95, True)]
)
def test_too_few_held_out_rows_give_infinite_bounds(rows, level, finite):
    errors, held_by = np.arange(1.0, rows + 1)[:, None], [("0",)] * rows
    calibration = IntervalCalibration.fit(["Glass_Transition"], errors, clues_of(rows)[:, None], held_by)
    lower, upper = calibration.interval("Glass_Transition", np.zeros((1, 2)), ["0"], clues_of(2), level)
    assert np.isfinite(lower).all() == np.isfinite(upper).all() == finite
    assert (lower < 0).all() and (upper > 0).all()


def test_a_property_nobody_held_out_has_infinite_bounds():
    errors = np.full((5, 1), np.nan)
    calibration = IntervalCalibration.fit(["Density"], errors, clues_of(5)[:, None], [("0",)] * 5)
    again = IntervalCalibration.from_dict(json.loads(json.dumps(calibration.to_dict(), allow_nan=False)))
    for one in (calibration, again):
        lower, upper = one.interval("Density", np.ones((2, 3)), ["0", "1"], clues_of(3), 0.9)
        assert (upper == np.inf).all() and ((lower == 0) | (lower == -np.inf)).all()
        assert np.isfinite(one.expected("Density", clues_of(3))).all()


def test_infinite_bounds_can_be_told_in_json():
    measured, predicted = np.arange(6.0), np.arange(6.0) + 1
    spread, lower, upper = cross_fitted_intervals("Tm", predicted, measured, clues_of(6), list("abcdef"), 0.9)
    assert (lower == -np.inf).all() and (upper == np.inf).all() and np.isfinite(spread).all()
    frame = pd.DataFrame({"Tm": measured, "Tm_pred": predicted, "Tm_lower": lower, "Tm_upper": upper})
    figures = property_metrics(frame.assign(Tm_expected_error=spread), "Tm")
    assert figures["width"] is None and figures["coverage"] == 1.0
    report = out_of_fold_report(frame.assign(fold=list("001122"), Tm_expected_error=spread), ["Tm"])
    json.dumps(report, allow_nan=False)


def test_what_cannot_be_negative_is_not():
    lower, upper = np.array([-3.0, -5.0, 2.0, -np.inf]), np.array([-1.0, 5.0, 3.0, np.inf])
    # Densities, moduli and strengths are above zero; degrees Celsius and logarithms may be below.
    positive = {"Density", "YoungMod", "Tensile_Strength"}
    for name in (*PROPERTIES, "a property of one's own"):
        found = [bound.tolist() for bound in clipped(name, lower, upper)]
        kept = [lower.tolist(), upper.tolist()]
        assert found == ([[0.0, 0.0, 2.0, 0.0], [0.0, 5.0, 3.0, np.inf]] if name in positive else kept), name


def rows_of_polymers(seed: int = 0, polymers: int = 60):
    rng = np.random.default_rng(seed)
    keys = [f"p{i}" for i in range(polymers) for _ in range(1 + i % 2)]
    n = len(keys)
    clues = np.column_stack([np.ones(n), rng.exponential(size=(n, 3))])
    measured = rng.normal(0, 50, n)
    return keys, clues, measured, measured + clues[:, 1] * rng.normal(0, 10, n)


def test_a_rows_own_polymer_has_no_say_in_its_interval():
    keys, clues, measured, predicted = rows_of_polymers()
    before = np.array(cross_fitted_intervals("Tm", predicted, measured, clues, keys, 0.9))
    heard = 0
    for polymer in dict.fromkeys(keys):
        own = np.array([key == polymer for key in keys])
        for label in (1e4, np.nan):
            after = np.array(cross_fitted_intervals("Tm", predicted, np.where(own, label, measured), clues, keys, 0.9))
            np.testing.assert_array_equal(after[:, own], before[:, own])
            heard += not np.array_equal(after, before)
    assert heard > 60, "but the others' labels are looked at"


def test_out_of_fold_coverage_is_the_level():
    inside = {level: [] for level in (0.8, 0.9, 0.95)}
    for seed in range(25):
        keys, clues, measured, predicted = rows_of_polymers(seed, 100)
        for level, found in inside.items():
            _, lower, upper = cross_fitted_intervals("Tm", predicted, measured, clues, keys, level)
            np.testing.assert_allclose((lower + upper) / 2, predicted, atol=1e-9)
            found += ((lower <= measured) & (measured <= upper)).tolist()
    for level, found in inside.items():
        # Rows of a polymer and scores of a group go together: an effective number of half the rows is cautious.
        assert abs(np.mean(found) - level) < 4 * math.sqrt(2 * level * (1 - level) / len(found)) + 1 / 100


def test_the_rank_is_that_of_split_conformal_by_hand():
    """Every other group has all errors 1 to 40 in some order, so a group's reach is a whole number of ranks."""
    keys = [f"p{i}" for i in range(50)]
    group = polymer_groups(keys)
    measured = np.zeros(50)
    for g in range(5):
        measured[group == g] = np.arange(1, 11)
    _, lower, upper = cross_fitted_intervals("Tm", np.zeros(50), measured, clues_of(50), keys, 0.9)
    # Of 40 scores the ⌈0.9 · 41⌉ = 37th: four each of 1 to 10, so a 10.
    np.testing.assert_allclose(upper, 10.0)
    _, lower, upper = cross_fitted_intervals("Tm", np.zeros(50), measured, clues_of(50), keys, 0.5)
    np.testing.assert_allclose((lower, upper), ([-6.0] * 50, [6.0] * 50))


def test_a_calibration_is_read_as_it_was_written():
    rng = np.random.default_rng(8)
    errors = rng.exponential(size=(200, 2))
    errors[rng.random((200, 2)) < 0.3] = np.nan
    clues = np.concatenate([np.ones((200, 2, 1)), rng.exponential(size=(200, 2, 3))], axis=2)
    held_by = [(str(i % 3), f"{i % 2}/2") for i in range(200)]
    calibration = IntervalCalibration.fit(["Glass_Transition", "Density"], errors, clues, held_by)
    text = json.dumps(calibration.to_dict(), allow_nan=False)
    again = IntervalCalibration.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    ids, members = ["0", "1", "2", "0/2", "1/2"], rng.normal(size=(5, 30))
    for p, name in enumerate(calibration.properties):
        assert len(calibration.properties[name].sets) == 6
        assert sum(map(len, calibration.properties[name].scores)) == np.isfinite(errors[:, p]).sum()
        one, other = (c.interval(name, members, ids, clues[:30, p], 0.9) for c in (calibration, again))
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(calibration.expected(name, clues[:, p]), again.expected(name, clues[:, p]))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"properties": None},
        {"properties": {"Tm": {}}},
        {"properties": {"Tm": {"weights": [1, 0, 0, 0, "x"], "held_out": []}}},
        {"properties": {"Tm": {"weights": [1, 0, 0, 0, 1], "held_out": [{"members": ["0"]}]}}},
        {"properties": {"Tm": {"weights": [1, 0, 0, 0, 1], "held_out": [3]}}},
        {"properties": {"Tm": {"weights": [1, 0, 1], "held_out": []}}},
        {"properties": {"Tm": {"weights": [1, 0, 0, 0, 1], "held_out": [{"members": [], "scores": [[1.0]]}]}}},
        [],
    ],
)
def test_a_damaged_calibration_is_refused(state):
    described = (
        {"method": "CV+ with normalised scores", "clues": ["constant", "disagreement", "novelty", "roughness"], **state}
        if state
        else state
    )
    with pytest.raises(BundleError, match=r"calibration.json can't be used: .*download or train"):
        checked(Calibration, described, "calibration.json")


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1e-12, 90, math.nan, math.inf])
def test_levels_that_are_none_are_refused(level):
    calibration = IntervalCalibration({"Tm": PropertyCalibration(CONSTANT, (("0",),), (np.ones(30),))})
    with pytest.raises(TrainingError, match="level of an interval"):
        calibration.interval("Tm", np.zeros((1, 1)), ["0"], clues_of(1), level)


def test_members_that_are_not_loaded_are_spoken_for_by_the_others():
    scores = np.arange(1.0, 20.0)
    own = PropertyCalibration(CONSTANT, (("0", "0/2"), ("1", "0/2"), ("1", "1/2")), (scores, scores, scores))
    calibration = IntervalCalibration({"Tm": own})
    members = {"0": [10.0], "1": [20.0], "0/2": [40.0], "1/2": [80.0]}

    def interval(*ids: str) -> list:
        found = calibration.interval("Tm", np.array([members[i] for i in ids]), ids, clues_of(1), 0.9)
        return [bound.item() for bound in found]

    def by_loops(*centres: float) -> list:
        every = [c for c in centres for _ in scores]
        return list(cv_plus(every, [*scores] * 3, Fraction("0.9")))

    assert interval("0", "1", "0/2", "1/2") == by_loops(25.0, 30.0, 50.0)
    assert interval("1/2", "0/2", "1", "0") == by_loops(25.0, 30.0, 50.0), "whatever their order"
    assert interval("0", "1") == by_loops(10.0, 20.0, 20.0)
    assert interval("0") == by_loops(10.0, 10.0, 10.0)
    assert interval("0", "0/2") == by_loops(25.0, 40.0, 25.0), "the last set has no member left"


def test_many_rows_are_thinned_the_same_way_twice():
    rng = np.random.default_rng(0)
    n = intervals.MOST_SCORES + 1000
    errors, clues = rng.exponential(size=(n, 1)), clues_of(n)[:, None]
    held_by = [(str(i % 5),) for i in range(n)]
    one, other = (IntervalCalibration.fit(["Tm"], errors, clues, held_by, seed=3) for _ in range(2))
    assert one.to_dict() == other.to_dict()
    assert sum(map(len, one.properties["Tm"].scores)) == intervals.MOST_SCORES
    lower, upper = one.interval("Tm", np.zeros((5, 1)), list("01234"), clues_of(1), 0.9)
    # 90 % of an exponential lies below ln 10.
    assert upper[0] == -lower[0] == pytest.approx(math.log(10), rel=0.05)


def new_chemistry(rng: np.random.Generator, n: int, off) -> tuple[NewChemistry, np.ndarray]:
    """Errors of one property that are `off` times those at home, which don't depend on novelty."""
    novelty = rng.uniform(size=n)
    return NewChemistry((off(novelty) * rng.exponential(size=n))[:, None], novelty[:, None], np.zeros((n, 1))), novelty


def test_intervals_widen_with_novelty_as_errors_of_new_chemistry_do():
    """Errors at home are alike at any novelty; those of new chemistry are up to four times as large."""
    rng = np.random.default_rng(3)
    clues = clues_of(2_000)[:, None]
    clues[..., 2] = 0.5 * rng.uniform(size=(2_000, 1))
    errors, held_by = rng.exponential(size=(2_000, 1)), [("0",)] * 2_000

    def off(novelty):
        return 1.0 + 3.0 * novelty

    new, _ = new_chemistry(rng, 4_000, off)
    calibration = IntervalCalibration.fit(["Tm"], errors, clues, held_by, new=new)
    without = IntervalCalibration.fit(["Tm"], errors, clues, held_by)
    fresh, novelty = new_chemistry(rng, 4_000, off)
    asked = clues_of(4_000)
    asked[:, 2] = novelty
    held = {}
    for name, own in (("with", calibration), ("without", without)):
        _, upper = own.interval("Tm", np.zeros((1, 4_000)), ["0"], asked, 0.9)
        held[name] = [np.mean(fresh.errors[part, 0] <= upper[part]) for part in (novelty < 0.3, novelty > 0.7)]
        order = np.argsort(novelty)
        if name == "with":
            assert np.all(np.diff(upper[order]) >= -1e-9), "it never narrows with novelty"
    assert min(held["with"]) > 0.87 and held["without"][1] < 0.7
    _, upper = calibration.interval("Tm", np.zeros((1, 2_000)), ["0"], clues[:, 0], 0.9)
    assert np.mean(errors[:, 0] <= upper) > 0.9, "at home intervals hold what they did, or more"


def test_few_errors_of_new_chemistry_widen_nothing():
    rng = np.random.default_rng(4)
    new, _ = new_chemistry(rng, 60, lambda novelty: 5.0)
    found = IntervalCalibration.fit(
        ["Tm"], rng.exponential(size=(50, 1)), clues_of(50)[:, None], [("0",)] * 50, new=new
    )
    assert not len(found.properties["Tm"].expected.widening.factor)
