"""A CSV table that is written part by part, and goes on after a crash."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd

from polyid.common.files import read_json, write_json
from polyid.common.spreadsheet import csv_text
from polyid.errors import DataError


class ResumableTable:
    """Rows of a table, on disk as soon as they are known.

    They are in ``<name>.partial`` until the table is whole; ``<name>.partial.json`` says how many are there for sure.

    Parameters
    ----------
    path : path
        Where the table is to be; one that is there is replaced at the end.
    origin : str
        Hash of all that decides the rows.
    resume : bool
        Go on with the rows that are there; begin anew if there are none.

    Attributes
    ----------
    rows : int
        Rows written.

    Raises
    ------
    DataError
        The rows that are there are of another origin.
    """

    def __init__(self, path: str | os.PathLike, origin: str, resume: bool = False):
        self.path, self.origin = Path(path), origin
        self.partial = self.path.with_name(self.path.name + ".partial")
        self._record = self.path.with_name(self.path.name + ".partial.json")
        self.rows = self._bytes = 0
        record = self._read_record() if resume else None
        if record is None:
            # Before the rows: a record of rows that are gone would be believed after the next crash.
            self._record.unlink(missing_ok=True)
        elif record["origin"] != origin:
            raise DataError(
                f"{self.partial} was begun with another model, table or level; go on with these, or begin anew "
                "without --resume."
            )
        else:
            self.rows, self._bytes = record["rows"], record["bytes"]
        with open(self.partial, "ab") as file:
            # A crash may have left half a part.
            file.truncate(self._bytes)

    def _read_record(self) -> dict | None:
        """The record, if there is one and all the rows that it speaks of are there."""
        try:
            record = read_json(self._record)
            return record if self.partial.stat().st_size >= record["bytes"] else None
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def rows_with(self, column: str) -> list[int]:
        """Numbers, from 1, of the written rows that have something in a column."""
        if not self.rows:
            return []
        cells = pd.read_csv(self.partial, usecols=[column], dtype=str)[column]
        return [number for number, is_filled in enumerate(cells.notna(), 1) if is_filled]

    def append(self, part: pd.DataFrame) -> None:
        """Add rows; all parts have the same columns."""
        text = csv_text(part, header=not self.rows).encode()
        with open(self.partial, "ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.rows, self._bytes = self.rows + len(part), self._bytes + len(text)
        write_json(self._record, {"origin": self.origin, "rows": self.rows, "bytes": self._bytes})

    def finish(self) -> None:
        """The table is whole."""
        self.partial.replace(self.path)
        self._record.unlink(missing_ok=True)
