"""The header of a table: where it is, and the row of units below it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from polyid.data.properties import find_property
from polyid.data.roles import is_smiles_header
from polyid.data.units import read_unit
from polyid.errors import DataError

HEADER_ROWS_SEARCHED = 20


@dataclass(frozen=True)
class RawTable:
    """A table as text.

    Attributes
    ----------
    cells : pandas.DataFrame
        Every cell as text, stripped, empty where the file has nothing; the index is the 1-based row of the file.
    units : dict
        Column to unit, where a row of units stands below the header.
    bad_rows : list of (int, str, str)
        Row, its text and what is wrong with rows that don't fit the header.
    notes : list of str
        What was skipped or assumed, one sentence each.
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


def unique_names(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names):
        name = name or f"column {place + 1}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def table_of_rows(rows: list[list[str]], name: str, sha256: str, notes: list[str]) -> RawTable:
    """Find the header, merge a second header row or a row of units into it, and number the rows."""
    filled = [place for place, row in enumerate(rows) if any(row)]
    if not filled:
        raise DataError(
            f"{name} has no cells with content; expected a header row, a SMILES column and property columns."
        )
    start = next(
        (place for place in filled[:HEADER_ROWS_SEARCHED] if any(is_smiles_header(cell) for cell in rows[place])),
        filled[0],
    )
    if start != filled[0]:
        notes.append(f"Rows {filled[0] + 1} to {start} above the header were skipped.")
    header = [" ".join(cell.split()) for cell in rows[start]]
    while header and not header[-1]:
        header.pop()
    units: dict[str, str] = {}
    body = start + 1
    below = rows[body] if body < len(rows) else []
    second = _second_header(header, below)
    if second:
        width = max(len(header), len(below))
        header = header + [""] * (width - len(header))
        for place, cell in enumerate(below):
            if read_unit(cell) and header[place] and not find_property(cell):
                units[header[place]] = cell
            elif cell:
                header[place] = " ".join(cell.split())
        notes.append(f"Row {body + 1} was read as part of the header.")
        body += 1
    names = unique_names(header)
    units = {column: units[old] for column, old in zip(names, header, strict=True) if old in units}
    bad_rows, good, numbers = [], [], []
    for place in range(body, len(rows)):
        row = rows[place]
        if not any(row):
            continue
        if any(row[len(names) :]):
            shown = " ".join(" | ".join(row).split())[:80]
            bad_rows.append((place + 1, shown, f"has {len(row)} cells, but the header has {len(names)} columns"))
            continue
        good.append((row + [""] * len(names))[: len(names)])
        numbers.append(place + 1)
    cells = pd.DataFrame(good, columns=names, index=numbers, dtype=object)
    return RawTable(cells, sha256, name, units, bad_rows, notes)


def _second_header(header: list[str], below: list[str]) -> bool:
    """Whether the row below a header continues it: units or names, with nothing in the SMILES column."""
    smiles = [place for place, cell in enumerate(header) if is_smiles_header(cell)]
    if not smiles or any(place < len(below) and below[place] for place in smiles):
        return False
    cells = [cell for cell in below if cell]
    return bool(cells) and all(read_unit(cell) or find_property(cell) for cell in cells)
