"""The unit of a column: from its header, the row of units, a column beside it, or the property's own."""

from __future__ import annotations

import re

import pandas as pd

from polyid.data.headers import RawTable
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.property import Property
from polyid.data.units import default_unit, read_unit


def is_unit_column(column: str, columns: list[str]) -> bool:
    match = re.match(r"(.+?)[_ ]units?$", column, re.IGNORECASE)
    return match is not None and match.group(1) in columns


def unit_column_of(cells: pd.DataFrame, column: str) -> str | None:
    pattern = re.compile(re.escape(column) + r"[_ ]units?$", re.IGNORECASE)
    return next((name for name in cells.columns if pattern.match(name)), None)


def column_unit(table: RawTable, column: str, entry: Property) -> str | None:
    """Unit of a column of a known property, from its header, the row of units, or else the property's own."""
    recognised = find_property(column)
    if recognised and recognised[1]:
        return recognised[1]
    return read_unit(table.units.get(column)) or default_unit(column, entry)


def known_target(name: str) -> Property | None:
    """The known property whose unit a column of this name gets; None for unknown ones, and for names that say another
    unit themselves, such as ``Tg (K)``, whose values stay as they are."""
    if name in PROPERTIES:
        return PROPERTIES[name]
    recognised = find_property(name)
    if recognised is None or recognised[1] or default_unit(name, recognised[0]) != recognised[0].unit:
        return None
    return recognised[0]
