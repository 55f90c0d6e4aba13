"""How large a table may be, whatever file it comes in: what is larger is refused before it is read."""

from __future__ import annotations

from polyid.errors import DataError

MAX_BYTES = 100 * 1024 * 1024
"""Of a file, and of what a spreadsheet or Parquet file unpacks to."""
MAX_ROWS = 1_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 4_000_000
MAX_BLANK_ROWS = 10_000
"""One after the other; a table ends there, whatever stands far below it."""
HEADER_ROWS_SEARCHED = 20
MAX_NAME = 200
"""Characters of a column's name; the rest of a longer one is left out."""
MAX_WRITTEN = 120
"""Characters of a cell or header that can be a number, a unit or the name of a property; the patterns that read them take
time that grows faster than the text."""


def check_bytes(name: str, size: int, what: str = "has") -> None:
    """Refuse a file that is too large, or whose content is once unpacked (`what` then says so)."""
    if size > MAX_BYTES:
        raise DataError(
            f"{name} {what} {size / 1e6:,.0f} MB, but at most {MAX_BYTES / 1e6:.0f} are read; divide the table."
        )


def check_shape(name: str, rows: int, columns: int, cells: int | None = None) -> None:
    """Refuse a table of more rows, columns or cells (by default rows times columns) than are read."""
    for count, most, what in (
        (rows, MAX_ROWS, "rows"),
        (columns, MAX_COLUMNS, "columns"),
        (rows * columns if cells is None else cells, MAX_CELLS, "cells"),
    ):
        if count > most:
            raise DataError(
                f"{name} has {count:,} {what}, but at most {most:,} are read; divide the table or leave columns out."
            )


class BoundedRows:
    """Rows of text, gathered until there are more than are read; empty cells at the end of a row are dropped."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name = name
        self.rows: list[list[str]] = []
        self._notes = notes
        self._cells = self._blank = 0

    def append(self, row: list[str]) -> bool:
        """Take one more row; False where no further ones are read, as only empty ones have come for long.

        Raises
        ------
        DataError
            It is too much.
        """
        while row and not row[-1]:
            row.pop()
        self.rows.append(row)
        if not row:
            self._blank += 1
            if self._blank > MAX_BLANK_ROWS:
                del self.rows[-self._blank :]
                self._notes.append(
                    f"Nothing below row {len(self.rows):,} was read: {MAX_BLANK_ROWS:,} empty rows follow it."
                )
                return False
            return True
        self._blank = 0
        self._cells += len(row)
        if len(self.rows) > MAX_ROWS:
            raise DataError(f"{self.name} has more than {MAX_ROWS:,} rows, the most that are read; divide the table.")
        if len(row) > MAX_COLUMNS:
            raise DataError(
                f"{self.name} has something in column {len(row):,} of row {len(self.rows):,}, but at most {MAX_COLUMNS:,} "
                "columns are read; delete what stands there."
            )
        if self._cells > MAX_CELLS:
            raise DataError(
                f"{self.name} has more than {MAX_CELLS:,} cells, the most that are read; divide the table or leave columns out."
            )
        return True
