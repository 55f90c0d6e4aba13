"""How much wider an interval has to be for new chemistry than the errors of held-out polymers say.

Folds hold out polymers whose relatives are trained on. What a polymer without relatives is off by is seen where whole clusters of
similar polymers are left out: the errors there, in units of the expected error, grow with the novelty of the polymer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from sklearn.isotonic import IsotonicRegression

_LEVEL = 0.9
_FEWEST = 40
"""Errors in a range of novelty: fewer don't tell their nine tenths."""
_MOST_RANGES = 10


@dataclass(frozen=True)
class NewChemistry:
    """Errors of polymers whose whole cluster was left out, by the kernel regression, which is fitted in seconds.

    Attributes
    ----------
    errors, novelty, roughness : float arrays, shape (n, P)
        Absolute errors, NaN where unmeasured, and the clues of `polyid.kernel.neighbourhood.neighbourhood`.
    """

    errors: np.ndarray
    novelty: np.ndarray
    roughness: np.ndarray

    def of_property(self, p: int, clues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Errors (m,) and clues (m, 4) of the polymers with a value of one property.

        How far networks and kernel regression would disagree is guessed from the other clues, as it is for held-out polymers.

        Parameters
        ----------
        p : int
        clues : float array, shape (rows, 4)
            Of held-out rows.
        """
        there = np.flatnonzero(np.isfinite(self.errors[:, p]))
        own = np.zeros((len(there), clues.shape[1]))
        own[:, 0], own[:, 2], own[:, 3] = 1.0, self.novelty[there, p], self.roughness[there, p]
        if len(clues):
            weights, _ = nnls(clues[:, [0, 2, 3]], clues[:, 1])
            own[:, 1] = own[:, [0, 2, 3]] @ weights
        return self.errors[there, p], own


@dataclass(frozen=True)
class Widening:
    """A factor of at least 1 of the expected error that grows with novelty.

    Attributes
    ----------
    novelty, factor : float arrays, shape (K,)
        Ascending; between them it is linear, and constant before and behind them. Without any it is 1.
    """

    novelty: np.ndarray
    factor: np.ndarray

    @classmethod
    def none(cls) -> Widening:
        return cls(np.zeros(0), np.zeros(0))

    @classmethod
    def fit(cls, novelty: np.ndarray, scores: np.ndarray, at_home: np.ndarray) -> Widening:
        """Learn it from the errors of new chemistry.

        Parameters
        ----------
        novelty, scores : float arrays, shape (n,)
            Of new chemistry; errors in units of the expected error.
        at_home : float array, shape (m,)
            The same errors of held-out polymers, whose relatives were trained on.
        """
        ranges = min(_MOST_RANGES, len(novelty) // _FEWEST)
        if ranges < 2 or not len(at_home):
            return cls.none()
        usual = float(np.quantile(at_home, _LEVEL))
        parts = np.array_split(np.argsort(novelty, kind="stable"), ranges)
        middle = np.array([np.clip(np.median(novelty[part]), 0.0, 1.0) for part in parts])
        needed = np.array([np.quantile(scores[part], _LEVEL) for part in parts]) / max(usual, 1e-12)
        factor = IsotonicRegression().fit_transform(middle, needed)
        return cls(middle, np.maximum(factor, 1.0))

    def __call__(self, novelty: np.ndarray) -> np.ndarray:
        """Factors, in the shape of `novelty`."""
        return np.interp(novelty, self.novelty, self.factor) if len(self.novelty) else np.ones_like(novelty)
