"""What the columns of a table mean, as a page shows it and a user corrects it."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from polyid.common.text import listed
from polyid.data.column_units import column_unit, known_target
from polyid.data.columns import Mapping, propose_mapping, unused_columns
from polyid.data.headers import RawTable
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.recognition import PropertyColumn, recognised_columns
from polyid.data.roles import COLUMN_MEANINGS, COPOLYMER_PART, SMILES_ROLES, roles_by_name
from polyid.data.units import convertible, read_unit
from polyid.errors import DataError

ColumnMeanings = dict[str, dict[str, str | None]]
"""Column to ``{"as": meaning, "unit": unit}``."""
COLUMNS_FORM = '{"COLUMN": {"as": "Glass_Transition", "unit": "K"}}'
MAX_CORRECTION = 1_000
"""Characters."""


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
    for column in table.read_together:
        described[column]["as"] = COPOLYMER_PART
    for role, column in mapping.roles.items():
        described[column]["as"] = role
    for entry in mapping.properties:
        described[entry.column] = {"as": entry.property, "unit": entry.unit}
    return described


def corrected_columns(table: RawTable, corrections: Sequence[str]) -> ColumnMeanings:
    """What each column is taken for, once a user has said what some of them are.

    Parameters
    ----------
    table : RawTable
    corrections : sequence of str
        ``COLUMN=MEANING`` or ``COLUMN=MEANING[UNIT]``, such as ``T1=Glass_Transition[K]``, ``drawn=smiles`` or ``FFV=FFV``;
        nothing behind the ``=`` leaves the column out.

    Raises
    ------
    DataError
        One isn't written so, or there is no such column; `mapping_of` says whether the meaning can be.
    """
    described = describe_columns(table)
    for text in corrections:
        # A column may have = and [ in its name; meanings and units have neither.
        written = (
            re.fullmatch(r"(.+)=([^=\[\]]*)(?:\[([^=]*)\])?", text.strip()) if len(text) <= MAX_CORRECTION else None
        )
        if written is None:
            raise DataError(
                f"“{text[:60]}” doesn't say what a column is; write COLUMN=MEANING[UNIT], such as "
                "T1=Glass_Transition[K] or drawn=smiles."
            )
        column, meaning, unit = written[1].strip(), written[2].strip(), (written[3] or "").strip()
        _check_column(table, column)
        recognised = find_property(meaning)
        meaning = recognised[0].name if recognised and meaning != column else meaning
        # What the user says goes before what was recognised.
        for other in described.values():
            if other["as"] == meaning:
                other.update({"as": "", "unit": None})
        described[column] = {"as": meaning, "unit": unit or None}
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
        meaning: _property_column(table, meaning, column, _as_written(column, columns[column])[1])
        for meaning, column in meanings.items()
        if meaning not in COLUMN_MEANINGS
    }
    if not any(role in roles for role in SMILES_ROLES):
        raise DataError(f"No column of {table.source} is said to hold SMILES; choose one.")
    if "fact_property" in roles and "fact_value" in roles:
        wanted_facts = None if properties is None else tuple(properties)
        return Mapping(roles, other=unused_columns(table, roles), wanted=wanted_facts)
    if not entries:
        raise DataError(f"No column of {table.source} is said to hold a property; choose at least one.")
    for name in properties or ():
        if name not in entries and (recognised := find_property(name)) and recognised[0].name in entries:
            entries[name] = replace(entries[recognised[0].name], property=name)
        if name not in entries:
            raise DataError(f"No column of {table.source} is said to hold {name}; leave it out, or choose its column.")
    roles = {role: column for role, column in roles.items() if not role.startswith("fact_")}
    order = {name: place for place, name in enumerate(PROPERTIES)}
    wanted = sorted(entries, key=lambda name: order.get(name, len(order))) if properties is None else properties
    chosen = tuple(entries[name] for name in dict.fromkeys(wanted))
    return Mapping(roles, chosen, unused_columns(table, roles, chosen))


def _used_meanings(table: RawTable, columns: ColumnMeanings) -> dict[str, str]:
    """Meaning to column, for columns that are used."""
    meanings: dict[str, str] = {}
    if not isinstance(columns, AnyMapping):
        raise DataError(f"The columns are {columns!r}; write them as {COLUMNS_FORM}.")
    for column, described in columns.items():
        _check_column(table, column)
        meaning, _ = _as_written(column, described)
        if meaning == COPOLYMER_PART and column not in table.read_together:
            raise DataError(
                f"The column {column} is not read as {COPOLYMER_PART}; give it a name such as smiles_2, fraction_2, ratio or "
                "architecture."
            )
        if meaning in meanings:
            raise DataError(
                f"The columns {meanings[meaning]} and {column} are both to be {meaning}; choose one of them."
            )
        if meaning and meaning != COPOLYMER_PART:
            meanings[meaning] = column
    return meanings


def _check_column(table: RawTable, column: str) -> None:
    if column not in table.cells:
        raise DataError(f"{table.source} has no column {column}; its columns are {listed(table.cells.columns)}.")


def _as_written(column: str, described: AnyMapping[str, str | None]) -> tuple[str, str]:
    """Meaning and unit of a column, as far as they are of any type and kind."""
    fields = [described.get("as"), described.get("unit")] if isinstance(described, AnyMapping) else [described]
    if len(fields) != 2 or not all(text is None or isinstance(text, str) for text in fields):
        raise DataError(f"The column {column} is described by {described!r}; write {COLUMNS_FORM}.")
    meaning, unit = ((text or "").strip() for text in fields)
    if meaning not in {"", column, *COLUMN_MEANINGS} and find_property(meaning) is None:
        kinds = [*COLUMN_MEANINGS, *PROPERTIES]
        near = get_close_matches(meaning, kinds, 1)
        remedy = (
            f"did you mean {near[0]}?"
            if near
            else f"choose one of {', '.join(kinds)}, or its own name for a number to learn."
        )
        raise DataError(f"The column {column} is to be {meaning!r}, which no column can be; {remedy}")
    return meaning, unit


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
