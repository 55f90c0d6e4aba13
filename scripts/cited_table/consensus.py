"""From values to facts: which values are of one polymer, how far sources disagree, which values are flagged for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from cited_table.facts import (
    FEWEST_PAIRS,
    Disagreement,
    Fact,
    FactKey,
    Value,
    disagreements,
    flag_outliers,
    robust_std,
    stated_tacticity,
)
from cited_table.measurements import MEMORY, Measurement
from cited_table.plausibility import flag_implausible
from cited_table.repeat_units import PolymerKey, has_one_stereocentre
from cited_table.structures import KnownStructures

LARGEST_SHARE = 0.5
"""Of a property's spread over polymers: how far two records of one polymer may be apart in a source that counts."""


@dataclass(frozen=True)
class Name:
    """What a polymer is called, and its class where the compilation from memory has it."""

    polymer: str
    polymer_class: str


@dataclass(frozen=True)
class Table:
    """All values, the facts they make up, and how far sources disagree.

    Attributes
    ----------
    values : list of Value
        In the order of the sources; flagged where they don't count.
    facts : list of Fact
        Of the values that are of a polymer with a repeat unit.
    noise : list of Disagreement
    names : dict
    """

    values: list[Value]
    facts: list[Fact]
    noise: list[Disagreement]
    names: dict[PolymerKey, Name]


def consensus_table(
    measurements: Sequence[Measurement],
    structures: KnownStructures,
    index: Mapping[str, Mapping[str, Any]],
    review: Mapping[tuple[str, str, str], str],
) -> Table:
    """Gather values to facts and flag those that don't fit.

    In this order: what is wrong with a value as read; values that no polymer can have; values of a source whose own
    records of one polymer are too far apart in that property; values judged one by one; robust z-scores against the other
    values; values that stand alone though their source is not trusted alone. The noise is measured before the last three, which
    would make it smaller.

    Parameters
    ----------
    measurements : sequence of Measurement
    structures : KnownStructures
    index : mapping
        As `cited_table.measurements.source_index` reads it. ``averages`` says that a source's values are means over unlike
        samples, ``alone`` for which properties its value counts without another source; for all where it is missing.
    review : mapping
        As `cited_table.measurements.read_review` reads it.

    Returns
    -------
    Table
    """
    values = [Value(measurement, measurement.problem) for measurement in measurements]
    facts, names = _gather(values, structures)
    flag_implausible(facts)
    _flag_self_contradicting(facts, disagreements(facts))
    noise = disagreements(facts)
    noise_of_property = {row.property_name: row.noise for row in noise if row.first == "any"}
    for value in values:
        place = (value.measurement.source, value.measurement.record, value.measurement.property_name)
        value.flag = value.flag or review.get(place, "")
    averaging = {source for source, entry in index.items() if entry.get("averages")}
    for fact in facts:
        if fact.key.property_name in noise_of_property:
            flag_outliers(fact, noise_of_property[fact.key.property_name], averaging)
        _flag_alone(fact, index)
    return Table(values, facts, noise, names)


def _gather(values: Sequence[Value], structures: KnownStructures) -> tuple[list[Fact], dict[PolymerKey, Name]]:
    """Facts in the order in which the sources have them, and the names of their polymers."""
    facts: dict[FactKey, Fact] = {}
    units: dict[PolymerKey, tuple[bool, int, str]] = {}
    names: dict[PolymerKey, tuple[bool, Name]] = {}
    for value in values:
        measurement = value.measurement
        structure = structures[measurement.structure, measurement.mechanism]
        if structure is None and not value.flag:
            value.flag = "no linear, regular chain can be told from the structure"
        if value.flag or structure is None:
            continue
        polymer, from_memory = structure.key, measurement.source == MEMORY
        pm = measurement.pm if measurement.pm and has_one_stereocentre(structure.repeat_unit) else ""
        tacticity = stated_tacticity(measurement.tacticity, pm)
        key = FactKey(polymer, tacticity, measurement.property_name)
        facts.setdefault(key, Fact(key, structure.repeat_unit)).values.append(value)
        # As the compilation draws it, else the shortest: some sources draw two or three units.
        drawn = (not from_memory, len(structure.repeat_unit), structure.repeat_unit)
        units[polymer] = min(units.get(polymer, drawn), drawn)
        if polymer not in names or (from_memory and not names[polymer][0]):
            name = measurement.polymer or measurement.structure
            names[polymer] = (from_memory, Name(name, measurement.polymer_class))
    for fact in facts.values():
        fact.repeat_unit = units[fact.key.polymer][2]
    return list(facts.values()), {polymer: name for polymer, (_, name) in names.items()}


def _flag_self_contradicting(facts: Sequence[Fact], noise: Sequence[Disagreement]) -> None:
    """Flag the values of a source in a property in which its own records of the same polymers are too far apart.

    That is: on `FEWEST_PAIRS` polymers or more, the robust standard deviation of their difference is above `LARGEST_SHARE` of that
    of the property over polymers.
    """
    apart = {
        (row.property_name, row.first): row for row in noise if row.first == row.second and row.pairs >= FEWEST_PAIRS
    }
    levels = defaultdict(list)
    for fact in facts:
        if numbers := [value.level for value in fact.values if not value.flag]:
            levels[fact.key.property_name].append(median(numbers))
    limits = {name: LARGEST_SHARE * robust_std(entries) for name, entries in levels.items()}
    for fact in facts:
        for value in fact.values:
            row = apart.get((fact.key.property_name, value.measurement.source))
            if not value.flag and row is not None and row.robust_std > limits[row.property_name]:
                value.flag = f"{row.pairs} polymers that the source has twice differ by {row.robust_std:.3g} {row.unit}"


def _flag_alone(fact: Fact, index: Mapping[str, Mapping[str, Any]]) -> None:
    """Flag values of the only source of a fact, in a property in which it counts only beside another."""
    plain = [value for value in fact.values if not value.flag]
    sources = {value.measurement.source for value in plain}
    if len(sources) == 1 and fact.key.property_name not in index[sources.pop()].get("alone", [fact.key.property_name]):
        for value in plain:
            value.flag = "no other source has it, and this one averages over unlike samples"
