"""What the polymers around one say: how new it is, and how rough the values are."""

from __future__ import annotations

import numpy as np

from polyid.common.ranking import places_of_least


def neighbourhood(similarity: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How new polymers are to a set of measured ones, and how much the values around them vary.

    Parameters
    ----------
    similarity : float array, shape (n, N)
    labels : float array, shape (N, P)
        NaN where unmeasured, or where a member may not look.

    Returns
    -------
    novelty : float array, shape (n, P)
        1 minus the mean similarity to the five most similar measured polymers.
    roughness : float array, shape (n, P)
        Mean absolute deviation of the values of the eight most similar, weighted by the fourth power of the similarity.
    """
    novelty = np.ones((len(similarity), labels.shape[1]))
    roughness = np.zeros_like(novelty)
    for p, values in enumerate(labels.T):
        measured = np.flatnonzero(np.isfinite(values))
        if len(measured) == 0:
            continue
        near = similarity[:, measured]
        top = places_of_least(-near, min(8, len(measured)))
        similar = np.take_along_axis(near, top, axis=1).astype(float)
        novelty[:, p] = 1.0 - similar[:, :5].mean(axis=1)
        weight = similar**4 + 1e-12
        weight /= weight.sum(axis=1, keepdims=True)
        nearby = values[measured][top]
        centre = (weight * nearby).sum(axis=1, keepdims=True)
        roughness[:, p] = (weight * np.abs(nearby - centre)).sum(axis=1)
    return novelty, roughness
