"""Expected errors: what errors follow is found, and what little is known of is kept to the mean."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.clues import clues_of

from polyid.uncertainty.expected_error import expected_error, fit_expected_error


def test_the_expected_error_finds_what_errors_follow():
    rng = np.random.default_rng(2)
    clues = np.column_stack(
        [np.ones(40_000), rng.uniform(0, 5, 40_000), rng.uniform(0, 1, 40_000), rng.uniform(0, 9, 40_000)]
    )
    scale = 2.0 + 3.0 * clues[:, 1] + 1.0 * clues[:, 3]
    weights = fit_expected_error(clues, scale * rng.uniform(0.5, 1.5, 40_000))
    np.testing.assert_allclose(weights[:4], [2.0, 3.0, 0.0, 1.0], atol=0.5)
    found = expected_error(clues, weights)
    assert np.corrcoef(found, scale)[0, 1] > 0.99
    np.testing.assert_allclose(found[scale > 5], scale[scale > 5], rtol=0.15)
    assert (weights >= 0).all()


def test_a_few_wrong_labels_hardly_change_the_expected_error():
    rng = np.random.default_rng(4)
    clues = clues_of(1000, rng.uniform(1, 5, 1000))
    errors = clues[:, 3] * rng.uniform(0.5, 1.5, 1000)
    wrong = errors.copy()
    wrong[rng.permutation(1000)[:20]] = 1e5
    usual, disturbed = (expected_error(clues, fit_expected_error(clues, e)) for e in (errors, wrong))
    np.testing.assert_allclose(disturbed, usual, rtol=0.15)


def test_the_fewer_errors_the_more_the_mean_is_expected():
    slopes = []
    for n in (100, 900, 100_000):
        clues = clues_of(n, np.linspace(1, 5, n))
        low, high = expected_error(clues_of(2, np.array([2.5, 4.5])), fit_expected_error(clues, clues[:, 3]))
        assert low < 3.0 < high
        slopes.append((high - low) / 2)
    np.testing.assert_allclose(slopes, np.array([0.5, 0.9, 1.0]) * slopes[-1], rtol=0.02)
    assert slopes[-1] == pytest.approx(1, rel=0.05)


def test_few_errors_or_none_give_a_constant():
    clues = clues_of(39, np.arange(39.0))
    errors = np.arange(39.0)
    # The largest twentieth, 37 and 38, count as the 0.95 quantile, 36.1.
    np.testing.assert_allclose(
        expected_error(clues, fit_expected_error(clues, errors)), (np.arange(37.0).sum() + 2 * 36.1) / 39
    )
    none = fit_expected_error(clues[:0], errors[:0])
    assert np.isfinite(none).all() and (expected_error(clues, none) > 0).all()
    assert (expected_error(clues, fit_expected_error(clues, np.zeros(39))) > 0).all()


def test_little_is_learnt_of_few_errors():
    clues = clues_of(100, np.linspace(0, 10, 100))
    found = expected_error(clues, fit_expected_error(clues, clues[:, 3]))
    np.testing.assert_allclose(found.mean(), 5, rtol=0.02)
    assert np.ptp(found) == pytest.approx(0.5 * 10, rel=0.06), "a hundred errors weigh as much as their mean"


def test_a_clue_that_never_varied_has_no_say():
    """A property of one value leaves its held-out polymers without neighbours: novelty 1, which a new one needn't have."""
    errors = np.random.default_rng(0).uniform(5, 15, 200)
    clues = clues_of(200)
    clues[:, 2] = 1.0
    weights = fit_expected_error(clues, errors)
    np.testing.assert_allclose(expected_error(clues_of(3), weights), expected_error(clues[:3], weights))
    np.testing.assert_allclose(expected_error(clues_of(3), weights), errors.mean(), rtol=0.02)


def test_the_expected_error_has_a_floor():
    clues = clues_of(20_000, np.linspace(0, 10, 20_000))
    weights = fit_expected_error(clues, clues[:, 3])
    assert expected_error(clues_of(1, 0.0), weights)[0] == pytest.approx(0.25 * 5, rel=0.01)


def test_units_do_not_matter():
    rng = np.random.default_rng(6)
    clues = np.column_stack([np.ones(300), rng.exponential(size=(300, 3))])
    errors = clues @ [1.0, 0.5, 0.0, 2.0] * rng.exponential(size=300)
    kelvin = expected_error(clues, fit_expected_error(clues, errors))
    in_thousandths = clues * [1.0, 1e3, 1.0, 1e3]
    np.testing.assert_allclose(
        expected_error(in_thousandths, fit_expected_error(in_thousandths, errors * 1e3)), kelvin * 1e3, rtol=1e-6
    )
