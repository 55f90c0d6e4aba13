"""How wide a prediction interval is: it holds as many measured values as it says, by the errors of held-out polymers.

How wrong a prediction may be is first guessed: the expected absolute error is a combination, with weights of at least zero,
of a constant, the disagreement of networks and kernel regression, the novelty of the polymer and the roughness of the values
around it (`polyid.kernel.neighbourhood.neighbourhood`), fitted to the errors of held-out polymers, times a factor that grows
with novelty as it does where whole clusters of polymers are left out (`polyid.uncertainty.widening`). The intervals are then those of CV+
(Barber, Candès, Ramdas and Tibshirani, Ann. Statist. 2021, 49, 486, doi:10.1214/20-AOS1965) with errors in units of that guess
(normalised conformal prediction: Papadopoulos, Gammerman and Vovk 2008; Lei et al., J. Am. Stat. Assoc. 2018, 113, 1094):
each held-out polymer says what its own members, which never saw it, would add to and take from their prediction. The units of
its error are without the factor, so that intervals hold what they say for new chemistry too, and some percent more at home. At level
1 - a these hold at least 1 - 2a of new values in theory, whatever the model, if these are drawn like the data; about 1 - a in
practice.

Shapes: n polymers, M ensemble members, P properties, K clues.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyid.config.ranges import check_level
from polyid.data.properties import PROPERTIES
from polyid.uncertainty.blending import polymer_groups
from polyid.uncertainty.expected_error import CLUES, expected_error, fit_expected_error
from polyid.uncertainty.widening import NewChemistry, Widening

METHOD = "CV+ with normalised scores"
"""What a calibration says it is."""
_NOVELTY = CLUES.index("novelty")
MOST_SCORES = 5_000
"""Held-out errors kept a property; more would move an interval by less than a hundredth of its width."""


@dataclass(frozen=True)
class ExpectedError:
    """The expected absolute error of one property, from the clues: `weights` of `fit_expected_error`, times the widening."""

    weights: np.ndarray
    widening: Widening = field(default_factory=Widening.none)

    def __call__(self, clues: np.ndarray) -> np.ndarray:
        return self.at_home(clues) * self.widening(clues[:, _NOVELTY])

    def at_home(self, clues: np.ndarray) -> np.ndarray:
        """Without the widening: of polymers whose relatives were trained on."""
        return expected_error(clues, self.weights)

    @classmethod
    def fit(cls, clues: np.ndarray, errors: np.ndarray, new: NewChemistry | None, p: int) -> ExpectedError:
        """From the errors of held-out rows (n,), and those of new chemistry in the property numbered `p`."""
        narrow = cls(fit_expected_error(clues, errors))
        if new is None:
            return narrow
        off, of_new = new.of_property(p, clues)
        scores = off / narrow.at_home(of_new), errors / narrow.at_home(clues)
        return cls(narrow.weights, Widening.fit(of_new[:, _NOVELTY], *scores))


@dataclass(frozen=True)
class PropertyCalibration:
    """What the intervals of one property are made of.

    Attributes
    ----------
    expected : ExpectedError
    sets : tuple of tuples of str
        Sets of members (by model id) that held out the same polymers.
    scores : tuple of float arrays
        For each set, the absolute errors of its polymers in units of the error expected at home.
    """

    expected: ExpectedError
    sets: tuple[tuple[str, ...], ...]
    scores: tuple[np.ndarray, ...]

    def interval(self, by_set: np.ndarray, expected: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds, shape (n,) each; infinite where too few polymers were held out for the level.

        Below a level of a half the bounds of CV+ may cross, where members say very different things; they then change
        places.

        Parameters
        ----------
        by_set : float array, shape (S, n)
            Mean prediction of the members of each set.
        expected : float array, shape (n,)
        level : float
        """
        reach = np.concatenate([expected[:, None] * scores for scores in self.scores], axis=1)
        centre = np.repeat(by_set.T, [len(scores) for scores in self.scores], axis=1)
        below, above = centre - reach, centre + reach
        n = below.shape[1]
        rank = math.floor((1.0 - level) * (n + 1) + 1e-9)
        if rank < 1:
            infinite = np.full(len(expected), np.inf)
            return -infinite, infinite
        lower = np.partition(below, rank - 1, axis=1)[:, rank - 1]
        upper = np.partition(above, n - rank, axis=1)[:, n - rank]
        return np.minimum(lower, upper), np.maximum(lower, upper)


def clipped(name: str, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds not below zero, for a property that can't be: a density, but not a temperature in °C."""
    entry = PROPERTIES.get(name)
    if entry is None or entry.low < 0.0:
        return lower, upper
    return np.maximum(lower, 0.0), np.maximum(upper, 0.0)


class IntervalCalibration:
    """The calibration of every property of an ensemble.

    Parameters
    ----------
    properties : dict of str to PropertyCalibration
        By name, in the order of the ensemble's properties.
    """

    def __init__(self, properties: dict[str, PropertyCalibration]):
        self.properties = properties

    @classmethod
    def fit(
        cls,
        names: Sequence[str],
        errors: np.ndarray,
        clues: np.ndarray,
        held_by: Sequence[tuple[str, ...]],
        seed: int = 0,
        new: NewChemistry | None = None,
    ) -> IntervalCalibration:
        """Calibrate on held-out rows.

        Parameters
        ----------
        names : sequence of str
        errors : float array, shape (n, P)
            Absolute errors; NaN where unmeasured.
        clues : float array, shape (n, P, K)
        held_by : sequence of tuples of str
            For each row the model ids of the members that held it out.
        seed : int
            Of the choice of rows, where there are too many.
        new : NewChemistry, optional
            Errors of polymers whose whole cluster was left out, on the same properties.
        """
        properties = {}
        for p, name in enumerate(names):
            rows: np.ndarray = np.flatnonzero(np.isfinite(errors[:, p]))
            expected = ExpectedError.fit(clues[rows, p], errors[rows, p], new, p)
            if len(rows) > MOST_SCORES:
                rows = np.sort(np.random.default_rng([seed, 5]).permutation(rows)[:MOST_SCORES])
            score = errors[rows, p] / expected.at_home(clues[rows, p])
            scores: dict[tuple[str, ...], list[float]] = {}
            for row, value in zip(rows.tolist(), score, strict=True):
                scores.setdefault(held_by[row], []).append(value)
            properties[name] = PropertyCalibration(expected, tuple(scores), tuple(map(np.array, scores.values())))
        return cls(properties)

    def expected(self, name: str, clues: np.ndarray) -> np.ndarray:
        """Expected absolute error of a property from its clues (n, K)."""
        return self.properties[name].expected(clues)

    def interval(
        self, name: str, members: np.ndarray, model_ids: Sequence[str], clues: np.ndarray, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of a property, shape (n,) each.

        Parameters
        ----------
        name : str
        members : float array, shape (M, n)
            Predictions of the members.
        model_ids : sequence of str
        clues : float array, shape (n, K)
        level : float
            Share of measured values the intervals are to hold.
        """
        check_level(level)
        calibration = self.properties[name]
        number = {model_id: m for m, model_id in enumerate(model_ids)}
        if not calibration.sets:
            infinite = np.full(members.shape[1], np.inf)
            return -infinite, infinite
        # With some members left out, the others speak for a set whose members are all missing.
        loaded = [[number[i] for i in ids if i in number] or list(range(len(members))) for ids in calibration.sets]
        by_set = np.stack([members[m[0]] if len(m) == 1 else members[m].mean(axis=0) for m in loaded])
        return clipped(name, *calibration.interval(by_set, self.expected(name, clues), level))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "method": METHOD,
            "clues": list(CLUES),
            "properties": {
                name: {
                    "weights": calibration.expected.weights.tolist(),
                    "widening": {
                        "novelty": calibration.expected.widening.novelty.tolist(),
                        "factor": calibration.expected.widening.factor.tolist(),
                    },
                    "held_out": [
                        {"members": list(model_ids), "scores": scores.tolist()}
                        for model_ids, scores in zip(calibration.sets, calibration.scores, strict=True)
                    ],
                }
                for name, calibration in self.properties.items()
            },
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> IntervalCalibration:
        """The calibration that `to_dict` described, once `polyid.bundle.schema.Calibration` has checked it."""
        return cls(
            {
                name: PropertyCalibration(
                    ExpectedError(np.array(stored["weights"], float), _widening(stored.get("widening"))),
                    tuple(tuple(held_out["members"]) for held_out in stored["held_out"]),
                    tuple(np.array(held_out["scores"], float) for held_out in stored["held_out"]),
                )
                for name, stored in state["properties"].items()
            }
        )


def _widening(stored: dict[str, list[float]] | None) -> Widening:
    """None in models of before there was one."""
    return Widening.none() if stored is None else Widening(np.array(stored["novelty"]), np.array(stored["factor"]))


def cross_fitted_intervals(
    name: str,
    predicted: np.ndarray,
    measured: np.ndarray,
    clues: np.ndarray,
    polymers: Sequence[str],
    level: float,
    new: NewChemistry | None = None,
    p: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected error and bounds of held-out predictions, for each row from the other polymers alone.

    A row's own polymer has no say in its interval, so that the share of values inside is not right by construction; but for
    one in forty or more errors of new chemistry.

    Parameters
    ----------
    name : str
    predicted, measured : float arrays, shape (n,)
        Held-out predictions, and labels, NaN where unmeasured.
    clues : float array, shape (n, K)
    polymers : sequence of str
    level : float
    new : NewChemistry, optional
        As of `IntervalCalibration.fit`.
    p : int
        Number of the property in `new`.

    Returns
    -------
    expected, lower, upper : float arrays, shape (n,)
    """
    group = polymer_groups(polymers)
    error = np.abs(measured - predicted)
    expected, reach = np.full(len(error), np.nan), np.full(len(error), np.inf)
    for g in np.unique(group):
        others = np.flatnonzero((group != g) & np.isfinite(error))
        rows = group == g
        fitted = ExpectedError.fit(clues[others], error[others], new, p)
        expected[rows] = fitted(clues[rows])
        scores = np.sort(error[others] / fitted.at_home(clues[others]))
        rank = math.ceil(level * (len(scores) + 1) - 1e-9)
        if rank <= len(scores):
            reach[rows] = scores[rank - 1] * expected[rows]
    return expected, *clipped(name, predicted - reach, predicted + reach)
