"""The header of a table: where it is, if there is any, and the row of units or of further names below it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from polyid.data.cells import UNREADABLE, without_hidden
from polyid.data.limits import HEADER_ROWS_SEARCHED, MAX_NAME
from polyid.data.numbers import MISSING, is_number
from polyid.data.properties import find_property
from polyid.data.roles import is_polymer_name, is_readable_smiles, is_smiles_header, is_unit_header, role_of
from polyid.data.units import read_unit
from polyid.errors import DataError

_NO_POLYMER = MISSING | {"unit", "units", "unit:", "units:", "(unit)", "(units)", "[unit]", "[units]", "[-]", "(-)"}
"""What stands below the header of a column of SMILES in a row of units."""


@dataclass(frozen=True)
class RawTable:
    """A table as text.

    Attributes
    ----------
    cells : pandas.DataFrame
        Every cell as text, stripped, empty where the file has nothing; the index is the 1-based row of the file.
    units : dict
        Column to the unit of it that a row below the header names, as it is written there.
    bad_rows : list of (int, str, str)
        Row, its text and what is wrong with rows that don't fit the header.
    notes : list of str
        What was skipped or assumed, one sentence each.
    titles : tuple of str
        Cells of the rows above the header.
    read_together : tuple of str
        Columns that say together what copolymers are, in a column that was made of them.
    sha256 : str
        Of the file's bytes.
    source : str
        The file's name.
    """

    cells: pd.DataFrame
    sha256: str
    source: str
    units: dict[str, str] = field(default_factory=dict)
    bad_rows: list[tuple[int, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    titles: tuple[str, ...] = ()
    read_together: tuple[str, ...] = ()


def unique_names(names: list[str]) -> list[str]:
    """Names of columns, tidied: none empty, none twice, none longer than `MAX_NAME`."""
    seen: dict[str, int] = {}
    result = []
    for place, written in enumerate(names):
        name = _tidy(written) or f"column {place + 1}"
        name = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _tidy(name: str) -> str:
    return " ".join(UNREADABLE.sub(" ", without_hidden(name)).split())


def table_of_rows(rows: list[list[str]], name: str, sha256: str, notes: list[str]) -> RawTable:
    """Find the header, merge a second header row or a row of units into it, and number the rows."""
    filled = [place for place, row in enumerate(rows) if any(row)]
    if not filled:
        raise DataError(
            f"{name} has no cells with content; expected a header row, a SMILES column and property columns."
        )
    start = next(
        (place for place in filled[:HEADER_ROWS_SEARCHED] if any(is_smiles_header(cell) for cell in rows[place])), None
    )
    first_rows = rows[filled[0] : filled[0] + HEADER_ROWS_SEARCHED]
    smiles = None if start is not None else _smiles_of_first_row(first_rows)
    if smiles is not None:
        notes.append("The table has no header; its first row is read as a polymer.")
        header = ["smiles" if place == smiles else "" for place in range(max(map(len, first_rows)))]
        return _numbered(rows, filled[0], unique_names(header), RawTable(pd.DataFrame(), sha256, name, notes=notes))
    start = filled[0] if start is None else start
    titles = tuple(cell for row in rows[filled[0] : start] for cell in row if cell)
    if start != filled[0]:
        notes.append(f"Rows {filled[0] + 1} to {start} above the header were skipped.")
    header, body = rows[start], start + 1
    units: dict[int, str] = {}
    if body < len(rows) and _goes_on(header, rows[body]):
        header, units = _joined(header, rows[body])
        notes.append(f"Row {body + 1} was read as part of the header.")
        body += 1
    names = unique_names(header)
    written = {names[place]: unit for place, unit in units.items()}
    return _numbered(rows, body, names, RawTable(pd.DataFrame(), sha256, name, written, notes=notes, titles=titles))


def _numbered(rows: list[list[str]], body: int, names: list[str], table: RawTable) -> RawTable:
    """A table with the rows from `body` on: those that fit the header, and those that don't."""
    good, numbers = [], []
    for place in range(body, len(rows)):
        row = rows[place]
        if not any(row):
            continue
        if any(row[len(names) :]):
            shown = " ".join(" | ".join(row).split())[:80]
            what = f"has {len(row)} cells, but the header has {len(names)} columns"
            table.bad_rows.append((place + 1, shown, what))
            continue
        good.append((row + [""] * len(names))[: len(names)])
        numbers.append(place + 1)
    return replace(table, cells=pd.DataFrame(good, columns=names, index=numbers, dtype=object))


def _smiles_of_first_row(rows: list[list[str]]) -> int | None:
    """The place of the polymer in a first row that is no header; None where it may be one.

    Words can be SMILES too (CO, PS): in a row without a number only what has a mark of SMILES tells, or a single column.
    """
    first, below = rows[0], [row for row in rows[1:] if any(row)]
    has_number = any(is_number(cell) for cell in first)
    reads = (is_readable_smiles, is_polymer_name)
    for place, cell in enumerate(first):
        if cell.isalpha() and not has_number and len(first) > 1:
            continue
        beneath = [row[place] for row in below if place < len(row) and row[place]][:5]
        # A name tells only where a number stands beside it, or where it heads a list of names.
        for read in reads if has_number or len(first) == 1 else reads[:1]:
            if read(cell) and (not beneath or any(read(other) for other in beneath)):
                return place
    return None


def _goes_on(header: list[str], below: list[str]) -> bool:
    """Whether the row below a header continues it: units or names, no number, and no polymer in the SMILES column."""
    smiles = [place for place, cell in enumerate(header) if is_smiles_header(cell)]
    if not smiles or any(role_of(cell) == "fact_property" for cell in header):
        return False
    if any(place < len(below) and below[place].lower() not in _NO_POLYMER for place in smiles):
        return False
    cells = [cell for place, cell in enumerate(below) if cell.lower() not in MISSING and place not in smiles]
    names = any(
        read_unit(cell) or find_property(cell) or role_of(cell) in ("fact_value", "fact_unit") for cell in cells
    )
    return names and not any(is_number(cell) for cell in cells)


def _joined(header: list[str], below: list[str]) -> tuple[list[str], dict[int, str]]:
    """A header of two rows as one, and the unit written for each column; a cell above stands for empty ones beside it."""
    width = max(len(header), len(below))
    upper, lower = (row + [""] * (width - len(row)) for row in (header, below))
    names, units, above = list(upper), {}, ""
    for place, cell in enumerate(lower):
        above = upper[place] or above
        if cell.lower() in MISSING or (is_smiles_header(upper[place]) and cell.lower() in _NO_POLYMER):
            continue
        if find_property(cell):
            names[place] = cell
        elif is_unit_header(cell) or (not upper[place] and find_property(f"{above} {cell}")):
            names[place] = f"{above} {cell}"
        elif not upper[place]:
            names[place] = cell
        elif not find_property(f"{upper[place]} {cell}") or read_unit(cell):
            units[place] = cell
    return names, units
