"""Values of a table's property columns, or of its facts, in the properties' own units."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from polyid.common.text import listed
from polyid.data.column_checks import note_kelvin
from polyid.data.column_units import known_target, unit_column_of
from polyid.data.columns import Mapping, wanted_names
from polyid.data.headers import RawTable
from polyid.data.limits import MAX_WRITTEN, check_shape
from polyid.data.numbers import MISSING, read_number, uses_decimal_commas
from polyid.data.problems import TableProblems
from polyid.data.properties import PROPERTIES, find_property
from polyid.data.property import Property
from polyid.data.recognition import is_property_name
from polyid.data.roles import SMILES_ROLES
from polyid.data.units import convert, convertible, default_unit, read_unit
from polyid.errors import DataError


def count_polymers(table: RawTable, mapping: Mapping) -> dict[str, int]:
    """Different polymers, as they are written, with a value of each property: quick, as no SMILES is read."""
    problems = TableProblems()
    values, _ = (read_facts if mapping.of_facts else read_columns)(table, mapping, problems)
    smiles = table.cells.loc[values.index, next(mapping.roles[role] for role in SMILES_ROLES if role in mapping.roles)]
    return {str(name): int(smiles[values[name].notna()].nunique()) for name in values}


def read_columns(
    table: RawTable, mapping: Mapping, problems: TableProblems
) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """Values of a wide table, in the properties' own units."""
    cells = table.cells
    decimal_commas = any(uses_decimal_commas(cells[entry.column]) for entry in mapping.properties)
    values, units = {}, {}
    for entry in mapping.properties:
        target = known_target(entry.property)
        unit_column = unit_column_of(cells, entry.column)
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
        if target is not None and entry.unit == target.unit:
            note_kelvin(table, entry.column, target, numbers, problems)
        if target is not None:
            units[entry.property] = target.unit
        else:
            written = next((text for text in row_units if text), None)
            units[entry.property] = written or entry.unit
    return pd.DataFrame(values, index=cells.index, dtype=float), units


def _value(cell: str, row_unit: str, unit: str | None, target: Property | None, decimal_commas: bool) -> float:
    """A cell as a number in the property's own unit; a unit in the cell or beside it goes before the column's."""
    if target is None:
        return read_number(cell, decimal_commas)
    written = re.match(r"([^a-zA-Z°℃%]*\d)\s*([a-zA-Z°℃%].*)$", cell) if len(cell) <= MAX_WRITTEN else None
    if written and (cell_unit := read_unit(written.group(2))):
        cell, unit = written.group(1), cell_unit
    elif row_unit:
        unit = read_unit(row_unit)
        if unit is None:
            raise ValueError(f"has the unknown unit “{row_unit[:MAX_WRITTEN]}”")
    number = read_number(cell, decimal_commas)
    if unit is None or unit == target.unit:
        return number
    if not convertible(unit, target):
        raise ValueError(f"is in {unit}, which can't be converted to {target.unit}")
    return convert(number, unit, target)


def read_facts(
    table: RawTable, mapping: Mapping, problems: TableProblems, keep: Sequence[str] = ()
) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """Values of a table of facts, gathered to one row a polymer and content of the columns to keep; repeated facts get
    rows of their own."""
    cells, roles = table.cells, mapping.roles
    names = wanted_names(table, mapping)
    decimal_commas = uses_decimal_commas(cells[roles["fact_value"]])
    polymer_columns = [roles[role] for role in (*SMILES_ROLES, "tacticity", "pm") if role in roles]
    polymer_columns += [column for column in keep if column not in polymer_columns]
    unit_cells = cells[roles["fact_unit"]] if "fact_unit" in roles else [""] * len(cells)
    facts, units = [], {}
    targets = {written: find_property(written) or (None, None) for written in set(cells[roles["fact_property"]])}
    for row, written, cell, unit, *polymer in zip(
        cells.index,
        cells[roles["fact_property"]],
        cells[roles["fact_value"]],
        unit_cells,
        *(cells[column] for column in polymer_columns),
        strict=True,
    ):
        target, written_unit = targets[written]
        if not is_property_name(written):
            remedy = f"write its name in 1 to {MAX_WRITTEN} characters"
            problems.add(row, roles["fact_property"], written, "names no property", remedy)
            continue
        name = names.get(target.name if target else written)
        if name is None:
            continue
        try:
            if cell.lower() in MISSING:
                raise ValueError("is empty")
            written_unit = written_unit or (default_unit(written, target) if target else None)
            number = _value(cell, unit, written_unit, target, decimal_commas)
        except ValueError as error:
            problems.add(row, written, cell, str(error), "write one plain number and a known unit")
            continue
        units[name] = target.unit if target else (unit or None)
        facts.append((tuple(polymer), name, number, row))
    if not facts:
        raise DataError(
            f"{table.source} has no readable value of {listed(names) or 'any property'}; "
            f"its properties are {listed(sorted(set(cells[roles['fact_property']])))}."
        )
    seen: dict[tuple, int] = {}
    rows: dict[tuple, dict] = {}
    for key, name, number, row in facts:
        repeat = seen.get((key, name), 0)
        seen[key, name] = repeat + 1
        rows.setdefault((key, repeat), {"row": row})[name] = number
    order = [name for name in PROPERTIES if name in units] + [name for name in units if name not in PROPERTIES]
    check_shape(table.source, len(rows), len(order))
    frame = pd.DataFrame(list(rows.values())).set_index("row").reindex(columns=order).sort_index()
    return frame.astype(float), {name: units[name] for name in order}
