"""Where a value stands among the measured values of the training polymers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MOST_BINS = 24


@dataclass(frozen=True, eq=False)
class TrainingValues:
    """The measured values of one property.

    Attributes
    ----------
    values : float array, shape (n,)
        One a training polymer, ascending, in the property's unit; at least one.
    """

    values: np.ndarray

    @classmethod
    def of(cls, values: Iterable[float | None]) -> TrainingValues | None:
        """Of the values of training polymers, None or NaN where there is none; None without any value."""
        measured = np.array(list(values), float)
        measured = measured[np.isfinite(measured)]
        return cls(np.sort(measured)) if measured.size else None

    def __len__(self) -> int:
        return self.values.size

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return float(self.values[0]), float(self.values[-1])

    @property
    def spread(self) -> float:
        """Range of the middle half of the values; of all, where that is nothing."""
        low, high = np.quantile(self.values, (0.25, 0.75))
        return float(high - low) or self.span[1] - self.span[0]

    def share_below(self, value: float) -> float:
        """Share of the values that are lower than one; those that are equal to it count half."""
        below, up_to = (np.searchsorted(self.values, value, side) for side in ("left", "right"))
        return float(below + up_to) / (2 * len(self))

    def histogram(self) -> tuple[np.ndarray, np.ndarray]:
        """Edges (B + 1,) of equal bins over the span, and the number of values in each (B,)."""
        bins = int(np.clip(round(np.sqrt(len(self))), 1, MOST_BINS))
        counts, edges = np.histogram(self.values, bins)
        return edges, counts

    def record(self) -> dict[str, float | int]:
        """What programs get: number, lowest and highest value, and quartiles."""
        lower, median, upper = np.quantile(self.values, (0.25, 0.5, 0.75)).tolist()
        lowest, highest = self.span
        return {
            "n": len(self),
            "lowest": lowest,
            "lower_quartile": lower,
            "median": median,
            "upper_quartile": upper,
            "highest": highest,
        }
