"""Where a value stands among measured ones, against counting them."""

from __future__ import annotations

import numpy as np
import pytest

from polyid.inference.training_values import TrainingValues


def test_the_share_below_is_that_of_counting():
    values = np.random.default_rng(0).integers(0, 50, 200).astype(float)
    known = TrainingValues.of([None, *values.tolist(), None])
    assert len(known) == 200
    for value in (-1.0, 0.0, 17.0, 17.5, 49.0, 60.0):
        counted = np.mean(values < value) + np.mean(values == value) / 2
        assert known.share_below(value) == pytest.approx(counted)


def test_bins_hold_every_value_and_one_value_has_a_picture_too():
    values = np.random.default_rng(1).normal(size=1000)
    edges, counts = TrainingValues.of(values).histogram()
    assert counts.sum() == 1000 and len(edges) == len(counts) + 1 <= 25
    assert (edges[0], edges[-1]) == (values.min(), values.max())
    (single,) = TrainingValues.of([3.0]).histogram()[1]
    assert single == 1


def test_no_value_is_no_distribution():
    assert TrainingValues.of([None, None]) is None


def test_programs_get_quartiles_and_the_spread_is_their_distance():
    known = TrainingValues.of(range(101))
    assert known.record() == {
        "n": 101, "lowest": 0, "lower_quartile": 25, "median": 50, "upper_quartile": 75, "highest": 100,
    }  # fmt: skip
    assert known.spread == 50
    assert TrainingValues.of([1.0] * 9 + [3.0]).spread == 2, "the middle half is one value"
