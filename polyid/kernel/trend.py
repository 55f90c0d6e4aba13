"""Whether a kernel regression has a linear part in the composition: what goes on where fragments end.

A regression on the fragments that polymers share says the usual value of a polymer that shares few. Some properties follow the
composition further than that: a density the elements, a glass transition the rings and bonds that turn. A linear kernel beside the
similarity, the sum of both being a kernel again, learns such slopes together with the rest. Its weight is chosen for each property by
the polymers that are trained on, and is zero unless these are predicted better with it.
"""

from __future__ import annotations

import numpy as np

RIDGE = 0.01
WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0)
_SURELY = 2.0
"""Standard errors by which errors have to fall: slopes that a few polymers suggest lead far astray."""
_FEWEST = 40
"""Polymers below which there is none."""


def linear_kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean product of the descriptors (n, D) and (N, D), shape (n, N)."""
    return one @ other.T / max(1, other.shape[1])


def choose_trend(gram: np.ndarray, descriptors: np.ndarray, labels: np.ndarray) -> float:
    """The weight of the linear kernel by which polymers are predicted best from the others, or zero.

    Errors are those of kernel ridge regression with each polymer left out in turn, which follow from the inverse of its matrix; of
    a linear kernel, whose rank is small, from the same one by the formula of Sherman, Morrison and Woodbury.

    Parameters
    ----------
    gram : float array, shape (N, N)
        Similarities of the polymers.
    descriptors : float array, shape (N, D)
    labels : float array, shape (N,)
        About their middle.
    """
    if len(labels) < _FEWEST:
        return 0.0
    inverse = np.linalg.inv(gram + RIDGE * np.eye(len(gram)))
    root = descriptors / np.sqrt(max(1, descriptors.shape[1]))
    solved, spread = inverse @ labels, inverse.diagonal()
    of_root = inverse @ root
    inner, unit = root.T @ of_root, np.eye(root.shape[1])
    now = np.abs(solved / spread)
    best, most = 0.0, 0.0
    for weight in WEIGHTS:
        correction = np.linalg.solve(unit / weight + inner, of_root.T)
        left_out = (solved - of_root @ (correction @ labels)) / (spread - np.einsum("nd,dn->n", of_root, correction))
        gain = now - np.abs(left_out)
        mean, error = gain.mean(), gain.std() / np.sqrt(len(gain))
        if mean > _SURELY * error and mean > most:
            best, most = weight, mean
    return best
