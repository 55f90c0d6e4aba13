"""Tables of polymers to predict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from polyid.common.text import listed
from polyid.data.numbers import MISSING, read_number
from polyid.data.raw import as_raw_table
from polyid.data.roles import SMILES_ROLES, roles_by_name, smiles_by_content
from polyid.errors import DataError

_SMILES_MARK = re.compile(r"[*()\[\]=#@\d]")


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
    notes : tuple of str
        What was skipped or assumed, one sentence each.
    """

    frame: pd.DataFrame
    smiles_column: str
    pm_column: str | None = None
    notes: tuple[str, ...] = ()

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
        shares: list[float | None] = []
        for row, cell in self.frame[self.pm_column].items():
            try:
                shares.append(read_pm(cell, self.pm_column))
            except DataError as error:
                raise DataError(f"Row {row}: {error}") from None
        return shares


def read_pm(cell: str, column: str) -> float | None:
    """The probability of meso dyads in a cell, None where it isn't stated; a DataError, without the row, where it is no number."""
    try:
        return None if cell.lower() in MISSING else read_number(cell, decimal_commas="," in cell)
    except ValueError:
        raise DataError(f"{column} is {cell!r}; write the probability of meso dyads, 0 to 1, or nothing.") from None


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
    table = as_raw_table(path)
    if table.bad_rows:
        row, _, what = table.bad_rows[0]
        raise DataError(f"Row {row} of {table.source} {what}; put texts with separators in quotation marks.")
    cells = table.cells
    column, pm = polymer_columns(cells, table.source)
    if cells.empty:
        raise DataError(f"{table.source} has a header but no rows; add one row a polymer.")
    return PredictionTable(cells.copy(), column, pm, (*table.notes, *_doubtful_header(cells, column)))


def _doubtful_header(cells: pd.DataFrame, column: str) -> list[str]:
    """That the first row of a list may be a polymer that can't be read, unless it is named as a column of SMILES is."""
    named = column in roles_by_name(list(cells.columns)).values()
    if named or (len(cells.columns) > 1 and not _SMILES_MARK.search(column)):
        return []
    return [f"The first row, {column!r}, is taken for the header; if it is meant as a polymer, it can't be read."]


def polymer_columns(cells: pd.DataFrame, source: str) -> tuple[str, str | None]:
    """The columns of SMILES and, if there is one, of the probability of meso dyads, by their names or by what stands in them.

    Raises
    ------
    DataError
        There is no column of SMILES; the message names `source`.
    """
    columns = list(cells.columns)
    by_role = roles_by_name(columns)
    column = next((by_role[role] for role in SMILES_ROLES if role in by_role), None)
    column = column or smiles_by_content(cells)
    if column is None:
        raise DataError(f"{source} has no SMILES column; its columns are {listed(columns)}; name one smiles.")
    return column, by_role.get("pm")
