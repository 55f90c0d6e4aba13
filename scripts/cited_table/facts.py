"""Facts: the values of one property of one polymer from all sources, those that don't fit flagged, and their consensus."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from cited_table.measurements import MEMORY, Measurement
from cited_table.repeat_units import PolymerKey
from studies.cross_check_table import TOLERANCE

LARGEST_Z = 3.5
"""Robust z-score from which a value is flagged (Iglewicz and Hoaglin 1993)."""
FEWEST_PAIRS = 8
"""Polymers that two sources must share before they say how far sources disagree."""
AGREEMENT = TOLERANCE | {"log10_ElongBreak": 0.3, "YoungMod": 0.15, "Tensile_Strength": 0.15}
"""Differences that nobody would call a disagreement, on the scale of :attr:`Value.level`."""
_ROBUST_STD = 1.4826
"""Standard deviation of a normal distribution by its median absolute deviation."""
_MULTIPLICATIVE = {
    *("YoungMod", "Tensile_Strength", "Compressive_Strength", "Flexural_Strength", "Hardness", "Impact_Strength"),
    *("Thermal_Conductivity", "Water_Uptake", "Swelling_Degree", "Ion_Exchange_Capacity", "Methanol_Permeability"),
}
"""Properties whose values differ by factors: compared by their logarithm."""


@dataclass(frozen=True)
class FactKey:
    """What a fact is of: polymer, tacticity as far as it is stated (atactic counts as unstated), and property."""

    polymer: PolymerKey
    tacticity: str
    property_name: str


@dataclass
class Value:
    """A measurement within its fact, and why it does not count; `flag` is empty where it does."""

    measurement: Measurement
    flag: str = ""

    @property
    def level(self) -> float:
        """The value on the scale on which the property is compared."""
        value = self.measurement.value
        return math.log10(value) if self.measurement.property_name in _MULTIPLICATIVE else value


@dataclass
class Fact:
    """The values of one property of one polymer.

    Attributes
    ----------
    key : FactKey
    repeat_unit : str
    values : list of Value
    """

    key: FactKey
    repeat_unit: str
    values: list[Value] = field(default_factory=list)

    @property
    def counted(self) -> list[Value]:
        """The values that the consensus rests on: those not flagged, and of those the ones with a source if there are any."""
        plain = [value for value in self.values if not value.flag]
        return [value for value in plain if value.measurement.source != MEMORY] or plain

    @property
    def consensus(self) -> float | None:
        """Median over the sources of the median of each; None if nothing counts."""
        sources = by_source(self.counted, lambda value: value.measurement.value)
        return median(sources.values()) if sources else None

    @property
    def spread(self) -> float | None:
        """Largest less smallest value not flagged, memory included; None for a single one."""
        numbers = [value.measurement.value for value in self.values if not value.flag]
        return max(numbers) - min(numbers) if len(numbers) > 1 else None


def by_source(values: Iterable[Value], number: Callable[[Value], float]) -> dict[str, float]:
    """The median number of each source."""
    numbers = defaultdict(list)
    for value in values:
        numbers[value.measurement.source].append(number(value))
    return {source: median(entries) for source, entries in numbers.items()}


def stated_tacticity(tacticity: str, pm: str) -> str:
    """Isotactic, syndiotactic, the share of meso dyads between, or nothing for atactic and unstated chains."""
    if tacticity in ("isotactic", "syndiotactic"):
        return tacticity
    if tacticity == "atactic" or not pm:
        return ""
    return {1.0: "isotactic", 0.5: "", 0.0: "syndiotactic"}.get(float(pm), pm)


@dataclass(frozen=True)
class Disagreement:
    """How far two sources are apart in one property, over the polymers that both have.

    Attributes
    ----------
    property_name, first, second : str
        ``any`` for all pairs of different sources together; twice the same source for its records of one polymer.
    pairs : int
    median_difference : float
        First less second: a bias, if it is not small.
    median_absolute_difference, mean_absolute_difference, robust_std : float
        Of the differences, on the scale of :attr:`Value.level`.
    unit : str
        Of that scale.
    """

    property_name: str
    first: str
    second: str
    pairs: int
    median_difference: float
    median_absolute_difference: float
    mean_absolute_difference: float
    robust_std: float
    unit: str

    @property
    def noise(self) -> float:
        """Of one value, were both sources equally good."""
        return self.robust_std / math.sqrt(2)


def disagreements(facts: Sequence[Fact]) -> list[Disagreement]:
    """For each property, every pair of sources and all together, of values not flagged."""
    differences: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    units: dict[str, str] = {}
    for fact in facts:
        name = fact.key.property_name
        unit = fact.values[0].measurement.unit
        units[name] = f"log10({unit})" if name in _MULTIPLICATIVE else unit
        plain = [value for value in fact.values if not value.flag]
        levels = by_source(plain, lambda value: value.level)
        sources = sorted(levels)
        for place, first in enumerate(sources):
            records = [value.level for value in plain if value.measurement.source == first]
            if len(records) > 1:
                differences[name, first, first].append(records[0] - records[-1])
            for second in sources[place + 1 :]:
                differences[name, first, second].append(levels[first] - levels[second])
                differences[name, "any", "any"].append(levels[first] - levels[second])
    rows = []
    for key, entries in sorted(differences.items()):
        sizes = [abs(entry) for entry in entries]
        summary = (median(entries), median(sizes), fmean(sizes), robust_std(entries))
        rows.append(Disagreement(*key, len(entries), *summary, units[key[0]]))
    return rows


def robust_std(numbers: Sequence[float]) -> float:
    """1.4826 times the median absolute deviation from the median."""
    centre = median(numbers)
    return _ROBUST_STD * median(abs(number - centre) for number in numbers)


def flag_outliers(fact: Fact, noise: float, averaging: Container[str] = ()) -> None:
    """Flag values that disagree with the others: first the records of each source among themselves, then source by source.

    Two values disagree if their robust z-score is above `LARGEST_Z` and their difference above `AGREEMENT`. Of three or more the
    one that disagrees with the median of the others is flagged, of two both, or the one of a source that averages.

    Parameters
    ----------
    fact : Fact
    noise : float
        Standard deviation of one value of the property, on the scale of :attr:`Value.level`.
    averaging : container of str
        Sources whose values are means over unlike samples.
    """
    plain = [value for value in fact.values if not value.flag]
    for source in dict.fromkeys(value.measurement.source for value in plain):
        records = [[value] for value in plain if value.measurement.source == source]
        _flag_disagreeing(records, noise, fact.key.property_name)
    groups: dict[str, list[Value]] = {}
    for value in plain:
        if not value.flag:
            groups.setdefault(value.measurement.source, []).append(value)
    averages = [group for source, group in groups.items() if source in averaging]
    _flag_disagreeing(list(groups.values()), noise, fact.key.property_name, averages if len(averages) == 1 else [])


def _flag_disagreeing(
    groups: Sequence[list[Value]], noise: float, name: str, weaker: Sequence[list[Value]] = ()
) -> None:
    """Flag each group of values whose median disagrees with that of the other groups; of two groups the weaker, if one is."""
    levels = [median(value.level for value in group) for group in groups]
    flags = {}
    for place, level in enumerate(levels):
        others = levels[:place] + levels[place + 1 :]
        if not others:
            return
        difference = abs(level - median(others))
        z = difference / (max(noise, robust_std(others)) * math.sqrt(1 + 1 / len(others)))
        # Values of three decimals must not disagree by the sixteenth.
        if z > LARGEST_Z and difference > AGREEMENT.get(name, 0.0) + 1e-9:
            what, count = ("outlier" if len(others) > 1 else "disputed"), "other" if len(others) == 1 else "others"
            flags[place] = f"{what}: robust z-score {z:.1f} against {len(others)} {count}"
    for place, group in enumerate(groups):
        if place in flags and not (len(groups) == 2 and weaker and group not in weaker):
            for value in group:
                value.flag = flags[place]
