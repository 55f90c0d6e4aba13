"""The unit of a column: from its header, the row of units, a column beside it, or the property's own."""

from __future__ import annotations

import re

import pandas as pd

from polyid.data.headers import RawTable
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.property import Property
from polyid.data.roles import is_unit_header, role_of
from polyid.data.units import default_unit, read_unit

_UNIT_END = re.compile(r"[_ ]units?$", re.IGNORECASE)


def is_unit_column(column: str, columns: list[str]) -> bool:
    """Whether a column holds the units of another one."""
    return is_unit_header(column) or (_UNIT_END.sub("", column) in columns and bool(_UNIT_END.search(column)))


def unit_column_of(cells: pd.DataFrame, column: str) -> str | None:
    """The column that holds the units of a column: called after it, or called unit and to the right of it."""
    columns = [str(name) for name in cells.columns]
    for name in columns:
        if len(name) > len(column) and name.startswith(column) and _UNIT_END.fullmatch(name[len(column) :]):
            return name
    units = [name for name in columns if is_unit_header(name)]
    if role_of(column) == "fact_value" and len(units) == 1:
        return units[0]
    beside = columns[columns.index(column) + 1 :][:1]
    return beside[0] if beside and beside[0] in units else None


def column_unit(table: RawTable, column: str, entry: Property) -> str | None:
    """Unit of a column of a known property, from its header, the row of units, or else the property's own."""
    recognised = find_property(column)
    # The name of a property stands for its unit only where no row of units says another.
    written = recognised[1] if recognised and column not in PROPERTIES else None
    return written or read_unit(table.units.get(column)) or default_unit(column, entry)


def has_unknown_unit(table: RawTable, column: str) -> bool:
    """Whether the row of units writes something for a column that is no unit of its property."""
    return bool(table.units.get(column)) and read_unit(table.units[column]) is None


def known_target(name: str) -> Property | None:
    """The known property whose unit a column of this name gets; None for unknown ones, and for names that say another
    unit themselves, such as ``Tg (K)``, whose values stay as they are."""
    if name in PROPERTIES:
        return PROPERTIES[name]
    recognised = find_property(name)
    if recognised is None or recognised[1] or default_unit(name, recognised[0]) != recognised[0].unit:
        return None
    return recognised[0]
