"""From a file to rows of text: encodings, separators, spreadsheets, headers and numbers as people write them."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from pathlib import Path

import pandas as pd

from polyid.data.headers import HEADER_ROWS_SEARCHED, RawTable, table_of_rows, unique_names
from polyid.data.roles import is_smiles_header
from polyid.errors import DataError

MAX_BYTES = 200 * 1024 * 1024

_SEPARATORS = (",", ";", "\t", "|")

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")


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
        raise DataError(f"There is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(
            f"{path.name} has {path.stat().st_size / 1e6:.0f} MB, but at most {MAX_BYTES / 1e6:.0f} are read."
        )
    return read_table_bytes(path.read_bytes(), path.name)


def read_table_bytes(data: bytes, name: str) -> RawTable:
    """As :func:`read_table_file`, for the content of a file, or of a box that rows were pasted into."""
    sha256 = hashlib.sha256(data).hexdigest()
    if not data.strip():
        raise DataError(f"{name} is empty; expected a table with a header row, a SMILES column and property columns.")
    if data[:4] == b"PAR1":
        return table_of_frame(_read_parquet(data, name), name, sha256)
    notes: list[str] = []
    rows = _read_xlsx(data, name) if data[:4] == b"PK\x03\x04" else _read_text(data, name)
    return table_of_rows(rows, name, sha256, notes)


def table_of_frame(frame: pd.DataFrame, source: str, sha256: str = "") -> RawTable:
    """A pandas frame as text; rows are numbered as if it had been a file with a header in row 1."""
    names = unique_names([" ".join(str(column).split()) for column in frame.columns])
    columns = {name: [_text(value) for value in frame.iloc[:, place]] for place, name in enumerate(names)}
    cells = pd.DataFrame(columns, index=range(2, len(frame) + 2), dtype=object)
    if not sha256:
        sha256 = hashlib.sha256(cells.to_csv(index=False).encode()).hexdigest()
    return RawTable(cells, sha256, source)


def _text(value: object) -> str:
    """A cell as text; a float as the shortest text that gives it back."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return repr(float(value))
    return str(value).strip()


def _read_parquet(data: bytes, name: str) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(data))
    except ImportError as error:
        raise DataError(f"Reading the Parquet file {name} needs the package pyarrow; install it with pip.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{name} is a damaged Parquet file; write it again or save it as CSV.") from error


def _read_xlsx(data: bytes, name: str) -> list[list[str]]:
    """The rows of the first sheet that has a SMILES column, or of the first that has anything."""
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(f"Reading the spreadsheet {name} needs the package openpyxl; install it with pip.") from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [[[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)] for sheet in book]
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise on a damaged file
        raise DataError(f"{name} is not a readable .xlsx spreadsheet; save it again or as CSV.") from error
    filled = [rows for rows in sheets if any(any(row) for row in rows)]
    if not filled:
        raise DataError(
            f"{name} has no cells with content; expected a header row, a SMILES column and property columns."
        )
    for rows in filled:
        if any(is_smiles_header(cell) for row in rows[:HEADER_ROWS_SEARCHED] for cell in row):
            return rows
    return filled[0]


def _decode(data: bytes, name: str) -> str:
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise DataError(f"{name} is an old Excel file (.xls); save it as .xlsx or CSV.")
    if data[:2] == b"\x1f\x8b":
        raise DataError(f"{name} is compressed; unpack it first.")
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            encodings = [encoding]
            break
    else:
        head = data[:2000]
        if head[1::2].count(0) > len(head) * 0.3:
            encodings = ["utf-16-le"]
        elif head[::2].count(0) > len(head) * 0.3:
            encodings = ["utf-16-be"]
        else:
            encodings = ["utf-8", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
    raise DataError(f"{name} is not a table: it holds binary data; expected CSV, TSV, XLSX or Parquet.")


def _read_text(data: bytes, name: str) -> list[list[str]]:
    text = _decode(data, name)
    for start, content_type in (("<", "a web page or XML"), ("{", "JSON"), ("[{", "JSON")):
        if text.lstrip().startswith(start):
            raise DataError(
                f"{name} is {content_type}, not a table; save the table itself as CSV, TSV, XLSX or Parquet."
            )
    declared = re.match(r"sep=(.)\r?\n", text)
    separator = declared.group(1) if declared else _separator(text)
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error as error:
        raise DataError(f"{name} can't be read as a table: {_plain_csv_error(text, separator, error)}.") from error
    if declared:
        rows[0] = []
    return rows


def _plain_csv_error(text: str, separator: str, error: csv.Error) -> str:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row = 0
    while True:
        try:
            if next(reader, None) is None:
                break
        except csv.Error:
            break
        row += 1
    if "unexpected end" in str(error):
        return f'a quotation mark (") opened in row {row + 1} is never closed'
    return f"row {row + 1} has a misplaced quotation mark or an oversized cell"


def _separator(text: str) -> str:
    """The separator that cuts most of the first rows into as many cells as the widest row that repeats."""
    lines = [line for line in text[:200_000].splitlines()[:200] if line.strip()]
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            continue
        counts = {width: widths.count(width) for width in widths if width > 1}
        if counts:
            width = max(counts, key=lambda value: (counts[value], value))
            score = (counts[width] / len(widths), width)
            if score > best_score:
                best, best_score = separator, score
    return best
