"""Stacking of networks and kernel regression, on data whose better part is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyid.uncertainty.blending import blended, cross_fitted, network_share, polymer_groups


def parts(network_noise: float, kernel_noise: float, n: int = 400, seed: int = 0):
    """Labels, and two predictions of them with independent errors."""
    rng = np.random.default_rng(seed)
    measured = rng.normal(0, 50, (n, 1))
    return measured, measured + rng.normal(0, network_noise, (n, 1)), measured + rng.normal(0, kernel_noise, (n, 1))


def share_of(measured, network, kernel):
    """The share where every row is a polymer of its own."""
    return network_share(measured, network, kernel, [str(i) for i in range(len(measured))])


def test_the_better_part_gets_the_share():
    for noise, low, high in (((0.1, 30.0), 0.95, 1.0), ((30.0, 0.1), 0.0, 0.05), ((20.0, 20.0), 0.4, 0.6)):
        assert low <= share_of(*parts(*noise))[0] <= high
    # Errors of 20 and 40: the least variance is at 40² / (20² + 40²) = 0.8.
    assert share_of(*parts(20.0, 40.0, n=4000))[0] == pytest.approx(0.8, abs=0.06)


def test_the_share_is_the_best_of_a_fine_scan():
    for seed in range(8):
        measured, network, kernel = parts(15.0, 25.0, n=60, seed=seed)
        fine = np.linspace(0, 1, 2001)
        errors = [np.abs(s * network + (1 - s) * kernel - measured).mean() for s in fine]
        share = share_of(measured, network, kernel)[0]
        share = (70 * share - 10 * 0.5) / 60  # what 60 polymers said before ten were given to halves
        own = np.abs(share * network + (1 - share) * kernel - measured).mean()
        assert own <= min(errors) * 1.003
        near = fine[np.array(errors) <= min(errors) * 1.02]
        assert near.min() - 0.05 <= share <= near.max() + 0.05


def test_properties_are_chosen_one_by_one_and_gaps_left_out():
    good, bad = parts(0.1, 30.0), parts(30.0, 0.1, seed=1)
    measured, network, kernel = (np.concatenate(pair, axis=1) for pair in zip(good, bad, strict=True))
    measured[::2, 0] = np.nan
    network[1::4, 0] = kernel[3::8, 0] = np.nan
    shares = share_of(measured, network, kernel)
    assert shares[0] > 0.9 and shares[1] < 0.05
    rows = np.isfinite(measured[:, 0] + network[:, 0] + kernel[:, 0])
    np.testing.assert_array_equal(shares[:1], share_of(measured[rows, :1], network[rows, :1], kernel[rows, :1]))


def test_few_polymers_choose_little_however_often_each_was_measured():
    measured, network, kernel = parts(0.1, 30.0)
    said = [network_share(measured, network, kernel, [str(i % n) for i in range(400)])[0] for n in (1, 10, 400)]
    np.testing.assert_allclose(said, [6 / 11, 0.75, 405 / 410], atol=0.01)
    measured[1:] = np.nan
    assert share_of(measured, network, kernel)[0] == pytest.approx(6 / 11, abs=0.05)
    assert share_of(np.full((0, 2), np.nan), np.zeros((0, 2)), np.zeros((0, 2))).tolist() == [0.5, 0.5]


def test_parts_that_are_equally_good_share_equally():
    measured, network, _ = parts(10.0, 10.0)
    assert share_of(measured, network, network)[0] == pytest.approx(0.5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_groups_hold_whole_polymers_wherever_the_rows_stand(numbers, random):
    polymers = [f"polymer {n}" for n in numbers]
    group = polymer_groups(polymers)
    home = dict(zip(polymers, group, strict=True))
    assert [home[p] for p in polymers] == group.tolist()
    shuffled = polymers.copy()
    random.shuffle(shuffled)
    assert polymer_groups(shuffled).tolist() == [home[p] for p in shuffled]
    sizes = np.bincount(list(home.values()), minlength=5)
    assert group.min() >= 0 and group.max() < 5 and sizes.max() - sizes.min() <= 1


def test_a_rows_own_polymer_has_no_say_in_its_share():
    rng = np.random.default_rng(3)
    n = 60
    polymers = [f"p{i // 2}" for i in range(n)]
    measured, network, kernel = parts(20.0, 25.0, n=n)
    before = cross_fitted(measured, network, kernel, polymers)
    said = set()
    for polymer in dict.fromkeys(polymers):
        own = np.array([p == polymer for p in polymers])
        changed = measured.copy()
        changed[own] = network[own] + rng.choice([-1, 1]) * 1e4
        after = cross_fitted(changed, network, kernel, polymers)
        np.testing.assert_array_equal(after[own], before[own])
        said |= {polymer} if not np.array_equal(after, before) else set()
    assert len(said) > 10, "but the others' labels are looked at"


def test_a_share_is_that_of_the_other_groups():
    measured, network, kernel = parts(20.0, 25.0, n=90)
    polymers = [f"p{i % 30}" for i in range(90)]
    shares = cross_fitted(measured, network, kernel, polymers)
    group, named = polymer_groups(polymers), np.array(polymers)
    assert len({*shares[:, 0]}) > 1
    for g in range(5):
        others = group != g
        np.testing.assert_array_equal(
            shares[~others],
            np.tile(
                network_share(measured[others], network[others], kernel[others], named[others]), ((~others).sum(), 1)
            ),
        )
    order = np.random.default_rng(0).permutation(90)
    again = cross_fitted(measured[order], network[order], kernel[order], [polymers[i] for i in order])
    np.testing.assert_allclose(again, shares[order], atol=0.051, err_msg="sums in another order may tip a tie")


def test_one_polymer_alone_is_averaged():
    measured, network, kernel = parts(1.0, 10.0, n=30)
    assert cross_fitted(measured, network, kernel, ["only"] * 30).tolist() == [[0.5]] * 30


def test_blending_is_a_weighted_mean():
    network, kernel = np.array([[[10.0, 1.0]], [[20.0, 2.0]]]), np.array([[[30.0, 3.0]], [[40.0, 6.0]]])
    np.testing.assert_allclose(blended(network, kernel, np.array([0.25, 1.0])), [[[25.0, 1.0]], [[35.0, 2.0]]])
    assert blended(network, None, None) is network
