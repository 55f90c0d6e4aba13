"""Tables of polymers: what a user brings, understood column by column, and what is trained on.

Rows go one way: a file becomes text (:mod:`polyid.table_files`), :func:`propose_mapping` says what its columns mean,
:func:`apply_mapping` makes the :class:`TrainingTable`. :func:`read_training_table` does all three. Nothing is dropped
or changed silently: rows and cells that can't be used, and values that look wrong, are listed with their row.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from polyid.errors import DataError, PolymerError
from polyid.polymers import (
    DEGREE_OF_POLYMERISATION,
    MECHANISMS,
    PolymerForm,
    polymer_identity,
    recognise_form,
    to_oligomer,
)
from polyid.properties import (
    PROPERTIES,
    Property,
    convert,
    convertible,
    default_unit,
    find_property,
    normalise,
    read_unit,
)
from polyid.table_files import (
    MISSING,
    RawTable,
    read_number,
    read_table_bytes,
    read_table_file,
    table_of_frame,
    uses_decimal_commas,
)

PROBLEM_COLUMNS = ["row", "column", "value", "problem", "remedy", "outcome"]
LEFT_OUT, KEPT = "left out", "kept"
# Columns of a training table that are no properties.
CONTEXT_COLUMNS = (
    "smiles_polymer",
    "smiles_monomer",
    "mechanism",
    "pm",
    "distribution",
    "replicate_structure",
    "polymer",
    "class",
    "tacticity",
    "row",
)

_ROLES: dict[str, tuple[str, ...]] = {
    "oligomer": ("smilespolymer", "polymersmiles", "oligomer", "oligomersmiles", "smilesoligomer"),
    "monomers": ("smilesmonomer", "smilesmonomers", "monomersmiles", "monomerssmiles"),
    "smiles": (
        "smiles",
        "psmiles",
        "repeatunit",
        "repeatunitsmiles",
        "smilesrepeatunit",
        "repeatingunit",
        "cru",
        "crusmiles",
        "canonicalsmiles",
        "smilesstring",
        "structuresmiles",
        "structure",
    ),
    "mechanism": ("mechanism", "polymerisationmechanism", "polymerizationmechanism"),
    "pm": ("pm", "probabilityofmeso", "mesodyads"),
    "distribution": ("distribution",),
    "replicate_structure": ("replicatestructure",),
    "polymer": ("polymer", "polymername", "name"),
    "class": ("class", "polymerclass"),
    "tacticity": ("tacticity",),
    "fact_property": ("property", "propertyname"),
    "fact_value": ("value", "propertyvalue"),
    "fact_unit": ("unit", "units"),
}
_ROLE_OF = {spelling: role for role, spellings in _ROLES.items() for spelling in spellings}
_SMILES_ROLES = ("oligomer", "smiles", "monomers")
COLUMN_MEANINGS = tuple(_ROLES)
"""What a column can be besides a property."""


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


@dataclass(frozen=True)
class Mapping:
    """What the columns of a table mean; a page shows it, a user may change it.

    Attributes
    ----------
    roles : dict
        Role (``oligomer``, ``smiles``, ``monomers``, ``mechanism``, ``pm``, ``polymer``, ``class`` …) to column.
    properties : tuple of PropertyColumn
        Empty for a table of facts (one row a value), whose properties stand in its cells.
    other : tuple of str
        Columns without a meaning here; those of numbers can be trained on when named.
    wanted : tuple of str or None
        Properties to keep of a table of facts; None for all.
    """

    roles: dict[str, str]
    properties: tuple[PropertyColumn, ...] = ()
    other: tuple[str, ...] = ()
    wanted: tuple[str, ...] | None = None

    @property
    def of_facts(self) -> bool:
        return "fact_property" in self.roles and "fact_value" in self.roles


@dataclass
class TrainingTable:
    """Polymers with their properties, ready to train on.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``smiles_polymer`` (oligomer), ``smiles_monomer`` (key of the polymer, by which folds are grouped),
        ``mechanism``, ``pm``, ``distribution``, ``replicate_structure``, ``polymer``, ``class`` and ``tacticity``
        where the file has them, ``row`` (of the file, from 1), and one float column a property, NaN where unmeasured.
    units : dict
        Property to unit; None where unknown.
    labels : dict
        Property to number of values.
    problems : pandas.DataFrame
        Columns ``row``, ``column``, ``value``, ``problem``, ``remedy``, ``outcome`` ("left out" or "kept").
    sha256 : str
        Of the file.
    source : str
        Name of the file.
    unlabelled : int
        Polymers left out because none of the properties is measured.
    notes : list of str
        What was skipped or assumed about the file as a whole.
    """

    frame: pd.DataFrame
    units: dict[str, str | None]
    labels: dict[str, int]
    problems: pd.DataFrame
    sha256: str
    source: str
    unlabelled: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def properties(self) -> list[str]:
        return list(self.units)


class _Problems:
    """Collects what is wrong with rows and cells."""

    def __init__(self) -> None:
        self.entries: list[tuple] = []

    def add(self, row: int, column: str, value: object, problem: str, remedy: str, outcome: str = LEFT_OUT) -> None:
        text = " ".join(str(value).split())
        self.entries.append((row, column, text if len(text) <= 80 else f"{text[:77]}…", problem, remedy, outcome))

    def frame(self) -> pd.DataFrame:
        frame = pd.DataFrame(self.entries, columns=PROBLEM_COLUMNS)
        return frame.sort_values("row", kind="stable").reset_index(drop=True)


def read_training_table(
    path: str | Path | pd.DataFrame,
    properties: Sequence[str] | None = None,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    keep: Sequence[str] = (),
    columns: dict[str, dict[str, str | None]] | None = None,
) -> TrainingTable:
    """Read a table to train on.

    Parameters
    ----------
    path : str, Path or pandas.DataFrame
        CSV (comma, semicolon, tab or bar; any common encoding), XLSX or Parquet; wide (one row a polymer) or of facts
        (one row a value, with columns ``property`` and ``value``).
    properties : sequence of str, optional
        Properties to keep, by the file's column names or by those of :data:`polyid.properties.PROPERTIES`; all that
        are recognised when None.
    degree_of_polymerisation : int
        Of the oligomers made from repeat units and monomers.
    keep : sequence of str
        Further columns to keep, as text and under their own names, such as one of folds.
    columns : dict, optional
        What the columns mean, as :func:`describe_columns` says and a user corrects it; recognised when None.

    Returns
    -------
    TrainingTable

    Raises
    ------
    DataError
        Nothing can be trained on; the message names what was seen and the remedy.
    """
    table = _raw(path)
    mapping = propose_mapping(table, properties) if columns is None else mapping_of(table, columns, properties)
    return apply_mapping(table, mapping, degree_of_polymerisation, keep=keep)


def read_raw_table(path: str | Path) -> RawTable:
    """Read a file as text, header found; see :func:`polyid.table_files.read_table_file`."""
    return read_table_file(path, is_smiles_header)


def read_pasted_table(text: str) -> RawTable:
    """Rows pasted from a spreadsheet or a CSV file, header included, as text.

    Raises
    ------
    DataError
        As :func:`polyid.table_files.read_table_file`.
    """
    return read_table_bytes(text.encode(), "The pasted text", is_smiles_header)


def _raw(path: str | Path | pd.DataFrame | RawTable) -> RawTable:
    if isinstance(path, RawTable):
        return path
    if isinstance(path, pd.DataFrame):
        return table_of_frame(path, "data frame")
    return read_raw_table(path)


def is_smiles_header(name: str) -> bool:
    """Whether a column name is one that people give to SMILES."""
    return _ROLE_OF.get(normalise(name)) in _SMILES_ROLES


def bundled_tables() -> dict[str, Path]:
    """Name to path of the tables shipped in ``data/``, the curated one first.

    ``data/`` lies beside the package in a clone, and beside the package's folder in a Space.
    """
    folders = [Path(__file__).resolve().parent.parent / "data", Path.cwd() / "data"]
    for folder in folders:
        tables = sorted(folder.glob("*.csv"), key=lambda path: (path.stem != "polymer_properties", path.stem))
        if tables:
            return {path.stem: path for path in tables}
    return {}


def propose_mapping(table: RawTable | pd.DataFrame, properties: Sequence[str] | None = None) -> Mapping:
    """Say what the columns of a table mean.

    Parameters
    ----------
    table : RawTable or pandas.DataFrame
    properties : sequence of str, optional
        Properties wanted; all recognised ones when None.

    Returns
    -------
    Mapping

    Raises
    ------
    DataError
        There is no SMILES column, or a wanted property has no column; the message names the columns seen.
    """
    table = _raw(table)
    columns = list(table.cells.columns)
    roles = _roles_by_name(columns)
    if not any(role in roles for role in _SMILES_ROLES):
        column = _smiles_by_content(table.cells)
        if column is None:
            raise DataError(
                f"{table.source} has no SMILES column; its columns are {_listed(columns)}; "
                "name one smiles, repeat_unit, smiles_polymer or smiles_monomer."
            )
        roles["smiles"] = column
    if table.cells.empty and not table.bad_rows:
        raise DataError(f"{table.source} has a header but no rows; add one row a polymer.")
    if "fact_property" in roles and "fact_value" in roles:
        wanted = None if properties is None else tuple(properties)
        return Mapping(roles, other=tuple(c for c in columns if c not in roles.values()), wanted=wanted)
    for role in ("fact_property", "fact_value", "fact_unit"):
        roles.pop(role, None)
    free = [column for column in columns if column not in roles.values() and not _is_unit_column(column, columns)]
    if properties is None:
        found = _recognised(table, free)
        if not found:
            raise DataError(
                f"{table.source} has no property column that is recognised; its columns are {_listed(columns)}; "
                "ask for columns by name, or call them like Tg (°C), Tm (°C), density (g/cm3)."
            )
    else:
        if not properties:
            raise DataError("No property was chosen; choose at least one.")
        found = [_asked(table, name, free) for name in dict.fromkeys(properties)]
    used = {entry.column for entry in found}
    return Mapping(roles, tuple(found), tuple(column for column in free if column not in used))


def _roles_by_name(columns: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for column in columns:
        role = _ROLE_OF.get(normalise(column))
        if role and role not in roles:
            roles[role] = column
    return roles


def describe_columns(table: RawTable) -> dict[str, dict[str, str | None]]:
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
        roles = _roles_by_name(list(table.cells.columns))
        free = [column for column in table.cells.columns if column not in roles.values()]
        mapping = Mapping(roles, tuple(_recognised(table, free)))
    described: dict[str, dict[str, str | None]] = {column: {"as": "", "unit": None} for column in table.cells.columns}
    for role, column in mapping.roles.items():
        described[column]["as"] = role
    for entry in mapping.properties:
        described[entry.column] = {"as": entry.property, "unit": entry.unit}
    return described


def mapping_of(
    table: RawTable, columns: dict[str, dict[str, str | None]], properties: Sequence[str] | None = None
) -> Mapping:
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
    roles: dict[str, str] = {}
    found: dict[str, PropertyColumn] = {}
    for column, what in columns.items():
        meaning, written = (what.get("as") or "").strip(), (what.get("unit") or "").strip()
        if column not in table.cells:
            raise DataError(f"{table.source} has no column {column}; its columns are {_listed(table.cells.columns)}.")
        if not meaning:
            continue
        other = roles.get(meaning) or (found[meaning].column if meaning in found else None)
        if other is not None:
            raise DataError(f"The columns {other} and {column} are both to be {meaning}; choose one of them.")
        if meaning in COLUMN_MEANINGS:
            roles[meaning] = column
            continue
        target, unit = _target(meaning), read_unit(written)
        if target is not None and written and (unit is None or not convertible(unit, target)):
            raise DataError(
                f"The unit {written} of the column {column} can't be converted to {target.unit}; correct it or leave it out."
            )
        if target is not None and unit is None:
            unit = _column_unit(table, column, target)
        found[meaning] = PropertyColumn(meaning, column, unit if target is not None else written or None)
    if not any(role in roles for role in _SMILES_ROLES):
        raise DataError(f"No column of {table.source} is said to hold SMILES; choose one.")
    other_columns = tuple(c for c in table.cells.columns if c not in columns or not columns[c].get("as"))
    if "fact_property" in roles and "fact_value" in roles:
        return Mapping(roles, other=other_columns, wanted=None if properties is None else tuple(properties))
    if not found:
        raise DataError(f"No column of {table.source} is said to hold a property; choose at least one.")
    for name in properties or ():
        if name not in found:
            raise DataError(f"No column of {table.source} is said to hold {name}; leave it out, or choose its column.")
    roles = {role: column for role, column in roles.items() if not role.startswith("fact_")}
    order = {name: place for place, name in enumerate(PROPERTIES)}
    wanted = sorted(found, key=lambda name: order.get(name, len(order))) if properties is None else properties
    kept = tuple(found[name] for name in dict.fromkeys(wanted))
    return Mapping(roles, kept, other_columns)


def count_polymers(table: RawTable, mapping: Mapping) -> dict[str, int]:
    """Different polymers, as they are written, with a value of each property: quick, as no SMILES is read."""
    problems = _Problems()
    values, _ = (_read_facts if mapping.of_facts else _read_columns)(table, mapping, problems)
    smiles = table.cells.loc[values.index, next(mapping.roles[role] for role in _SMILES_ROLES if role in mapping.roles)]
    return {name: int(smiles[values[name].notna()].nunique()) for name in values}


def properties_present(table: RawTable, properties: Sequence[str]) -> list[str]:
    """Those of the properties that a table has a column or facts of, in their order.

    Raises
    ------
    DataError
        It has none of them.
    """
    present = []
    for name in properties:
        try:
            mapping = propose_mapping(table, [name])
            if mapping.of_facts:
                _wanted_names(table, mapping)
        except DataError:
            continue
        present.append(name)
    if not present:
        # Says what is wrong with the table as a whole, else with its columns.
        propose_mapping(table)
        raise DataError(
            f"{table.source} has none of the properties {_listed(properties)}; its columns are "
            f"{_listed(table.cells.columns)}."
        )
    return present


def _listed(columns: Iterable[str]) -> str:
    columns = list(columns)
    return ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")


def _smiles_by_content(cells: pd.DataFrame) -> str | None:
    """The column whose first cells all read as polymers, whatever its name."""
    for column in cells.columns:
        sample = [cell for cell in cells[column].head(200) if cell][:10]
        if sample and all(_readable(cell) for cell in sample):
            return column
    return None


def _readable(cell: str) -> bool:
    try:
        recognise_form(cell)
    except PolymerError:
        return False
    return True


def _is_unit_column(column: str, columns: list[str]) -> bool:
    match = re.match(r"(.+?)[_ ]units?$", column, re.IGNORECASE)
    return bool(match) and match.group(1) in columns


def _unit_column(cells: pd.DataFrame, column: str) -> str | None:
    pattern = re.compile(re.escape(column) + r"[_ ]units?$", re.IGNORECASE)
    return next((name for name in cells.columns if pattern.match(name)), None)


def _column_unit(table: RawTable, column: str, entry: Property) -> str | None:
    """Unit of a column of a known property, from its header, the row of units, or else the property's own."""
    recognised = find_property(column)
    if recognised and recognised[1]:
        return recognised[1]
    return read_unit(table.units.get(column)) or default_unit(column, entry)


def _recognised(table: RawTable, columns: list[str]) -> list[PropertyColumn]:
    found: dict[str, PropertyColumn] = {}
    for column in columns:
        recognised = find_property(column)
        if recognised and (name := recognised[0].name) not in found and _has_values(table.cells[column]):
            found[name] = PropertyColumn(name, column, _column_unit(table, column, recognised[0]))
    order = {name: place for place, name in enumerate(PROPERTIES)}
    return sorted(found.values(), key=lambda entry: order[entry.property])


def _has_values(cells: pd.Series) -> bool:
    return any(cell.lower() not in MISSING for cell in cells)


def _asked(table: RawTable, name: str, columns: list[str]) -> PropertyColumn:
    """The column of a property asked for by name: that column, or the first recognised as the same property."""
    asked = find_property(name)
    if name in columns:
        unit = _column_unit(table, name, asked[0]) if asked else read_unit(table.units.get(name))
        return PropertyColumn(name, name, unit)
    if asked:
        for column in columns:
            recognised = find_property(column)
            if recognised and recognised[0] is asked[0]:
                return PropertyColumn(name, column, _column_unit(table, column, asked[0]))
    raise DataError(
        f"{table.source} has no column for the property {name}; its columns are {_listed(table.cells.columns)}; "
        "correct the name or leave the property out."
    )


def apply_mapping(
    table: RawTable | pd.DataFrame,
    mapping: Mapping,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    keep: Sequence[str] = (),
) -> TrainingTable:
    """Read the polymers and values of a table whose columns are understood.

    Parameters
    ----------
    table : RawTable or pandas.DataFrame
    mapping : Mapping
    degree_of_polymerisation : int
    keep : sequence of str
        As for :func:`read_training_table`.

    Returns
    -------
    TrainingTable

    Raises
    ------
    DataError
        A column to keep is missing, no row can be trained on, or a property has no readable value.
    """
    table = _raw(table)
    for column in keep:
        if column not in table.cells:
            raise DataError(
                f"{table.source} has no column {column}; its columns are {_listed(table.cells.columns)}; correct the name."
            )
    problems = _Problems()
    for row, text, what in table.bad_rows:
        problems.add(row, "", text, what, "put texts with separators in quotation marks, or remove the extra cells")
    if mapping.of_facts:
        values, units = _read_facts(table, mapping, problems, keep)
    else:
        values, units = _read_columns(table, mapping, problems)
        _note_doubles(table, mapping, problems)
    polymers = _read_polymers(table, mapping, values.index, degree_of_polymerisation, problems)
    frame = polymers.join(values.loc[polymers.index])
    kept = [column for column in keep if column not in frame]
    frame[kept] = table.cells.loc[frame.index, kept]
    properties = list(units)
    labelled = frame[properties].notna().any(axis=1)
    unlabelled = int((~labelled).sum())
    frame = frame[labelled].reset_index(drop=True)
    if frame.empty:
        entries = problems.frame()
        first = f" (row {entries.row[0]}: {entries.problem[0]})" if len(entries) else ""
        raise DataError(
            f"No row of {table.source} can be trained on{first}; each needs a readable polymer and a value of "
            f"{_listed(properties)}."
        )
    for name in properties:
        if not frame[name].notna().any():
            raise DataError(
                f"{table.source} has no value of {name} in a row that can be read; leave the property out or add values."
            )
    frame = frame.copy()
    _note_suspicious(frame, mapping, units, problems)
    _note_disagreements(frame, units, problems)
    return TrainingTable(
        frame=frame,
        units=units,
        labels={name: int(frame[name].notna().sum()) for name in properties},
        problems=problems.frame(),
        sha256=table.sha256,
        source=table.source,
        unlabelled=unlabelled,
        notes=list(table.notes),
    )


def _target(name: str) -> Property | None:
    """The known property whose unit a column of this name gets; None for unknown ones, and for names that say another
    unit themselves, such as ``Tg (K)``, whose values stay as they are."""
    if name in PROPERTIES:
        return PROPERTIES[name]
    recognised = find_property(name)
    if recognised is None or recognised[1] or default_unit(name, recognised[0]) != recognised[0].unit:
        return None
    return recognised[0]


def _read_columns(table: RawTable, mapping: Mapping, problems: _Problems) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """Values of a wide table, in the properties' own units."""
    cells = table.cells
    decimal_commas = any(uses_decimal_commas(cells[entry.column]) for entry in mapping.properties)
    values, units = {}, {}
    for entry in mapping.properties:
        target = _target(entry.property)
        unit_column = _unit_column(cells, entry.column)
        row_units = cells[unit_column] if unit_column else [""] * len(cells)
        numbers, read, refused = [], 0, []
        for row, cell, row_unit in zip(cells.index, cells[entry.column], row_units, strict=True):
            number = np.nan
            if cell.lower() not in MISSING:
                try:
                    number = _value(cell, row_unit, entry.unit, target, decimal_commas)
                    read += 1
                except ValueError as error:
                    refused.append((row, cell, str(error)))
            numbers.append(number)
        if refused and not read:
            row, cell, what = refused[0]
            raise DataError(
                f"The column {entry.column} of {table.source} has no readable number: row {row} has “{' '.join(cell.split())[:40]}”, "
                f"which {what}; correct it or leave the property out."
            )
        for row, cell, what in refused:
            problems.add(row, entry.column, cell, what, "write one plain number such as 100.5, or leave the cell empty")
        values[entry.property] = numbers
        _note_kelvin(table, entry.column, target, numbers, problems)
        if target is not None:
            units[entry.property] = target.unit
        else:
            written = next((text for text in row_units if text), None)
            units[entry.property] = written or entry.unit
    return pd.DataFrame(values, index=cells.index, dtype=float), units


def _note_kelvin(
    table: RawTable, column: str, target: Property | None, numbers: list[float], problems: _Problems
) -> None:
    """Point out temperatures without a unit none of which is as low as those of rubbers and polyolefins in °C."""
    recognised = find_property(column)
    stated = _unit_column(table.cells, column) or column in table.units or (recognised and recognised[1])
    known = [number for number in numbers if not np.isnan(number)]
    if target and target.unit == "°C" and not stated and len(known) >= 5 and min(known) > 140:
        problems.add(
            1,
            column,
            f"{min(known):g} to {max(known):g}",
            "has no unit, was taken for °C, and has no value below 140: it may be kelvin",
            f"if it is, name the column {target.symbol} (K); if not, {target.symbol} (°C)",
            KEPT,
        )


def _value(cell: str, row_unit: str, unit: str | None, target: Property | None, decimal_commas: bool) -> float:
    """A cell as a number in the property's own unit; a unit in the cell or beside it goes before the column's."""
    if target is None:
        return read_number(cell, decimal_commas)
    written = re.match(r"([^a-zA-Z°℃%]*\d)\s*([a-zA-Z°℃%].*)$", cell)
    if written and (cell_unit := read_unit(written.group(2))):
        cell, unit = written.group(1), cell_unit
    elif row_unit:
        unit = read_unit(row_unit)
        if unit is None:
            raise ValueError(f"has the unknown unit “{row_unit}”")
    number = read_number(cell, decimal_commas)
    if unit is None or unit == target.unit:
        return number
    if not convertible(unit, target):
        raise ValueError(f"is in {unit}, which can't be converted to {target.unit}")
    return convert(number, unit, target)


def _read_facts(
    table: RawTable, mapping: Mapping, problems: _Problems, keep: Sequence[str] = ()
) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """Values of a table of facts, gathered to one row a polymer and content of the columns to keep; repeated facts get
    rows of their own."""
    cells, roles = table.cells, mapping.roles
    names = _wanted_names(table, mapping)
    decimal_commas = uses_decimal_commas(cells[roles["fact_value"]])
    polymer_columns = [roles[role] for role in (*_SMILES_ROLES, "tacticity", "pm") if role in roles]
    polymer_columns += [column for column in keep if column not in polymer_columns]
    unit_cells = cells[roles["fact_unit"]] if "fact_unit" in roles else [""] * len(cells)
    facts, units = [], {}
    for row, written, cell, unit, *polymer in zip(
        cells.index,
        cells[roles["fact_property"]],
        cells[roles["fact_value"]],
        unit_cells,
        *(cells[column] for column in polymer_columns),
        strict=True,
    ):
        target, own = find_property(written) or (None, None)
        name = names.get(target.name if target else written)
        if name is None:
            continue
        try:
            if cell.lower() in MISSING:
                raise ValueError("is empty")
            own = own or (default_unit(written, target) if target else None)
            number = _value(cell, unit, own, target, decimal_commas)
        except ValueError as error:
            problems.add(row, written, cell, str(error), "write one plain number and a known unit")
            continue
        units[name] = target.unit if target else (unit or None)
        facts.append((tuple(polymer), name, number, row))
    if not facts:
        raise DataError(
            f"{table.source} has no readable value of {_listed(names) or 'any property'}; "
            f"its properties are {_listed(sorted(set(cells[roles['fact_property']])))}."
        )
    seen: dict[tuple, int] = {}
    rows: dict[tuple, dict] = {}
    for polymer, name, number, row in facts:
        repeat = seen.get((polymer, name), 0)
        seen[polymer, name] = repeat + 1
        rows.setdefault((polymer, repeat), {"row": row})[name] = number
    order = [name for name in PROPERTIES if name in units] + [name for name in units if name not in PROPERTIES]
    frame = pd.DataFrame(list(rows.values())).set_index("row").reindex(columns=order).sort_index()
    return frame.astype(float), {name: units[name] for name in order}


def _wanted_names(table: RawTable, mapping: Mapping) -> dict[str, str]:
    """Property as written or by its database name to the name it gets, for those wanted."""

    def known(name: str) -> str:
        recognised = find_property(name)
        return recognised[0].name if recognised else name

    present = [known(written) for written in dict.fromkeys(table.cells[mapping.roles["fact_property"]]) if written]
    if mapping.wanted is None:
        return {name: name for name in present}
    for name in mapping.wanted:
        if known(name) not in present:
            raise DataError(
                f"{table.source} has no values of the property {name}; it has {_listed(dict.fromkeys(present))}; "
                "correct the name or leave the property out."
            )
    # Facts come in many units and are converted, so a name that says another unit than the property's is not kept.
    return {known(name): name if _target(name) or known(name) == name else known(name) for name in mapping.wanted}


def _read_polymers(table: RawTable, mapping: Mapping, rows: pd.Index, degree: int, problems: _Problems) -> pd.DataFrame:
    """Oligomer, key and context of every row that can be read."""
    cells = table.cells.loc[rows]
    roles = mapping.roles
    columns = {
        role: cells[roles[role]] if role in roles else pd.Series("", index=cells.index)
        for role in (*_SMILES_ROLES, "mechanism", "pm")
    }
    smiles_column = next(roles[role] for role in _SMILES_ROLES if role in roles)
    read: dict[tuple, tuple[str, str] | str] = {}
    records, index = [], []
    for row, oligomer, smiles, monomers, mechanism, pm_cell in zip(cells.index, *columns.values(), strict=True):
        pm = None
        if pm_cell.lower() not in MISSING:
            try:
                pm = read_number(pm_cell, decimal_commas="," in pm_cell)
                if not 0 <= pm <= 1:
                    raise ValueError("is not from 0 to 1")
            except ValueError as error:
                problems.add(row, roles["pm"], pm_cell, str(error), "write the probability of meso dyads, 0 to 1")
                continue
        known = _known_mechanism(mechanism)
        key = (oligomer, smiles, monomers, known, pm)
        if key not in read:
            try:
                read[key] = _read_polymer(oligomer, smiles, monomers, known, pm, degree)
            except PolymerError as error:
                read[key] = str(error)
        result = read[key]
        if isinstance(result, str):
            shown = oligomer or smiles or monomers
            what, _, remedy = result.rstrip(".").rpartition("; ")
            problems.add(row, smiles_column, shown, what or remedy, remedy)
            continue
        record = {"smiles_polymer": result[0], "smiles_monomer": result[1], "mechanism": mechanism, "row": row}
        if "pm" in roles:
            record["pm"] = np.nan if pm is None else pm
        for role in ("distribution", "replicate_structure", "polymer", "class", "tacticity"):
            if role in roles:
                record[role] = cells.at[row, roles[role]]
        records.append(record)
        index.append(row)
    frame = pd.DataFrame(
        records, index=index, columns=[name for name in CONTEXT_COLUMNS if name in (records or [{}])[0]]
    )
    return frame


def _known_mechanism(text: str) -> str | None:
    """A mechanism m2p knows, from what tables say ("ester_stereo", "acrylate")."""
    name = text.strip().removesuffix("_stereo")
    name = "vinyl" if name == "acrylate" else name
    return next((known for known in MECHANISMS if known.lower() == name.lower()), None)


def _read_polymer(
    oligomer: str, smiles: str, monomers: str, mechanism: str | None, pm: float | None, degree: int
) -> tuple[str, str]:
    """Oligomer and key of one row. An oligomer as the data sets write it goes before repeat unit and monomers."""
    if oligomer and recognise_form(oligomer) is PolymerForm.OLIGOMER:
        return oligomer, polymer_identity(monomers or smiles or oligomer)
    text = oligomer or smiles
    if text and recognise_form(text) is not PolymerForm.OLIGOMER:
        return to_oligomer(text, degree, mechanism=mechanism, pm=pm), polymer_identity(text)
    text = text or monomers
    return to_oligomer(text, degree, mechanism=mechanism, pm=pm), polymer_identity(text)


def _note_doubles(table: RawTable, mapping: Mapping, problems: _Problems) -> None:
    """List columns that mean a property which is read from another column."""
    used = {entry.property: entry.column for entry in mapping.properties}
    for column in mapping.other:
        recognised = find_property(re.sub(r" \(\d+\)$", "", column))
        if recognised and (first := used.get(recognised[0].name)) and _has_values(table.cells[column]):
            problems.add(
                1,
                column,
                column,
                f"also reads as {recognised[0].name}, which is taken from the column {first}",
                "rename or remove one of the two columns",
            )


def _note_suspicious(frame: pd.DataFrame, mapping: Mapping, units: dict[str, str | None], problems: _Problems) -> None:
    """List values outside the plausible range, and temperatures and moduli that look like another unit's."""
    columns = {entry.property: entry.column for entry in mapping.properties}
    reference = _reference_values() if any(_target(name) for name in units) else {}
    for name in units:
        target = _target(name)
        if target is None:
            continue
        for row, key, value in zip(frame["row"], frame["smiles_monomer"], frame[name], strict=True):
            if np.isnan(value):
                continue
            hint = _other_unit(value, target, reference.get((key, target.name)))
            if hint is None and target.low <= value <= target.high:
                continue
            what = (
                f"is {hint[0]}"
                if hint
                else f"is outside {target.low:g} to {target.high:g} {target.unit}, where polymers lie"
            )
            remedy = hint[1] if hint else f"check the value and that it is in {target.unit}"
            problems.add(row, columns.get(name, name), f"{value:g}", what, remedy, KEPT)


def _other_unit(value: float, target: Property, known: float | None) -> tuple[str, str] | None:
    """What and remedy, for a value that fits what is known of the polymer only in another unit."""
    if target.unit == "°C":
        if known is not None and abs(value - known) > 150 and abs(value - 273.15 - known) < 40:
            return (
                f"{value - known:.0f} °C above the known value: it looks like kelvin",
                f"write {value - 273.15:.4g}, or name the unit in the header, {target.symbol} (K)",
            )
    elif target.unit == "g/cm3" and target.low * 1000 <= value <= target.high * 1000:
        return (
            "far too large for g/cm3: it looks like kg/m3",
            f"write {value / 1000:.4g}, or name the unit in the header",
        )
    elif target.unit == "MPa" and known is not None and known / 2000 < value < known / 500:
        return (
            "far below the known value: it looks like GPa",
            f"write {value * 1000:.4g}, or name the unit in the header",
        )
    return None


_REFERENCE: dict[tuple[str, str], float] = {}


def _reference_values() -> dict[tuple[str, str], float]:
    """Median values of the bundled table by polymer key and property; empty without one."""
    path = bundled_tables().get("polymer_properties")
    if not _REFERENCE and path is not None:
        table = read_raw_table(path)
        mapping = propose_mapping(table)
        values, _ = _read_facts(table, mapping, _Problems()) if mapping.of_facts else (pd.DataFrame(), {})
        keys: dict[str, str] = {}
        column = mapping.roles.get("smiles", "")
        gathered: dict[tuple[str, str], list[float]] = {}
        for row, entries in values.to_dict("index").items():
            smiles = table.cells.at[row, column]
            try:
                key = keys.setdefault(smiles, polymer_identity(smiles))
            except PolymerError:
                continue
            for name, value in entries.items():
                if not np.isnan(value):
                    gathered.setdefault((key, name), []).append(value)
        _REFERENCE.update({key: float(np.median(numbers)) for key, numbers in gathered.items()})
    return _REFERENCE


def _note_disagreements(frame: pd.DataFrame, units: dict[str, str | None], problems: _Problems) -> None:
    """List polymers that stand more than once with values further apart than experiments usually are."""
    groups = ["smiles_monomer", *(name for name in ("pm", "tacticity", "distribution") if name in frame)]
    # Cis and trans chains are told apart by their oligomer; replicates of one tacticity are not.
    geometry = frame["smiles_polymer"].where(frame["smiles_polymer"].str.contains(r"[/\\]"), "")
    repeated = frame.assign(geometry=geometry)
    groups.append("geometry")
    repeated = repeated[repeated.duplicated(groups, keep=False)]
    for _, rows in repeated.groupby(groups, dropna=False, sort=False):
        for name in units:
            values = rows[name].dropna()
            if len(values) < 2 or values.max() - values.min() <= _tolerance(name, values):
                continue
            others = ", ".join(str(row) for row in rows.loc[values.index, "row"])
            problems.add(
                int(rows.loc[values.index[-1], "row"]),
                name,
                f"{values.iloc[-1]:g}",
                f"disagrees with the same polymer elsewhere: {values.min():g} to {values.max():g} in rows {others}",
                "check the rows; all are trained on, on the same side of every fold",
                KEPT,
            )


def _tolerance(name: str, values: pd.Series) -> float:
    target = _target(name)
    if target is None or target.unit == "MPa":
        return 0.3 * float(values.abs().max())
    return {"°C": 20.0, "g/cm3": 0.05}.get(target.unit, 0.3)


@dataclass(frozen=True)
class Preview:
    """What a page shows before training.

    Attributes
    ----------
    polymers : int
        Distinct polymers.
    rows : int
        Rows trained on.
    labels, units : dict
        Per property.
    histograms : dict
        Property to (edges, counts), lists of `bins` + 1 and `bins` numbers.
    problems : pandas.DataFrame
        As in :class:`TrainingTable`.
    sentences : list of str
        The same in words.
    """

    polymers: int
    rows: int
    labels: dict[str, int]
    units: dict[str, str | None]
    histograms: dict[str, tuple[list[float], list[int]]]
    problems: pd.DataFrame
    sentences: list[str]


def preview(table: TrainingTable, bins: int = 16) -> Preview:
    """Summarise a training table.

    Parameters
    ----------
    table : TrainingTable
    bins : int
        Of each histogram.

    Returns
    -------
    Preview
    """
    histograms = {}
    for name in table.properties:
        counts, edges = np.histogram(table.frame[name].dropna(), bins=bins)
        histograms[name] = (edges.tolist(), counts.tolist())
    polymers = int(table.frame["smiles_monomer"].nunique())
    left_out = int(table.problems.loc[table.problems.outcome == LEFT_OUT, "row"].nunique())
    kept = int((table.problems.outcome == KEPT).sum())
    sentences = [f"{table.source}: {len(table.frame):,} rows of {polymers:,} polymers."]
    sentences += [f"{_title(name, table.units[name])}: {count:,} values." for name, count in table.labels.items()]
    if left_out:
        has = "row has" if left_out == 1 else "rows have"
        sentences.append(f"{left_out:,} {has} something that can't be read; it is listed and left out.")
    if kept:
        sentences.append(
            "1 value looks wrong or disagrees; it is listed and kept."
            if kept == 1
            else f"{kept:,} values look wrong or disagree; they are listed and kept."
        )
    if table.unlabelled:
        sentences.append(f"{table.unlabelled:,} rows have none of these properties.")
    sentences += table.notes
    return Preview(polymers, len(table.frame), table.labels, table.units, histograms, table.problems, sentences)


def _title(name: str, unit: str | None) -> str:
    return f"{name} ({unit})" if unit else name


def build_training_set(
    path: str | Path,
    output: str | Path,
    degree_of_polymerisation: int = DEGREE_OF_POLYMERISATION,
    *,
    properties: Sequence[str] | None = None,
    replicates: int = 1,
    seed: int = 0,
) -> TrainingTable:
    """Turn a table into a training set on disk: one row a polymer, oligomers, units beside every property.

    Deterministic: the same table gives the same bytes.

    Parameters
    ----------
    path : str or Path
        As for :func:`read_training_table`.
    output : str or Path
        CSV file to write; replaced only when complete.
    degree_of_polymerisation : int
    properties : sequence of str, optional
    replicates : int
        Structures of each polymer with 0 < pm < 1, numbered in ``replicate_structure``.
    seed : int
        Of the first replicate.

    Returns
    -------
    TrainingTable
        What was written; its ``problems`` say what was left out and why.

    Raises
    ------
    DataError
        As :func:`read_training_table`.
    """
    if replicates < 1:
        raise DataError(f"{replicates} replicate structures were asked for; at least 1 is needed.")
    raw = _raw(path)
    mapping = propose_mapping(raw, properties)
    table = apply_mapping(raw, mapping, degree_of_polymerisation)
    if replicates > 1:
        table.frame = _replicated(raw, mapping, table.frame, degree_of_polymerisation, replicates, seed)
        table.labels = {name: int(table.frame[name].notna().sum()) for name in table.properties}
    written = table.frame.drop(columns="row").copy()
    for name, unit in table.units.items():
        place = written.columns.get_loc(name) + 1
        written.insert(place, f"{name}_units", np.where(written[name].notna(), unit or "", ""))
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=output.parent, suffix=".csv")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            written.to_csv(stream, index=False, lineterminator="\n")
        os.replace(temporary, output)
    except BaseException:
        os.unlink(temporary)
        raise
    return table


def _replicated(
    raw: RawTable, mapping: Mapping, frame: pd.DataFrame, degree: int, replicates: int, seed: int
) -> pd.DataFrame:
    """Repeat rows of partly tactic polymers with other draws of the same share of meso dyads."""
    smiles_column = mapping.roles.get("smiles")
    records = []
    for record in frame.to_dict("records"):
        pm = record.get("pm", np.nan)
        several = smiles_column is not None and 0 < pm < 1
        for replicate in range(replicates if several else 1):
            copy = {**record, "replicate_structure": replicate}
            if several:
                smiles = raw.cells.at[record["row"], smiles_column]
                copy["smiles_polymer"] = to_oligomer(smiles, degree, pm=pm, seed=seed + replicate)
            records.append(copy)
    columns = [*(name for name in CONTEXT_COLUMNS if name in records[0])]
    columns += [name for name in frame.columns if name not in columns]
    return pd.DataFrame(records, columns=columns)


@dataclass(frozen=True)
class PredictionTable:
    """Rows to predict, as they stood in the file.

    Attributes
    ----------
    frame : pandas.DataFrame
        All columns as text, all rows in order; the index is the 1-based row of the file.
    smiles_column : str
        The column to predict from.
    pm_column : str or None
        The column of the probability of meso dyads, if there is one.
    """

    frame: pd.DataFrame
    smiles_column: str
    pm_column: str | None = None

    @property
    def smiles(self) -> list[str]:
        return self.frame[self.smiles_column].tolist()

    @property
    def pm(self) -> list[float | None]:
        """Probability of meso dyads of each row, None where it isn't stated.

        Raises
        ------
        DataError
            A cell is no number.
        """
        if self.pm_column is None:
            return [None] * len(self.frame)
        found: list[float | None] = []
        for row, cell in self.frame[self.pm_column].items():
            try:
                found.append(None if cell.lower() in MISSING else read_number(cell, decimal_commas="," in cell))
            except ValueError:
                raise DataError(
                    f"Row {row}: {self.pm_column} is {cell!r}; write the probability of meso dyads, 0 to 1, or nothing."
                ) from None
        return found


def load_prediction_table(path: str | Path | pd.DataFrame) -> PredictionTable:
    """Read a table of polymers to predict; a plain list of SMILES without a header is one too.

    Parameters
    ----------
    path : str, Path or pandas.DataFrame

    Returns
    -------
    PredictionTable

    Raises
    ------
    DataError
        The file can't be read, has no SMILES column or rows that don't fit the header.
    """
    table = _raw(path)
    if table.bad_rows:
        row, _, what = table.bad_rows[0]
        raise DataError(f"Row {row} of {table.source} {what}; put texts with separators in quotation marks.")
    cells = table.cells
    columns = list(cells.columns)
    by_role = {_ROLE_OF.get(normalise(column)): column for column in reversed(columns)}
    column = next((by_role[role] for role in _SMILES_ROLES if role in by_role), None)
    if column is None and len(columns) == 1 and _readable(columns[0]):
        smiles = [columns[0], *cells[columns[0]]]
        return PredictionTable(pd.DataFrame({"smiles": smiles}, index=range(1, len(smiles) + 1)), "smiles")
    column = column or _smiles_by_content(cells)
    if column is None:
        raise DataError(f"{table.source} has no SMILES column; its columns are {_listed(columns)}; name one smiles.")
    if cells.empty:
        raise DataError(f"{table.source} has a header but no rows; add one row a polymer.")
    return PredictionTable(cells.copy(), column, by_role.get("pm"))
