"""Means, moments and distances of learned fingerprints."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

NEIGHBOURS = 3


def group_means(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Means of `values` (n, F) over the rows of each group, missing values left out; NaN where all are missing."""
    there = np.isfinite(values)
    rows = csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    sums, counts = rows @ np.where(there, values, 0.0).astype(float), rows @ there.astype(float)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def mean_and_deviation(fingerprints: np.ndarray, trained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature over each member's training polymers, shapes (M, F)."""
    members, _, features = fingerprints.shape
    mean, deviation = np.zeros((members, features)), np.ones((members, features))
    for m in range(members):
        if trained[m].any():
            own = fingerprints[m, trained[m]].astype(np.float64)
            mean[m], deviation[m] = own.mean(axis=0), own.std(axis=0)
            # A feature that doesn't vary says nothing, and its rounding must not be blown up.
            deviation[m][deviation[m] <= 1e-6 * np.abs(own).max()] = 1.0
    return mean, deviation


def mean_of_nearest(distances: np.ndarray) -> np.ndarray:
    """Mean of the three least of each row, of fewer where fewer are finite; 0 where none is."""
    least = np.sort(np.partition(distances, min(NEIGHBOURS, distances.shape[1]) - 1, axis=1)[:, :NEIGHBOURS], axis=1)
    there = np.isfinite(least)
    return np.where(there, least, 0.0).sum(axis=1) / np.maximum(1, there.sum(axis=1))
