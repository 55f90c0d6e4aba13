"""What the columns of a table mean, as a page shows it and a user corrects it."""

from __future__ import annotations

from collections.abc import Sequence

from polyid.common.text import listed
from polyid.data.column_units import column_unit, known_target
from polyid.data.columns import Mapping, PropertyColumn, propose_mapping, recognised_columns
from polyid.data.headers import RawTable
from polyid.data.properties import PROPERTIES
from polyid.data.roles import COLUMN_MEANINGS, SMILES_ROLES, roles_by_name
from polyid.data.units import convertible, read_unit
from polyid.errors import DataError

ColumnMeanings = dict[str, dict[str, str | None]]
"""Column to ``{"as": meaning, "unit": unit}``."""


def describe_columns(table: RawTable) -> ColumnMeanings:
    """What each column is taken for, as far as that is recognised, for a user to look at and correct.

    Returns
    -------
    dict
        Every column to ``{"as": meaning, "unit": unit}``; the meaning is one of `COLUMN_MEANINGS`, a property's name,
        or "" for a column that isn't used.
    """
    try:
        mapping = propose_mapping(table)
    except DataError:
        roles = roles_by_name(list(table.cells.columns))
        free = [column for column in table.cells.columns if column not in roles.values()]
        mapping = Mapping(roles, tuple(recognised_columns(table, free)))
    described: ColumnMeanings = {column: {"as": "", "unit": None} for column in table.cells.columns}
    for role, column in mapping.roles.items():
        described[column]["as"] = role
    for entry in mapping.properties:
        described[entry.column] = {"as": entry.property, "unit": entry.unit}
    return described


def mapping_of(table: RawTable, columns: ColumnMeanings, properties: Sequence[str] | None = None) -> Mapping:
    """The mapping that a user's corrected description of the columns stands for.

    Parameters
    ----------
    table : RawTable
    columns : dict
        As `describe_columns` gives it; columns that aren't named aren't used.
    properties : sequence of str, optional
        Properties to keep; all that are described when None.

    Raises
    ------
    DataError
        A column isn't there, two are to be the same thing, a unit is unknown or of another quantity, or there are no
        SMILES or no properties.
    """
    meanings = _used_meanings(table, columns)
    roles = {meaning: column for meaning, column in meanings.items() if meaning in COLUMN_MEANINGS}
    entries = {
        meaning: _property_column(table, meaning, column, (columns[column].get("unit") or "").strip())
        for meaning, column in meanings.items()
        if meaning not in COLUMN_MEANINGS
    }
    if not any(role in roles for role in SMILES_ROLES):
        raise DataError(f"No column of {table.source} is said to hold SMILES; choose one.")
    other = tuple(column for column in table.cells.columns if column not in meanings.values())
    if "fact_property" in roles and "fact_value" in roles:
        return Mapping(roles, other=other, wanted=None if properties is None else tuple(properties))
    if not entries:
        raise DataError(f"No column of {table.source} is said to hold a property; choose at least one.")
    for name in properties or ():
        if name not in entries:
            raise DataError(f"No column of {table.source} is said to hold {name}; leave it out, or choose its column.")
    roles = {role: column for role, column in roles.items() if not role.startswith("fact_")}
    order = {name: place for place, name in enumerate(PROPERTIES)}
    wanted = sorted(entries, key=lambda name: order.get(name, len(order))) if properties is None else properties
    return Mapping(roles, tuple(entries[name] for name in dict.fromkeys(wanted)), other)


def _used_meanings(table: RawTable, columns: ColumnMeanings) -> dict[str, str]:
    """Meaning to column, for columns that are used."""
    meanings: dict[str, str] = {}
    for column, described in columns.items():
        if column not in table.cells:
            raise DataError(f"{table.source} has no column {column}; its columns are {listed(table.cells.columns)}.")
        meaning = (described.get("as") or "").strip()
        if meaning in meanings:
            raise DataError(
                f"The columns {meanings[meaning]} and {column} are both to be {meaning}; choose one of them."
            )
        if meaning:
            meanings[meaning] = column
    return meanings


def _property_column(table: RawTable, name: str, column: str, written: str) -> PropertyColumn:
    """A property's column in the unit that is written for it, or else in the one that is recognised."""
    target, unit = known_target(name), read_unit(written)
    if target is None:
        return PropertyColumn(name, column, written or None)
    if written and (unit is None or not convertible(unit, target)):
        raise DataError(
            f"The unit {written} of the column {column} can't be converted to {target.unit}; correct it or leave it out."
        )
    return PropertyColumn(name, column, unit or column_unit(table, column, target))
