"""Kernel ridge and support vector regression of one ensemble member, and its arrays on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR

from polyid.common.arrays import ArrayRule
from polyid.kernel.similarity import REFERENCE_ARRAYS, ReferencePolymers
from polyid.kernel.trend import RIDGE, choose_trend, linear_kernel

PENALTY, TUBE = 5.0, 0.02
KERNEL_ARRAYS = REFERENCE_ARRAYS | {
    "coefficients": ArrayRule("float32", ("M", "N", "P")),
    "offset": ArrayRule("float64", ("M", "P")),
    "share": ArrayRule("float64", ("M", "P"), 0.0, 1.0),
    "trend": ArrayRule("float64", ("M", "P"), 0.0),
}
"""What `members_to_arrays` gives, for M members and P properties."""


@dataclass(frozen=True)
class KernelMember:
    """The kernel regression of one ensemble member.

    Attributes
    ----------
    references : ReferencePolymers
        The same for all members.
    coefficients : float array, shape (N, P)
        Zero for polymers the member didn't train on.
    offset : float array, shape (P,)
        About the median of the member's training labels; what a polymer unlike all others is predicted.
    share : float array, shape (P,)
        Share of the networks in the prediction; the rest is this regression's.
    trend : float array, shape (P,)
        Weight of the linear kernel beside the similarity; see `polyid.kernel.trend`.
    """

    references: ReferencePolymers
    coefficients: np.ndarray
    offset: np.ndarray
    share: np.ndarray
    trend: np.ndarray

    def predict(self, similarity: np.ndarray, descriptors: np.ndarray) -> np.ndarray:
        """Predictions, shape (n, P), from similarities (n, N) and descriptors (n, D) as the references describe them."""
        return self.offset + similarity.astype(float) @ self.coefficients + descriptors @ self.slopes

    @cached_property
    def slopes(self) -> np.ndarray:
        """What a standard deviation of each descriptor adds to a prediction, shape (D, P)."""
        of_references = linear_kernel(np.eye(self.references.descriptors.shape[1]), self.references.descriptors)
        return self.trend * (of_references @ self.coefficients)

    @property
    def trained(self) -> np.ndarray:
        """Which labels of the references this member trained on, shape (N, P)."""
        return self.coefficients != 0.0


def fit_member(references: ReferencePolymers, similarity: np.ndarray, targets: np.ndarray) -> KernelMember:
    """Fit the regression of one member.

    Parameters
    ----------
    references : ReferencePolymers
    similarity : float array, shape (N, N)
        Of the references with each other.
    targets : float array, shape (N, P)
        Labels of the polymers the member trains on; NaN elsewhere.
    """
    coefficients = np.zeros(targets.shape)
    offset, trend = np.zeros(targets.shape[1]), np.zeros(targets.shape[1])
    for p, labels in enumerate(targets.T):
        train = np.flatnonzero(np.isfinite(labels))
        if len(train) == 0:
            continue
        offset[p] = np.median(labels[train])
        scale = np.std(labels[train])
        if len(train) < 3 or scale == 0.0:
            continue
        gram, scaled = similarity[np.ix_(train, train)].astype(float), (labels[train] - offset[p]) / scale
        descriptors = references.descriptors[train]
        trend[p] = choose_trend(gram, descriptors, scaled)
        if trend[p]:
            gram = gram + trend[p] * linear_kernel(descriptors, descriptors)
        ridge = KernelRidge(alpha=RIDGE, kernel="precomputed").fit(gram, scaled)
        vector = SVR(kernel="precomputed", C=PENALTY, epsilon=TUBE).fit(gram, scaled)
        dual = ridge.dual_coef_.copy()
        dual[vector.support_] += vector.dual_coef_[0]
        # As exact as it will be stored, so that a loaded model predicts the same.
        coefficients[train, p] = (0.5 * scale * dual).astype(np.float32)
        offset[p] += 0.5 * scale * float(vector.intercept_[0])
    return KernelMember(references, coefficients, offset, np.full(len(offset), 0.5), trend)


def members_to_arrays(members: Sequence[KernelMember]) -> dict[str, np.ndarray]:
    """The regressions of all members, with their references, as arrays."""
    return {
        **members[0].references.to_arrays(),
        "coefficients": np.stack([m.coefficients for m in members]).astype(np.float32),
        "offset": np.stack([m.offset for m in members]),
        "share": np.stack([m.share for m in members]),
        "trend": np.stack([m.trend for m in members]),
    }


def members_from_arrays(arrays: dict[str, np.ndarray]) -> list[KernelMember]:
    """The regressions that `members_to_arrays` wrote, from arrays that keep the rules of `KERNEL_ARRAYS`."""
    references = ReferencePolymers.from_arrays(arrays)
    of_members = (arrays["coefficients"].astype(float), arrays["offset"], arrays["share"], arrays["trend"])
    return [KernelMember(references, *fitted) for fitted in zip(*of_members, strict=True)]
