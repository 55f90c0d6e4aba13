"""Columns that look wrong: kelvin taken for °C, one property in two columns, marks that no text has."""

from __future__ import annotations

import re

import numpy as np

from polyid.data.cells import UNREADABLE
from polyid.data.column_units import unit_column_of
from polyid.data.columns import Mapping
from polyid.data.headers import RawTable
from polyid.data.problems import KEPT, TableProblems
from polyid.data.properties import find_property
from polyid.data.property import Property
from polyid.data.recognition import has_values, is_peak_molar_mass


def note_kelvin(table: RawTable, column: str, target: Property, numbers: list[float], problems: TableProblems) -> None:
    """Point out temperatures without a unit none of which is as low as those of rubbers and polyolefins in °C."""
    recognised = find_property(column)
    stated = unit_column_of(table.cells, column) or column in table.units or (recognised and recognised[1])
    measured = [number for number in numbers if not np.isnan(number)]
    if target.unit == "°C" and not stated and len(measured) >= 5 and min(measured) > 140:
        problems.kelvin.append(column)
        problems.add(
            1,
            column,
            f"{min(measured):g} to {max(measured):g}",
            "has no unit, was taken for °C, and has no value below 140: it may be kelvin",
            kelvin_remedy(column, target),
            KEPT,
        )


def kelvin_remedy(column: str, target: Property) -> str:
    """How a column of kelvin that was taken for °C is put right."""
    return (
        f"if it is, name the column {target.symbol} (K), press “Read as kelvin” on the page, or add "
        f"--column '{column}={target.name}[K]' to the command; if not, name it {target.symbol} (°C)"
    )


def note_marks(table: RawTable, problems: TableProblems) -> None:
    """List rows with control characters or bytes without a meaning, where no cell of theirs was refused for it."""
    listed = {(row, column) for row, column, *_ in problems.entries}
    for column in map(str, table.cells.columns):
        cells = table.cells[column]
        if not UNREADABLE.search("".join(cells)):
            continue
        for row, cell in zip(cells.index.tolist(), cells, strict=True):
            mark = UNREADABLE.search(cell)
            if mark and (row, column) not in listed:
                what = f"has the mark U+{ord(mark[0]):04X}, a control character or a byte without a meaning"
                problems.add(row, column, ascii(cell)[1:-1], what, "remove it, or save the file as UTF-8", KEPT)


def note_doubles(table: RawTable, mapping: Mapping, problems: TableProblems) -> None:
    """List columns that mean a property which is read from another column."""
    used = {entry.property: entry.column for entry in mapping.properties}
    for column in mapping.other:
        recognised = find_property(re.sub(r" \(\d+\)$", "", column))
        if is_peak_molar_mass(table, column):
            continue
        if recognised and (first := used.get(recognised[0].name)) and has_values(table.cells[column]):
            problems.add(
                1,
                column,
                column,
                f"also reads as {recognised[0].name}, which is taken from the column {first}",
                "rename or remove one of the two columns",
            )
