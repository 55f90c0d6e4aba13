"""CSV and other tables of text, of any length, read chunk by chunk."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from polyid.data.cells import BLANKS
from polyid.data.delimited import MAX_RECORD, TextFormat, text_format
from polyid.data.files import read_table_bytes
from polyid.data.numbers import MISSING, is_number
from polyid.errors import DataError
from polyid.screening.rows import BadRow, Chunk, Meaning, ReadRows
from polyid.screening.store import opened

_HEAD_BYTES = 1 << 18


@dataclass(frozen=True)
class CsvInput:
    """A table of text.

    Attributes
    ----------
    address, name : str
        Where it lies, and what it is called.
    text : TextFormat
    columns : tuple of str
    numbers : frozenset of str
        Columns whose first cells are numbers.
    meaning : Meaning
    begin : int
        Row of the file that its first polymer is in; the header is row 1, as a rule.
    """

    address: str
    name: str
    text: TextFormat
    columns: tuple[str, ...]
    numbers: frozenset[str]
    meaning: Meaning
    begin: int

    @classmethod
    def of_file(cls, address: str, name: str) -> CsvInput:
        """Look at the beginning of a file: header, separator, and which columns hold polymers; a DataError where none does."""
        with opened(address) as stream:
            head = stream.read(_HEAD_BYTES)
        if len(head) == _HEAD_BYTES:
            head = _whole_rows(head)
        table = read_table_bytes(head, name)
        text = text_format(head, name)
        if text.encoding.startswith(("utf-16", "utf-32")):
            raise DataError(f"{name} is written in {text.encoding.upper()}; save it as CSV in UTF-8, or as Parquet.")
        cells = table.cells
        if cells.empty:
            raise DataError(f"{name} has a header but no rows; add one row a polymer.")
        filled = {column: [cell for cell in cells[column] if cell.lower() not in MISSING] for column in cells.columns}
        numbers = frozenset(column for column, some in filled.items() if some and all(map(is_number, some)))
        meaning = Meaning.of_cells(cells, name)
        begin = min([int(cells.index[0]), *(row for row, _, _ in table.bad_rows)])
        return cls(address, name, text, tuple(cells.columns), numbers, meaning, begin)

    @property
    def kinds(self) -> dict[str, bool | None]:
        """Its columns, and whether each holds numbers (True) or texts (False)."""
        return {column: column in self.numbers for column in self.columns}

    @property
    def schema(self) -> pa.Schema:
        """Of its columns: all are kept as the texts they are."""
        return pa.schema([(column, pa.string()) for column in self.columns])

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Its chunks of at most so many rows, numbered from 0: the file is read once to find where each begins."""
        with opened(self.address) as stream:
            number, first, count, begin = 0, 0, 0, (0, self.begin)
            for offset, row, _ in _records(stream, self, 1):
                if row < self.begin:
                    continue
                if count % size == 0:
                    if count:
                        yield Chunk(number, 0, first, size, *begin)
                        number += 1
                    first, begin = count, (offset, row)
                count += 1
            if count > first:
                yield Chunk(number, 0, first, count - first, *begin)

    def reader(self, columns: Sequence[str]) -> CsvReader:
        """Reads its chunks, of them the columns that are named and those of the polymers."""
        return CsvReader(self, columns)


class CsvReader:
    """Reads chunks of a text, each from the byte that it begins at."""

    def __init__(self, source: CsvInput, columns: Sequence[str]) -> None:
        used = {*columns, *source.meaning.used}
        self._source, self._stream = source, opened(source.address)
        self._columns = [place for place, column in enumerate(source.columns) if column in used]

    def read(self, chunk: Chunk) -> ReadRows:
        """The rows of a chunk; one with more cells than the header has is a bad one."""
        width = len(self._source.columns)
        self._stream.seek(chunk.offset)
        good: list[list[str]] = []
        places: list[int] = []
        numbers: list[int] = []
        bad: list[BadRow] = []
        for count, (_, row, cells) in enumerate(_records(self._stream, self._source, chunk.row)):
            if count == chunk.rows:
                break
            if any(cells[width:]):
                reason = f"It has {len(cells)} cells, but the header has {width} columns."
                bad.append(BadRow(row, " ".join(" | ".join(cells).split())[:80], reason))
                continue
            good.append((cells + [""] * width)[:width])
            places.append(chunk.first + count)
            numbers.append(row)
        columns = {self._source.columns[place]: [cells[place] for cells in good] for place in self._columns}
        schema = pa.schema([(name, pa.string()) for name in columns])
        return self._source.meaning.rows(pa.table(columns, schema), places, numbers, bad)


def _whole_rows(head: bytes) -> bytes:
    """The beginning of a text up to the last line end that is not inside a quoted cell."""
    place, end, is_quoted = 0, 0, False
    for line in head.splitlines(keepends=True):
        place += len(line)
        is_quoted ^= bool(line.count(b'"') % 2)
        end = end if is_quoted or not line.endswith(b"\n") else place
    return head[:end] or head


class _Lines:
    """Lines of a text, none of more bytes than `MAX_RECORD`, and the byte that the next one begins at."""

    def __init__(self, stream: BinaryIO, source: CsvInput) -> None:
        self._stream, self._source = stream, source
        self.byte = stream.tell()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_RECORD:
            raise DataError(
                f"{self._source.name} can't be read as a table: a line has more than {MAX_RECORD:,} bytes; a quotation mark (\") before "
                "it may never be closed."
            )
        self.byte += len(line)
        return line.decode(self._source.text.encoding, "replace")


def _records(stream: BinaryIO, source: CsvInput, row: int) -> Iterator[tuple[int, int, list[str]]]:
    """Rows from where a stream stands, which is row `row`: the byte each begins at, its number and its cells; empty ones left out."""
    lines = _Lines(stream, source)
    records = csv.reader(lines, delimiter=source.text.separator, strict=True)
    while True:
        offset = lines.byte
        try:
            record = next(records, None)
        except csv.Error as error:
            raise DataError(
                f"{source.name} can't be read as a table: row {row} has a quotation mark (\") that is misplaced or never closed, or "
                f"a cell of more than {csv.field_size_limit():,} characters ({error})."
            ) from None
        if record is None:
            return
        cells = [cell.strip(BLANKS) for cell in record]
        if any(cells):
            yield offset, row, cells
        row += 1
