"""Goals such as ``Glass_Transition 120-160 and Density < 1.2``, and how probably a polymer meets one, given its intervals.

A value is taken to be distributed around its prediction as two halves of a logistic distribution, one below and one above, each as wide
as the interval says: half of the values lie on either side, and the interval holds the share that it is said to hold. Of normal, logistic
and Laplace distributions so scaled, `scripts/studies/goal_probabilities.py` shows how well each foretells held-out values. Properties of
one polymer are taken to miss their predictions independently of one another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from polyid.errors import DataError
from polyid.inference.columns import LOWER, MEAN, UPPER, prediction_column
from polyid.screening.condition import Comparison, Condition, read_condition

_RANGE = re.compile(r"([\w`]+)\s+([-−]?\d+\.?\d*)\s*(?:-|–|to|…)\s*([-−]?\d+\.?\d*)(?![\w.])")


@dataclass(frozen=True)
class Goal:
    """Ranges that the properties of a polymer are to lie in.

    Attributes
    ----------
    ranges : mapping of str to (float, float)
        Of each property, infinite where it has no end.
    """

    ranges: Mapping[str, tuple[float, float]]

    @property
    def columns(self) -> list[str]:
        """Of the figures that a probability is computed from."""
        return [prediction_column(name, figure) for name in self.ranges for figure in (MEAN, LOWER, UPPER)]

    def probabilities(self, figures: Mapping[str, np.ndarray], level: float) -> dict[str, np.ndarray]:
        """How probably each property of n polymers is in its range, shape (n,) each.

        Parameters
        ----------
        figures : mapping of str to float array, shape (n,)
            `columns` of a table of predictions.
        level : float
            Of the intervals.
        """
        found = {}
        for name, (low, high) in self.ranges.items():
            mean, lower, upper = (figures[prediction_column(name, figure)] for figure in (MEAN, LOWER, UPPER))
            found[name] = between(mean, lower, upper, level, low, high)
        return found


def read_goal(text: str, find: Callable[[str], str]) -> Goal:
    """The goal that a text says: ranges and comparisons joined by ``and``.

    Parameters
    ----------
    text : str
    find : callable
        Gives the property that a name stands for; raises a DataError where it stands for none.

    Raises
    ------
    DataError
        It is no goal, or one that no value can meet.
    """
    spelled = _RANGE.sub(r"\1 between \2 and \3", text)
    condition = read_condition(spelled, lambda name: (find(name), True))
    ranges: dict[str, tuple[float, float]] = {}
    for comparison in _all_of(condition, text):
        low, high = ranges.get(comparison.column, (-math.inf, math.inf))
        value = float(comparison.values[0])
        if comparison.operator.startswith(">"):
            low = max(low, value)
        else:
            high = min(high, value)
        if low >= high:
            raise DataError(
                f"No value of {comparison.column} is above {low:g} and below {high:g}; correct the goal “{text}”."
            )
        ranges[comparison.column] = low, high
    return Goal(ranges)


def _all_of(condition: Condition, text: str) -> list[Comparison]:
    """The comparisons of a condition, if all of them are to hold."""
    if isinstance(condition, Comparison):
        if condition.operator in ("=", "!=", "in"):
            raise DataError(
                f"A measured value is never exactly {condition.values[0]}: write a range in the goal “{text}”, such as 120-160."
            )
        return [condition]
    if condition.operator != "and":
        raise DataError(f"A goal is ranges joined by and, without or and not; divide “{text}” into several goals.")
    return [comparison for part in condition.parts for comparison in _all_of(part, text)]


def between(
    mean: np.ndarray, lower: np.ndarray, upper: np.ndarray, level: float, low: float, high: float
) -> np.ndarray:
    """How probably a value lies between `low` and `high`, of predictions (n,) with intervals of `level`.

    Where an interval has no end, nothing is known but that half of the values lie on that side.
    """
    return _below(high, mean, lower, upper, level) - _below(low, mean, lower, upper, level)


def _below(value: float, mean: np.ndarray, lower: np.ndarray, upper: np.ndarray, level: float) -> np.ndarray:
    if math.isinf(value):
        return np.full(len(mean), float(value > 0))
    reach = np.where(value < mean, mean - lower, upper - mean)
    scale = np.maximum(reach, 1e-12) / math.log((1 + level) / (1 - level))
    return expit((value - mean) / scale)
