"""From the bytes of an .xlsx file to rows of text: which sheet is read, and how much a file may unpack to."""

from __future__ import annotations

import io
import itertools
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from polyid.data.cells import cell_text
from polyid.data.limits import HEADER_ROWS_SEARCHED, BoundedRows, check_bytes
from polyid.data.roles import is_smiles_header
from polyid.errors import DataError

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_RATIO = 60
"""Of unpacked to packed bytes, beyond the first megabyte: tables come to ten, what is made to fill memory to a thousand."""
_PLAIN_BYTES = 1_000_000
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


def read_spreadsheet(data: bytes, name: str, notes: list[str]) -> list[list[str]]:
    """The rows of the first sheet that has a SMILES column, or of the first that has anything; other sheets are named in
    `notes`.

    Raises
    ------
    DataError
        The file is damaged, no .xlsx spreadsheet, empty, or unpacks to more than is read.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(f"Reading the spreadsheet {name} needs the package openpyxl; install it with pip.") from error
    try:
        has_formulae = _check_archive(data, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts of the file that hold no cells
            # Cells as Excel computed them last, and the formulae of those that it never computed.
            books = [
                openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=only)
                for only in ((True, False) if has_formulae else (True,))
            ]
            titles, rows = _first_with_polymers(books, name, notes)
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise on a damaged file
        raise DataError(f"{name} is not a readable .xlsx spreadsheet; save it again or as CSV.") from error
    if len(titles) > 1:
        others = ", ".join(f"“{title}”" for title in titles[1:6])
        notes.append(f"Of the sheets “{titles[0]}” was read, not {others}{' and more' if len(titles) > 6 else ''}.")
    return rows


def _check_archive(data: bytes, name: str) -> bool:
    """Whether a spreadsheet has formulae; a DataError for another archive, and for one that unpacks to too much."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member.filename: member.file_size for member in archive.infolist()}
        if "xl/workbook.xml" not in members:
            remedy = "unpack it and bring the table in it"
            for part, what in (
                ("content.xml", "OpenDocument"),
                ("xl/workbook.bin", "binary Excel"),
                ("Index/", "Numbers"),
            ):
                if any(member.startswith(part) for member in members):
                    raise DataError(
                        f"{name} is an {what} file, not a readable .xlsx spreadsheet; save it as .xlsx or CSV."
                    )
            raise DataError(f"{name} is a ZIP archive, not a readable .xlsx spreadsheet; {remedy}.")
        unpacked = sum(members.values())
        check_bytes(name, unpacked, "unpacks to")
        if unpacked > _PLAIN_BYTES and unpacked > MAX_RATIO * len(data):
            raise DataError(
                f"{name} unpacks to {unpacked / len(data):,.0f} times its size, as no table of polymers does; save it as CSV."
            )
        return any(_FORMULA.search(archive.read(member)) for member in members if member.startswith("xl/worksheets/"))


def _first_with_polymers(books: list[Workbook], name: str, notes: list[str]) -> tuple[list[str], list[list[str]]]:
    """Titles of the sheets, the one that was read first, and its rows."""
    titles = [sheet.title for sheet in books[0].worksheets]
    heads = {title: list(itertools.islice(_cells(books, title), HEADER_ROWS_SEARCHED)) for title in titles}
    has_smiles = [title for title, rows in heads.items() if any(is_smiles_header(cell) for row in rows for cell in row)]
    has_cells = [title for title, rows in heads.items() if any(any(row) for row in rows)]
    for title in has_smiles or has_cells or titles:
        gathered = BoundedRows(name, notes)
        for row in _cells(books, title):
            if not gathered.append(row):
                break
        if any(gathered.rows):
            return [title, *(other for other in titles if other != title)], gathered.rows
    raise DataError(f"{name} has no cells with content; expected a header row, a SMILES column and property columns.")


def _cells(books: list[Workbook], title: str) -> Iterator[list[str]]:
    """Rows of a sheet as text; they are read as far as they go, whatever size the file says the sheet has."""
    rows = []
    for book in books:
        sheet: Any = book[title]
        sheet.reset_dimensions()
        rows.append(sheet.iter_rows(values_only=True))
    for values, *formulae in zip(*rows, strict=True):
        yield (
            [cell_text(value) for value in values]
            if not formulae
            else [_shown(value, formula) for value, formula in zip(values, formulae[0], strict=True)]
        )


def _shown(value: object, formula: object) -> str:
    """The value of a cell, or the formula that has none, so that it is listed as unreadable and not taken for empty."""
    return cell_text(getattr(formula, "text", formula) if value is None else value)
