"""From the bytes of a text file to rows of text: its encoding, separator and quotation marks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyid.data.cells import BLANKS, UNREADABLE
from polyid.data.limits import BoundedRows
from polyid.errors import DataError

MAX_RECORD = 2_000_000
"""Characters of one row, however many lines it has."""

_SEPARATORS = (",", ";", "\t", "|")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NO_TABLES = (
    (re.compile(r"<"), "a web page or XML"),
    (re.compile(r"\{\\rtf"), "a text document (RTF)"),
    (re.compile(r"\{\s*[\"}]|\[\s*[\[{]\s*\""), "JSON"),
    (re.compile(r"%PDF-"), "a PDF document"),
)
_CHUNK = 1 << 20
_SAMPLE = 200_000


def read_delimited(data: bytes, name: str, notes: list[str]) -> list[list[str]]:
    """Rows of a text file, their cells stripped; a line ``sep=;`` as Excel writes it is read, and left an empty row; `notes`
    get a sentence if reading ended early.

    Raises
    ------
    DataError
        The file is binary or no table, has a quotation mark that is never closed, or is too large.
    """
    text = text_format(data, name)
    lines = _Lines(_opened(data, text.encoding), name)
    gathered = BoundedRows(name, notes)
    try:
        for row in csv.reader(lines, delimiter=text.separator, strict=True):
            if not gathered.append([cell.strip(BLANKS) for cell in row]):
                break
            lines.begin_row(len(gathered.rows) + 1)
    except csv.Error as error:
        row_number = len(gathered.rows) + 1
        what = f"row {row_number} has a misplaced quotation mark or a cell of more than {csv.field_size_limit():,} characters"
        if "unexpected end" in str(error):
            what = f'a quotation mark (") opened in row {row_number} is never closed'
        raise DataError(f"{name} can't be read as a table: {what}.") from error
    if text.is_declared:
        gathered.rows[0] = []
    return gathered.rows


@dataclass(frozen=True)
class TextFormat:
    """How a table is written as text: its encoding, what stands between cells, and whether a first line ``sep=;`` says so."""

    encoding: str
    separator: str
    is_declared: bool = False


def text_format(data: bytes, name: str) -> TextFormat:
    """How a text file is written, by all of it or by its beginning.

    Raises
    ------
    DataError
        It is binary, or something else than a table.
    """
    encoding = _encoding(data)
    _refuse_binary(data, encoding, name)
    sample = _opened(data, encoding).read(_SAMPLE)
    for beginning, what in _NO_TABLES:
        if beginning.match(sample.lstrip()):
            raise DataError(f"{name} is {what}, not a table; save the table itself as CSV, TSV, XLSX or Parquet.")
    declared = re.match(r"sep=(.)\r?\n", sample)
    return TextFormat(encoding, declared[1] if declared else _separator(sample), declared is not None)


class _Lines:
    """Lines of a text, of which no row may take more characters than `MAX_RECORD`."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text, self._name = text, name
        self.begin_row(1)

    def begin_row(self, number: int) -> None:
        self._row, self._left = number, MAX_RECORD

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self._left -= len(line)
        if self._left < 0:
            raise DataError(
                f"{self._name} can't be read as a table: row {self._row} has more than {MAX_RECORD:,} characters; a quotation "
                'mark (") in it may never be closed.'
            )
        return line


def _opened(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding, "replace", newline="")


def _chunks(data: bytes, encoding: str) -> Iterator[str]:
    text = _opened(data, encoding)
    while chunk := text.read(_CHUNK):
        yield chunk


def _encoding(data: bytes) -> str:
    """The encoding of a text, by its first bytes or by what its bytes make sense in.

    A text of UTF-8 with a few bytes that are none is still read so: read as Windows-1252 its degree signs would be lost.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:2000]
    if head[1::2].count(0) > len(head) * 0.3:
        return "utf-16-le"
    if head[::2].count(0) > len(head) * 0.3:
        return "utf-16-be"
    beyond_ascii = senseless = 0
    for chunk in _chunks(data, "utf-8"):
        if not chunk.isascii():
            beyond_ascii += len(chunk) - len(chunk.encode("ascii", "ignore"))
            senseless += chunk.count("\ufffd")
    return "utf-8" if senseless <= beyond_ascii - senseless else "cp1252"


def _refuse_binary(data: bytes, encoding: str, name: str) -> None:
    """Raise for content with so many control characters that it is no text; a stray one is listed where it stands."""
    marks = characters = 0
    for chunk in _chunks(data, encoding):
        marks += len(UNREADABLE.findall(chunk))
        characters += len(chunk)
        if marks > 8 + characters // 50:
            raise DataError(f"{name} is not a table: it holds binary data; expected CSV, TSV, XLSX or Parquet.")


def _separator(text: str) -> str:
    """The separator that cuts most of the first rows into as many cells as the widest row that repeats."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            continue
        counts = {width: widths.count(width) for width in set(widths) if width > 1}
        if counts:
            width = max(counts, key=lambda value: (counts[value], value))
            score = (counts[width] / len(widths), width)
            if score > best_score:
                best, best_score = separator, score
    return best
