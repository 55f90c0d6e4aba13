"""Generated repeat units: hypothetical polymers of the pieces of a table's, one at a time or as a table."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from polyid.chemistry.generation import USUAL_SIZES, Sizes, UnitGenerator
from polyid.chemistry.identity import polymer_identity
from polyid.common.files import replacing
from polyid.common.spreadsheet import csv_text
from polyid.config.ranges import check_number
from polyid.data.catalogue import DEFAULT_TABLE, bundled_tables
from polyid.data.raw import as_raw_table
from polyid.data.roles import SMILES_ROLES, roles_by_name
from polyid.errors import DataError, PolymerError

COLUMN = "smiles"
"""Of a table of generated units."""
_ROWS_A_PART = 5_000
_MOST_LEARNT_FROM = 20_000
"""Polymers: more have few pieces that are not among theirs, and take a second a thousand."""


def unit_generator(table: str | os.PathLike[str] | pd.DataFrame | None = None) -> UnitGenerator:
    """A generator that learns from the polymers of a table, of the first 20,000 where there are more.

    Parameters
    ----------
    table : path or pandas.DataFrame, optional
        Any table of polymers; the bundled one when None.

    Raises
    ------
    DataError
        The table can't be read, or has no repeat unit that could be taken to pieces.
    """
    if table is None:
        bundled = bundled_tables()
        if not bundled:
            raise DataError("The bundled table isn't there; name a table of polymers to learn from.")
        table = bundled[DEFAULT_TABLE]
    raw = as_raw_table(table)
    roles = roles_by_name(list(raw.cells.columns))
    columns = [roles[role] for role in SMILES_ROLES if role in roles]
    if not columns:
        names = ", ".join(map(str, raw.cells.columns[:10]))
        raise DataError(f"{raw.source} has no SMILES column; its columns are {names}; name one smiles.")
    rows = raw.cells[columns].drop_duplicates().head(_MOST_LEARNT_FROM)
    keys = dict.fromkeys(key for row in rows.itertuples(index=False) if (key := _repeat_unit(row)))
    return UnitGenerator(keys)


def _repeat_unit(texts: Sequence[str]) -> str | None:
    """The repeat unit of a polymer that several columns write; None where none of them does."""
    for text in filter(None, texts):
        try:
            key = polymer_identity(text)
        except PolymerError:
            continue
        if key.count("*") == 2:
            return key
    return None


def generate_units(
    number: int,
    seed: int = 0,
    table: str | os.PathLike[str] | pd.DataFrame | None = None,
    sizes: Sizes = USUAL_SIZES,
) -> Iterator[str]:
    """So many different polymers, none of which is in the table, as canonical SMILES of repeat units.

    Parameters
    ----------
    number : int
    seed : int
        The same seed and table give the same units.
    table : path or pandas.DataFrame, optional
        As of `unit_generator`.
    sizes : Sizes

    Examples
    --------
    >>> for unit in generate_units(1000, seed=0, sizes=LIKE_A_PUBLIC_TABLE):
    ...     print(unit)
    """
    check_number("generated", number)
    return itertools.islice(unit_generator(table).units(check_number("seed", seed), sizes), number)


def write_units(
    units: Iterator[str], path: str | os.PathLike[str], progress: Callable[[int], Any] | None = None
) -> int:
    """Write units as a CSV or Parquet table, part by part; returns how many there were.

    Parameters
    ----------
    units : iterator of str
    path : path
        With the ending ``.csv`` or ``.parquet``; replaced only when complete.
    progress : callable, optional
        Called with the number of units of each part.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    write = writers.get(Path(path).suffix.lower())
    if write is None:
        raise DataError(f"{os.fspath(path)} ends with neither .csv nor .parquet; name such a file.")
    count = 0

    def parts() -> Iterator[list[str]]:
        nonlocal count
        while part := list(itertools.islice(units, _ROWS_A_PART)):
            count += len(part)
            yield part
            if progress is not None:
                progress(len(part))

    with replacing(path) as stream:
        write(parts(), stream)
    return count


def _write_csv(parts: Iterator[list[str]], stream: BinaryIO) -> None:
    for number, part in enumerate(parts):
        stream.write(csv_text(pd.DataFrame({COLUMN: part}), header=not number).encode())


def _write_parquet(parts: Iterator[list[str]], stream: BinaryIO) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DataError("Writing Parquet needs the package pyarrow; install it with pip, or write a .csv.") from error
    with pq.ParquetWriter(stream, pa.schema({COLUMN: pa.string()})) as writer:
        for part in parts:
            writer.write_table(pa.table({COLUMN: part}))
