"""What is done of a screen: a folder with a file for each chunk, written whole, and the record of what they are of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyid.common.files import to_json
from polyid.errors import DataError
from polyid.screening import store
from polyid.screening.job import differences

RECORD_FILE = "screen.json"
METADATA_KEY = b"polyid.screen"
"""Of the metadata of Parquet files: counts of a part, the record of a result."""
BAD_SCHEMA = pa.schema([("file", pa.string()), ("row", pa.int64()), ("value", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class ChunkRecord:
    """What came of a chunk.

    Attributes
    ----------
    number : int
        Of the chunk.
    rows : int
        In the chunk.
    kept, bad : int
        Rows in the result, and rows without an answer.
    repeated : int
        Rows that were answered by the answer to an equal polymer.
    """

    number: int
    rows: int
    kept: int
    bad: int
    repeated: int


class Parts:
    """The folder of a screen's parts.

    Parameters
    ----------
    folder : str
        Its address.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def begin(self, record: Mapping[str, Any]) -> None:
        """Begin, or go on with what is there.

        Raises
        ------
        DataError
            The parts that are there are of another screen.
        """
        stored = self._stored()
        if stored is None:
            store.make_folder(self.folder)
            with store.written(f"{self.folder}/{RECORD_FILE}") as stream:
                stream.write(to_json(dict(record)).encode())
        elif said := differences(stored, record):
            raise DataError(
                f"{self.folder} holds parts of a screen with {' and '.join(said)}: go on with what that one was given, name "
                "another --output, or remove the folder."
            )

    def _stored(self) -> dict[str, Any] | None:
        if RECORD_FILE not in store.names_in(self.folder):
            return None
        with store.opened(f"{self.folder}/{RECORD_FILE}") as stream:
            try:
                return json.loads(stream.read())
            except ValueError:
                raise DataError(
                    f"{self.folder}/{RECORD_FILE} is damaged; remove the folder, or name another --output."
                ) from None

    def done(self) -> set[int]:
        """Numbers of the chunks whose parts are there."""
        matches = (re.fullmatch(r"part-(\d+)\.parquet", name) for name in store.names_in(self.folder))
        return {int(match[1]) for match in matches if match}

    def has(self, number: int) -> bool:
        """Whether the part of a chunk is there."""
        return store.exists(self._path("part", number))

    def write(self, record: ChunkRecord, table: pa.Table, bad: pa.Table) -> None:
        """Write the part of a chunk: rows to keep, and rows without an answer, of `BAD_SCHEMA`."""
        if len(bad):
            self._write("bad", record.number, bad)
        # The part comes last: where it is, all is.
        self._write("part", record.number, table.replace_schema_metadata({METADATA_KEY: json.dumps(asdict(record))}))

    def _write(self, kind: str, number: int, table: pa.Table) -> None:
        with store.written(self._path(kind, number)) as stream:
            pq.write_table(table, stream, compression="zstd")

    def record(self, number: int) -> ChunkRecord:
        """What came of a chunk whose part is there."""
        with store.opened(self._path("part", number)) as stream:
            return _record_of(pq.read_schema(stream))

    def read(self, number: int) -> tuple[ChunkRecord, pa.Table]:
        """What came of a chunk whose part is there, and its rows to keep."""
        with store.opened(self._path("part", number)) as stream:
            table = pq.read_table(stream)
        return _record_of(table.schema), table.replace_schema_metadata(None)

    def read_bad(self, number: int) -> pa.Table:
        """Rows of a chunk without an answer, if there are any."""
        with store.opened(self._path("bad", number)) as stream:
            return pq.read_table(stream)

    def remove(self) -> None:
        """Remove the folder: the result is there."""
        store.remove_folder(self.folder)

    def _path(self, kind: str, number: int) -> str:
        return f"{self.folder}/{kind}-{number:08d}.parquet"


def _record_of(schema: pa.Schema) -> ChunkRecord:
    return ChunkRecord(**json.loads(schema.metadata[METADATA_KEY]))
