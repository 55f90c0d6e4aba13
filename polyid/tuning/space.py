"""Which parameters a search varies, and between which numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyid.config.parameters import changes_from, preset
from polyid.config.ranges import check_number
from polyid.errors import TrainingError


@dataclass(frozen=True)
class Searched:
    """The numbers that a parameter is searched in.

    Attributes
    ----------
    low, high : float
        Smallest and largest.
    log : bool
        Whether ratios count, not differences.
    """

    low: float
    high: float
    log: bool = False

    def holding(self, value: float) -> Searched:
        """The same, wide enough for `value`."""
        return Searched(min(self.low, value), max(self.high, value), self.log)


SEARCHED = {
    "learning_rate": Searched(1e-4, 1e-2, log=True),
    "decay": Searched(1e-6, 1e-2, log=True),
    "dropout": Searched(0.0, 0.3),
    "atom_features": Searched(32, 128, log=True),
    "num_messages": Searched(2, 8),
    "batch_size": Searched(8, 32, log=True),
}
"""What is searched unless somebody says otherwise, by the names of `polyid.config.parameters.Parameters`."""


def search_space(preset_name: str, wanted: Sequence[str] | None = None) -> dict[str, Searched]:
    """What to search: as `SEARCHED`, or as a user writes it; always wide enough for the preset's own values.

    Parameters
    ----------
    preset_name : str
    wanted : sequence of str, optional
        Each ``NAME`` or ``NAME=LOW:HIGH``; the others stay as the preset has them.

    Raises
    ------
    TrainingError
        One can't be searched; the message says why.
    """
    params = preset(preset_name)
    named = dict(_named(words) for words in wanted) if wanted else SEARCHED
    return {name: searched.holding(params[name]) for name, searched in named.items()}


def changes_of(values: Mapping[str, float]) -> dict[str, Any]:
    """Changes of a preset, as `polyid.ensemble.plan.Plan` takes them, for values that were proposed."""
    return changes_from(f"{name}={value!r}" for name, value in values.items())


def _named(words: str) -> tuple[str, Searched]:
    name, given, numbers = words.partition("=")
    name = name.strip()
    if name not in SEARCHED:
        raise TrainingError(f"{name!r} is not searched; what can be is {', '.join(SEARCHED)}.")
    if not given:
        return name, SEARCHED[name]
    low, colon, high = numbers.partition(":")
    try:
        numbers_given = [float(number) for number in (low, high)]
    except ValueError:
        numbers_given = []
    bounds = [check_number(name, number) for number in numbers_given]
    if not colon or not bounds or bounds[0] >= bounds[1]:
        raise TrainingError(f"{words!r} names no numbers to search {name} in; write {name}=LOW:HIGH, LOW below HIGH.")
    log = SEARCHED[name].log and bounds[0] > 0
    return name, Searched(bounds[0], bounds[1], log)
