"""What is known of polymers already: the values of the table that comes with the package, and how far sources disagree."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np

from polyid.chemistry.identity import polymer_identity
from polyid.data.catalogue import DEFAULT_TABLE, bundled_folder, bundled_tables
from polyid.data.columns import propose_mapping
from polyid.data.problems import TableProblems
from polyid.data.raw import read_raw_table
from polyid.data.values import read_facts
from polyid.errors import PolymerError


@cache
def reference_values() -> dict[tuple[str, str], float]:
    """Median values of the bundled table by polymer key and property; empty without one."""
    path = bundled_tables().get(DEFAULT_TABLE)
    if path is None:
        return {}
    table = read_raw_table(path)
    mapping = propose_mapping(table)
    if not mapping.of_facts:
        return {}
    values, _ = read_facts(table, mapping, TableProblems())
    smiles = table.cells.loc[values.index, mapping.roles["smiles"]]
    keys = smiles.map({text: _key(text) for text in smiles.unique()})
    medians = values.groupby(keys).median()
    return {
        (str(key), str(name)): float(value)
        for name, column in medians.items()
        for key, value in column.items()
        if not np.isnan(value)
    }


def _key(smiles: str) -> str | None:
    try:
        return polymer_identity(smiles)
    except PolymerError:
        return None


FEWEST_POLYMERS = 8
"""Compared, from which on their disagreement says something of a property."""


@dataclass(frozen=True)
class MeasuredNoise:
    """How far independent sources are apart in the same property of the same polymer: no model can be closer.

    Attributes
    ----------
    polymers : int
        Pairs of values compared.
    median_difference, mean_difference : float
        Median and mean absolute difference of two sources.
    noise : float
        Robust standard deviation of one value, were both sources equally good.
    unit : str
        Of all three, a logarithm for properties compared by factors.
    """

    polymers: int
    median_difference: float
    mean_difference: float
    noise: float
    unit: str


@cache
def measured_noise() -> dict[str, MeasuredNoise]:
    """By property, all pairs of sources of the bundled tables together, where they are enough to tell; empty without the tables."""
    folder = bundled_folder()
    path = folder / "sources" / "measured_noise.csv" if folder else None
    if path is None or not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            row["property"]: MeasuredNoise(
                int(row["polymers"]),
                float(row["median_absolute_difference"]),
                float(row["mean_absolute_difference"]),
                float(row["noise"]),
                row["unit"],
            )
            for row in csv.DictReader(stream)
            if row["source"] == "any" and int(row["polymers"]) >= FEWEST_POLYMERS
        }
