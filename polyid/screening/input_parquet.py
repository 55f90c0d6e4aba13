"""Parquet files read chunk by chunk."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyid.data.files import table_of_frame
from polyid.errors import DataError
from polyid.screening.rows import Chunk, Meaning, ReadRows
from polyid.screening.store import opened

_LOOKED_AT = 200
_ROWS_A_BATCH = 4_096


@dataclass(frozen=True)
class ParquetInput:
    """A Parquet file.

    Attributes
    ----------
    address, name : str
        Where it lies, and what it is called.
    rows : int
    schema : pyarrow.Schema
        Of its columns; repeated texts (dictionaries) are plain ones.
    meaning : Meaning
    ends : tuple of int
        Row at which each row group ends.
    """

    address: str
    name: str
    rows: int
    schema: pa.Schema
    meaning: Meaning
    ends: tuple[int, ...]

    @classmethod
    def of_file(cls, address: str, name: str) -> ParquetInput:
        """Look at a file: its columns, and which hold polymers; a DataError where it is damaged or has none."""
        with _explained(name), opened(address) as stream:
            file = pq.ParquetFile(stream)
            groups = [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)]
            stored = file.schema_arrow
            if twice := [column for column in stored.names if stored.names.count(column) > 1]:
                raise DataError(f"{name} has two columns called {twice[0]!r}; give one another name.")
            first = next(file.iter_batches(_LOOKED_AT, use_threads=False), None)
            head = pa.Table.from_batches([] if first is None else [first], stored)
        meaning = Meaning.of_cells(_cells(head, name), name)
        return cls(address, name, sum(groups), _plain(stored), meaning, tuple(accumulate(groups)))

    @property
    def kinds(self) -> dict[str, bool | None]:
        """Its columns, and whether each holds numbers (True) or texts (False), or neither (None)."""
        return {field.name: _kind(field.type) for field in self.schema}

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Its chunks of at most so many rows, numbered from 0."""
        for number, first in enumerate(range(0, self.rows, size)):
            yield Chunk(number, 0, first, min(size, self.rows - first))

    def reader(self, columns: Sequence[str]) -> ParquetReader:
        """Reads its chunks, of them the columns that are named and those of the polymers."""
        return ParquetReader(self, columns)


class ParquetReader:
    """Reads chunks of a file; those that come in their order are read on, without beginning a row group again."""

    def __init__(self, source: ParquetInput, columns: Sequence[str]) -> None:
        used = {*columns, *source.meaning.used}
        self._source = source
        self._schema = pa.schema([field for field in source.schema if field.name in used])
        self._file = pq.ParquetFile(opened(source.address))
        self._stored = pa.schema([field for field in self._file.schema_arrow if field.name in used])
        self._rest: pa.RecordBatch | None = None
        self._go_to(0)

    def read(self, chunk: Chunk) -> ReadRows:
        """The rows of a chunk."""
        with _explained(self._source.name):
            if chunk.first < self._row or self._group_of(chunk.first) > self._group_of(self._row):
                self._go_to(self._group_of(chunk.first))
            self._take(chunk.first - self._row)
            table = pa.Table.from_batches(self._take(chunk.rows), self._stored).cast(self._schema)
        places = range(chunk.first, chunk.first + chunk.rows)
        return self._source.meaning.rows(table, places, [place + 2 for place in places], [])

    def _group_of(self, row: int) -> int:
        return bisect_right(self._source.ends, row)

    def _go_to(self, group: int) -> None:
        self._row, self._rest = self._source.ends[group - 1] if group else 0, None
        groups = list(range(group, len(self._source.ends)))
        self._batches = self._file.iter_batches(_ROWS_A_BATCH, groups, self._stored.names, use_threads=False)

    def _take(self, rows: int) -> list[pa.RecordBatch]:
        """The next so many rows."""
        taken = []
        while rows:
            batch = next(self._batches) if self._rest is None else self._rest
            part = batch.slice(0, rows)
            self._rest = batch.slice(len(part)) if len(part) < len(batch) else None
            self._row, rows = self._row + len(part), rows - len(part)
            taken.append(part)
        return taken


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Errors of Arrow, which has many types for damaged files, in a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, StopIteration) as error:
        raise DataError(f"{name} is a damaged Parquet file; write it again ({error}).") from None


def _cells(head: pa.Table, name: str) -> pd.DataFrame:
    """The first rows as text, without columns of lists and structures."""
    flat = [field.name for field in head.schema if not pa.types.is_nested(field.type)]
    cells = table_of_frame(head.select(flat).to_pandas(ignore_metadata=True), name).cells
    return cells.set_axis(flat, axis=1)


def _plain(schema: pa.Schema) -> pa.Schema:
    """A schema with texts where a file has dictionaries of them, without notes of other programs."""
    return pa.schema(
        [field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema]
    )


def _kind(stored: pa.DataType) -> bool | None:
    if pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored):
        return True
    return False if pa.types.is_string(stored) or pa.types.is_large_string(stored) else None
