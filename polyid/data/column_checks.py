"""Columns that look wrong: kelvin taken for °C, one property in two columns."""

from __future__ import annotations

import re

import numpy as np

from polyid.data.column_units import unit_column_of
from polyid.data.columns import Mapping, has_values
from polyid.data.headers import RawTable
from polyid.data.problems import KEPT, TableProblems
from polyid.data.properties import find_property
from polyid.data.property import Property


def note_kelvin(
    table: RawTable, column: str, target: Property | None, numbers: list[float], problems: TableProblems
) -> None:
    """Point out temperatures without a unit none of which is as low as those of rubbers and polyolefins in °C."""
    recognised = find_property(column)
    stated = unit_column_of(table.cells, column) or column in table.units or (recognised and recognised[1])
    measured = [number for number in numbers if not np.isnan(number)]
    if target and target.unit == "°C" and not stated and len(measured) >= 5 and min(measured) > 140:
        problems.add(
            1,
            column,
            f"{min(measured):g} to {max(measured):g}",
            "has no unit, was taken for °C, and has no value below 140: it may be kelvin",
            f"if it is, name the column {target.symbol} (K); if not, {target.symbol} (°C)",
            KEPT,
        )


def note_doubles(table: RawTable, mapping: Mapping, problems: TableProblems) -> None:
    """List columns that mean a property which is read from another column."""
    used = {entry.property: entry.column for entry in mapping.properties}
    for column in mapping.other:
        recognised = find_property(re.sub(r" \(\d+\)$", "", column))
        if recognised and (first := used.get(recognised[0].name)) and has_values(table.cells[column]):
            problems.add(
                1,
                column,
                column,
                f"also reads as {recognised[0].name}, which is taken from the column {first}",
                "rename or remove one of the two columns",
            )
