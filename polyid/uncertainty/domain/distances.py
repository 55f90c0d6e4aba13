"""Distances of polymers in the learned fingerprints of the members, to the polymers each member was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from polyid.common.ranking import places_of_least

NEIGHBOURS = 3


@dataclass(frozen=True)
class MemberSpaces:
    """Training polymers in the space of each member's learned fingerprints.

    Distances are Euclidean, in features of unit variance over the member's training polymers.
    Shapes: M members, R reference polymers, F features, n polymers asked for.

    Attributes
    ----------
    references : float16 array, shape (M, R, F)
        Standardised fingerprints.
    trained : bool array, shape (M, R)
        Which references each member was trained on.
    mean, deviation : float32 arrays, shape (M, F)
        Of the fingerprints of the member's training polymers.
    usual : float32 array, shape (M,)
        Distance of a usual new polymer from its nearest references.
    """

    references: np.ndarray
    trained: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    usual: np.ndarray

    @cached_property
    def _exact(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each member the references as float64, and the squares of their lengths: to convert them takes longer than to compare."""
        exact = [references.astype(np.float64) for references in self.references]
        return [(references, (references**2).sum(axis=1)) for references in exact]

    def distances(self, member: int, fingerprints: np.ndarray) -> np.ndarray:
        """Distances (n, R) in a member's space; infinite to polymers it was not trained on."""
        query = (fingerprints.astype(np.float64) - self.mean[member]) / self.deviation[member]
        reference, lengths = self._exact[member]
        squares = (query**2).sum(axis=1)[:, None] + lengths - 2.0 * query @ reference.T
        return np.where(self.trained[member], np.sqrt(np.maximum(squares, 0.0)), np.inf)

    def from_nearest(self, member: int, fingerprints: np.ndarray) -> np.ndarray:
        """Mean distance (n,) to the nearest references in a member's space."""
        chunks = np.array_split(fingerprints, max(1, len(fingerprints) // 500))
        return np.concatenate([mean_of_nearest(self.distances(member, chunk)) for chunk in chunks])

    def between_references(self, member: int) -> np.ndarray:
        """The same of the member's training polymers, each without itself; of the first thousand."""
        index = np.flatnonzero(self.trained[member])[:1_000]
        fingerprints = self.references[member, index] * self.deviation[member] + self.mean[member]
        between = self.distances(member, fingerprints)
        between[np.arange(len(index)), index] = np.inf
        return mean_of_nearest(between)

    def nearest(self, fingerprints: np.ndarray, members: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance (n,), and the nearest references and how far they are on average over the members, (n, 3) each.

        Parameters
        ----------
        fingerprints : float array, shape (len(members), n, F)
        members : sequence of int
            Which members the fingerprints are of.

        Returns
        -------
        distance, index, distance_of_each : arrays
            Distances in units of the usual one.
        """
        distance, total = np.zeros(fingerprints.shape[1]), np.zeros((fingerprints.shape[1], self.references.shape[1]))
        seen_by = np.zeros(self.references.shape[1])
        used = [(i, member) for i, member in enumerate(members) if self.trained[member].any()]
        for i, member in used:
            relative = self.distances(member, fingerprints[i]) / self.usual[member]
            distance = distance + mean_of_nearest(relative) / len(used)
            total += np.where(self.trained[member], relative, 0.0)
            seen_by += self.trained[member]
        mean = np.where(seen_by > 0, total / np.maximum(seen_by, 1), np.inf)
        index = places_of_least(mean, min(NEIGHBOURS, mean.shape[1]))
        return distance, index, np.take_along_axis(mean, index, axis=1)


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
            training = fingerprints[m, trained[m]].astype(np.float64)
            mean[m], deviation[m] = training.mean(axis=0), training.std(axis=0)
            # A feature that doesn't vary says nothing, and its rounding must not be blown up.
            deviation[m][deviation[m] <= 1e-6 * np.abs(training).max()] = 1.0
    return mean, deviation


def mean_of_nearest(distances: np.ndarray) -> np.ndarray:
    """Mean of the three least of each row, of fewer where fewer are finite; 0 where none is."""
    least = np.sort(np.partition(distances, min(NEIGHBOURS, distances.shape[1]) - 1, axis=1)[:, :NEIGHBOURS], axis=1)
    there = np.isfinite(least)
    return np.where(there, least, 0.0).sum(axis=1) / np.maximum(1, there.sum(axis=1))
