"""The axis of a small picture: where a number stands, and which round numbers are written beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)
_TICKS = 4


@dataclass(frozen=True)
class Axis:
    """Numbers from `low` to `high` laid out from `start` to `end`, in the picture's units; `end` may be before `start`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, low: float, high: float, start: float, end: float) -> Axis:
        """An axis over some numbers, widened where they are one."""
        if high > low:
            return cls(low, high, start, end)
        margin = 0.05 * abs(low) or 1.0
        return cls(low - margin, high + margin, start, end)

    def place(self, number: float) -> float:
        """Where a number stands."""
        return self.start + (self.end - self.start) * (number - self.low) / (self.high - self.low)

    @property
    def _step(self) -> float:
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis, two to five of them."""
        step = self._step
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [step * number for number in range(first, last + 1)]

    @property
    def decimals(self) -> int:
        """Decimals that tell the ticks apart."""
        return max(0, -math.floor(math.log10(self._step) + 1e-9))
