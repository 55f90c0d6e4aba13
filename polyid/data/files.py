"""From a file to rows of text: which of the readers a file is for, by its first bytes, whatever its name says it is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pandas as pd

from polyid.data.cells import cell_text
from polyid.data.delimited import read_delimited
from polyid.data.headers import RawTable, table_of_rows, unique_names
from polyid.data.limits import check_bytes
from polyid.data.parquet import read_parquet
from polyid.data.spreadsheets import read_spreadsheet
from polyid.errors import DataError

_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "is an old Excel file (.xls), or one with a password; save it as .xlsx or CSV"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"BZh", "is compressed; unpack it first"),
    (b"\xfd7zXZ\x00", "is compressed; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "is compressed; unpack it first"),
)


def read_table_file(path: str | os.PathLike[str]) -> RawTable:
    """Read a CSV, TSV, XLSX or Parquet file, whatever its name says it is; the header is the first row that names a SMILES column.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    RawTable

    Raises
    ------
    DataError
        The file is missing, empty, too large, binary, or broken.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}{'; it is a folder' * path.is_dir()}.")
    check_bytes(path.name, path.stat().st_size)
    return read_table_bytes(path.read_bytes(), path.name)


def read_table_bytes(data: bytes, name: str) -> RawTable:
    """As :func:`read_table_file`, for the content of a file, or of a box that rows were pasted into."""
    check_bytes(name, len(data))
    sha256 = hashlib.sha256(data).hexdigest()
    if not data.strip():
        raise DataError(f"{name} is empty; expected a table with a header row, a SMILES column and property columns.")
    for mark, what in _OTHERS:
        if data.startswith(mark):
            raise DataError(f"{name} {what}.")
    notes: list[str] = []
    if data[:4] == b"PAR1":
        return table_of_frame(read_parquet(data, name, notes), name, sha256, notes)
    rows = read_spreadsheet(data, name, notes) if data[:4] == b"PK\x03\x04" else read_delimited(data, name, notes)
    return table_of_rows(rows, name, sha256, notes)


def table_of_frame(frame: pd.DataFrame, source: str, sha256: str = "", notes: list[str] | None = None) -> RawTable:
    """A pandas frame as text; rows are numbered as if it had been a file with a header in row 1."""
    names = unique_names([str(column) for column in frame.columns])
    columns = {name: [cell_text(value) for value in frame.iloc[:, place]] for place, name in enumerate(names)}
    cells = pd.DataFrame(columns, index=range(2, len(frame) + 2), dtype=object)
    if not sha256:
        sha256 = hashlib.sha256(cells.to_csv(index=False).encode(errors="surrogatepass")).hexdigest()
    return RawTable(cells, sha256, source, notes=notes or [])
