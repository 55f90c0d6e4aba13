"""Which columns of a table hold which property: by their names, by what stands above or in them, and by their values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import pandas as pd

from polyid.data.column_units import column_unit, has_unknown_unit
from polyid.data.headers import RawTable
from polyid.data.limits import MAX_WRITTEN
from polyid.data.numbers import MISSING, is_number, read_number
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.property import Property
from polyid.data.units import normalise

HIGHEST_MELTING_POINT = 1_200.0
"""In any unit of temperature; molar masses of polymers go far beyond."""
_MOLAR_MASSES = frozenset(
    {"mn", "mw", "mz", "mv", "mwmn", "pdi", "dispersity", "polydispersity", "molarmass", "molecularweight"}
)
_SAMPLE = 200


@dataclass(frozen=True)
class PropertyColumn:
    """One property and where it stands.

    Attributes
    ----------
    property : str
        Name in the training table.
    column : str
        Column of the file.
    unit : str or None
        Unit of the column's values; None when unknown.
    """

    property: str
    column: str
    unit: str | None


def recognised_columns(table: RawTable, columns: list[str]) -> list[PropertyColumn]:
    """Those of the columns that are recognised as properties and have values, in the order of `PROPERTIES`."""
    entries: dict[str, PropertyColumn] = {}
    for column in columns:
        recognised = property_of(table, column)
        if recognised and recognised.name not in entries and has_values(table.cells[column]):
            entries[recognised.name] = PropertyColumn(recognised.name, column, column_unit(table, column, recognised))
    order = {name: place for place, name in enumerate(PROPERTIES)}
    return sorted(entries.values(), key=lambda entry: order[entry.property])


def property_of(table: RawTable, column: str) -> Property | None:
    """The property that a column holds by its name and in a unit of it; a peak molar mass is no melting point."""
    recognised = find_property(column)
    if recognised is None or has_unknown_unit(table, column) or is_peak_molar_mass(table, column):
        return None
    return recognised[0]


def is_property_name(written: str) -> bool:
    """Whether a cell of a table of facts can name a property, known or not."""
    return 0 < len(written) <= MAX_WRITTEN


def is_peak_molar_mass(table: RawTable, column: str) -> bool:
    """Whether a column called Mp stands beside other molar masses, or has values that no melting point reaches."""
    if normalise(column) != "mp":
        return False
    if any(normalise(other.partition("(")[0]) in _MOLAR_MASSES for other in table.cells.columns):
        return True
    return any(value > HIGHEST_MELTING_POINT for value in _numbers(table.cells[column]))


def _numbers(cells: pd.Series) -> list[float]:
    numbers = []
    for cell in cells:
        try:
            numbers.append(read_number(cell, decimal_commas=False))
        except ValueError:
            continue
    return numbers


def has_values(cells: pd.Series) -> bool:
    """Whether a column has anything but marks of missing values."""
    return any(cell.lower() not in MISSING for cell in cells)


def column_of_property_names(table: RawTable, columns: list[str]) -> str | None:
    """The column every cell of which names a property, whatever the column is called."""
    for column in columns:
        names = dict.fromkeys(cell for cell in table.cells[column].head(_SAMPLE) if cell)
        if names and all(find_property(name) for name in names):
            return column
    return None


def value_column(table: RawTable, column: str) -> PropertyColumn | None:
    """The property of a column that is called value only: the one that the rows above the header or the file's name say."""
    if not any(is_number(cell) for cell in table.cells[column].head(_SAMPLE)):
        return None
    named = [found for title in (*table.titles, PurePath(table.source).stem) if (found := find_property(title))]
    if len({entry.name for entry, _ in named}) != 1:
        return None
    entry, unit = named[0]
    return PropertyColumn(entry.name, column, unit or column_unit(table, column, entry))
