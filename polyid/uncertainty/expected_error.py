"""How wrong a prediction is expected to be, from clues that are known for new polymers too."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

CLUES = ("constant", "disagreement", "novelty", "roughness")
_LEAST = 40
"""Errors below which the expected error is a constant: too few to fit more."""
_PRIOR = 100
"""Errors that the mean counts as, beside those the weights are fitted to."""
_FLOOR = 0.25


def fit_expected_error(clues: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Weights of the clues in the expected absolute error.

    Parameters
    ----------
    clues : float array, shape (n, K)
        Of held-out polymers; the first is constant.
    errors : float array, shape (n,)
        Absolute errors. The largest twentieth count as the smallest of them: they are as often wrong labels.

    Returns
    -------
    float array, shape (K + 1,)
        Weights, and last the least error ever expected.
    """
    if len(errors):
        errors = np.minimum(errors, np.quantile(errors, 0.95))
    typical = float(errors.mean()) if len(errors) else 1.0
    typical = typical if typical > 0 else 1.0
    weights = np.zeros(clues.shape[1] + 1)
    weights[-1] = _FLOOR * typical
    if len(errors) < _LEAST:
        weights[0] = typical
        return weights
    scale = clues.std(axis=0)
    # What was the same for all held-out polymers says nothing of a new one, for which it may differ.
    scale[scale <= 1e-9 * np.abs(clues).max(axis=0)] = np.inf
    scale[0] = 1.0
    fitted, _ = nnls(clues / scale, errors)
    # Of few errors little can be learnt: the fewer, the more the expectation is their mean.
    learnt = len(errors) / (len(errors) + _PRIOR)
    weights[:-1] = learnt * fitted / scale
    weights[0] += (1.0 - learnt) * typical
    return weights


def expected_error(clues: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expected absolute error from clues (n, K), shape (n,)."""
    return np.maximum(clues @ weights[:-1], weights[-1])


def error_clues(
    network: np.ndarray,
    kernel: np.ndarray | None,
    novelty: np.ndarray | None,
    roughness: np.ndarray | None,
    stated: np.ndarray | None = None,
) -> np.ndarray:
    """Clues (n, P, 4) of `polyid.uncertainty.expected_error.CLUES`; those that are not given are zero.

    Networks and kernel regressions disagree by the mean over the members of the difference of the two. Without a kernel
    regression the networks disagree by their mean absolute difference, taken over pairs so that it doesn't depend on
    their number. Distilled networks, which were taught what an ensemble expects of its errors, say so in the place of a
    disagreement (`stated`, of the shape of `network`).
    """
    members, n, properties = network.shape
    clues = np.zeros((n, properties, 4))
    clues[..., 0] = 1.0
    if stated is not None:
        clues[..., 1] = stated.mean(axis=0)
    elif kernel is not None:
        clues[..., 1] = np.abs(network - kernel).mean(axis=0)
    elif members > 1:
        rank = 2.0 * np.arange(members) - (members - 1)
        clues[..., 1] = np.tensordot(rank, np.sort(network, axis=0), 1) * 2.0 / (members * (members - 1))
    if novelty is not None:
        clues[..., 2], clues[..., 3] = novelty, roughness
    return clues
