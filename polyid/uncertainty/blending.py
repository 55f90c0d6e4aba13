"""How much of a prediction is the networks' and how much the kernel regression's, decided by held-out polymers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SHARES = np.linspace(0.0, 1.0, 21)
_GROUPS = 5
_PRIOR = 10.0
"""Polymers that speak for halves before any is held out: the labels of a few are too few to choose by."""


def network_share(measured: np.ndarray, network: np.ndarray, kernel: np.ndarray, polymers: Sequence[str]) -> np.ndarray:
    """Share of the networks with the least mean absolute error of held-out polymers, for each property.

    Stacked generalisation (Wolpert, Neural Networks 1992, 5, 241) with one parameter a property. Shares that do as well
    as the best to within a thousandth are averaged, so that the choice doesn't hang on a single polymer, and the fewer
    polymers there are, the nearer it stays to halves. A polymer measured at twenty tacticities counts once in that.

    Parameters
    ----------
    measured, network, kernel : float arrays, shape (n, P)
        NaN where unmeasured.
    polymers : sequence of str
        Key of each row's polymer.

    Returns
    -------
    float array, shape (P,)
    """
    shares, keys = np.full(measured.shape[1], 0.5), np.asarray(polymers, object)
    for p in range(measured.shape[1]):
        rows = np.isfinite(measured[:, p]) & np.isfinite(network[:, p]) & np.isfinite(kernel[:, p])
        if not rows.any():
            continue
        y, a, b = measured[rows, p], network[rows, p], kernel[rows, p]
        errors = np.array([np.abs(share * a + (1.0 - share) * b - y).mean() for share in _SHARES])
        best = _SHARES[errors <= errors.min() * 1.001].mean()
        count = len(set(keys[rows]))
        shares[p] = (count * best + _PRIOR * 0.5) / (count + _PRIOR)
    return shares


def blended(network: np.ndarray, kernel: np.ndarray | None, share: np.ndarray | None) -> np.ndarray:
    """Predictions from those of the networks and of the kernel regression, both (..., P), if there is one."""
    return network if kernel is None or share is None else share * network + (1.0 - share) * kernel


def cross_fitted(measured: np.ndarray, network: np.ndarray, kernel: np.ndarray, polymers: Sequence[str]) -> np.ndarray:
    """Share for each row, chosen without the row's own polymer: what honest out-of-fold figures are made with.

    Parameters
    ----------
    measured, network, kernel : float arrays, shape (n, P)
        Held-out predictions.
    polymers : sequence of str
        Key of each row's polymer; rows of one polymer stay together.

    Returns
    -------
    float array, shape (n, P)
    """
    group, keys = polymer_groups(polymers), np.asarray(polymers, object)
    shares = np.empty(measured.shape)
    for g in range(_GROUPS):
        rows = group == g
        shares[rows] = network_share(measured[~rows], network[~rows], kernel[~rows], keys[~rows])
    return shares


def polymer_groups(polymers: Sequence[str], groups: int = _GROUPS) -> np.ndarray:
    """A group for each row, from 0, the same for all rows of a polymer and wherever the rows stand."""
    keys = sorted(set(polymers))
    order = np.random.default_rng(0).permutation(len(keys))
    group = {keys[k]: i % groups for i, k in enumerate(order)}
    return np.array([group[key] for key in polymers])
