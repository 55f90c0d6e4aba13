"""Which numbers a setting may have: one sentence for page, interface and command line, said before anything is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from polyid.errors import TrainingError


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may have.

    Attributes
    ----------
    low, high : float
        Smallest and largest.
    whole : bool
        Whole numbers only.
    above, below : bool
        `low` or `high` itself is none of them.
    label : str
        What sentences call the setting; its name when empty.
    example : str
        Of a good value, where the range doesn't say enough.
    """

    low: float
    high: float
    whole: bool = False
    above: bool = False
    below: bool = False
    label: str = ""
    example: str = ""

    def holds(self, value: Any) -> bool:
        """Whether a value is a number of this range."""
        if isinstance(value, bool) or not isinstance(value, Real):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        if not math.isfinite(number) or (self.whole and not number.is_integer()):
            return False
        inside_low = number > self.low if self.above else number >= self.low
        return inside_low and (number < self.high if self.below else number <= self.high)

    def in_words(self) -> str:
        """Such as ``a whole number from 1 to 100,000``."""
        low, high = (f"{number:,}" if isinstance(number, int) else f"{number:g}" for number in (self.low, self.high))
        low = f"above {low}" if self.above else f"from {low}"
        high = f"below {high}" if self.below else f"to {high}"
        example = f", such as {self.example}" if self.example else ""
        return f"a {'whole ' * self.whole}number {low} {high}{example}"


RANGES: dict[str, Range] = {
    "kfolds": Range(2, 1_000, whole=True, label="The number of folds"),
    "epochs": Range(1, 100_000, whole=True, label="The number of epochs"),
    "seed": Range(0, 2**32 - 1, whole=True, label="The seed"),
    "repeats": Range(1, 100, whole=True),
    "batch_size": Range(1, 100_000, whole=True),
    "learning_rate": Range(0, 10, above=True),
    "decay": Range(0, 10),
    "warmup": Range(0, 1, below=True),
    "clip_norm": Range(0, 1_000_000, above=True),
    "patience": Range(1, 100_000, whole=True),
    "group": Range(1, 1_000, whole=True),
    "checkpoint_seconds": Range(0, 1_000_000),
    "dropout": Range(0, 1, below=True),
    "atom_features": Range(1, 4_096, whole=True),
    "bond_features": Range(1, 4_096, whole=True),
    "mol_features": Range(1, 4_096, whole=True),
    "num_messages": Range(1, 64, whole=True),
    "degree_of_polymerisation": Range(2, 200, whole=True, label="The degree of polymerisation"),
    "trials": Range(1, 100_000, whole=True, label="The number of trials"),
    "replicates": Range(1, 1_000, whole=True, label="The number of replicates"),
    "level": Range(0.01, 0.999, label="The level of an interval", example="0.9"),
    "pm": Range(0, 1, label="pm, the probability of meso dyads,"),
    "generated": Range(1, 1_000_000_000, whole=True, label="The number of units to generate"),
    "taught_on": Range(0, 10_000_000, whole=True, label="The number of generated units"),
    "median_atoms": Range(2, 500, label="The median of heavy atoms"),
    "most_atoms": Range(5, 1_000, whole=True, label="The largest number of heavy atoms"),
}
"""By the name of the parameter (`polyid.config.parameters.Parameters`) or option."""


def check_number(name: str, value: Any) -> Any:
    """A setting's number, if it is one that the setting may have; whole ones as `int`.

    Raises
    ------
    TrainingError
        It isn't; the message says what was seen and what can be.
    """
    allowed = RANGES[name]
    if not allowed.holds(value):
        seen = "empty" if value is None else f"{value:g}" if isinstance(value, float) else repr(value)
        raise TrainingError(f"{allowed.label or name} is {seen}; it must be {allowed.in_words()}.")
    return int(value) if allowed.whole else float(value)


def check_level(level: Any) -> float:
    """A level of intervals, if it is one."""
    return float(check_number("level", level))
