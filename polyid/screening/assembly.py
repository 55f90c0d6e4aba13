"""From the parts of a screen to its result: one Parquet file, and a table of the rows without an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from polyid.common.spreadsheet import csv_text
from polyid.screening import store
from polyid.screening.job import ScreenJob
from polyid.screening.parts import METADATA_KEY, ChunkRecord, Parts
from polyid.screening.worker import best_of

_ROWS_A_GROUP = 100_000
_RANKED_TOGETHER = 200_000


def bad_rows_address(output: str) -> str:
    """Where the rows without an answer are listed."""
    return f"{output.removesuffix('.parquet')}.bad.csv"


def assemble(
    job: ScreenJob, parts: Parts, numbers: Sequence[int], output: str, about: Mapping[str, Any]
) -> dict[str, int]:
    """Write the result of all parts, in the order of the input or as they are ranked.

    Parameters
    ----------
    job : ScreenJob
    parts : Parts
    numbers : sequence of int
        Of all chunks, in order.
    output : str
        Address of the Parquet file.
    about : mapping
        What the file is to say of itself in its metadata, besides the job's record and the counts.

    Returns
    -------
    dict of str to int
        Counts: ``rows``, ``kept``, ``bad`` and ``repeated``.
    """
    counts = dict.fromkeys(("rows", "kept", "bad", "repeated"), 0)
    with_bad: list[int] = []
    tables = _tables(parts, numbers, counts, with_bad)
    with store.written(output) as stream:
        counts["kept"] = _write(stream, job, _best(tables, job) if job.ranking is not None else tables, about, counts)
        # Before the result is there, for with it all is done.
        _write_bad(parts, with_bad, bad_rows_address(output))
    return counts


def _tables(parts: Parts, numbers: Sequence[int], counts: dict[str, int], with_bad: list[int]) -> Iterator[pa.Table]:
    """The rows of each part; counts them, and notes which parts have bad ones."""
    for number in numbers:
        record, table = parts.read(number)
        _count(record, counts)
        if record.bad:
            with_bad.append(number)
        yield table


def _count(record: ChunkRecord, counts: dict[str, int]) -> None:
    for name in counts:
        counts[name] += getattr(record, name)


def _best(tables: Iterator[pa.Table], job: ScreenJob) -> Iterator[pa.Table]:
    assert job.ranking is not None
    gathered: list[pa.Table] = []
    for table in tables:
        gathered.append(table)
        if sum(map(len, gathered)) > max(_RANKED_TOGETHER, 2 * job.ranking.rows):
            gathered = [best_of(pa.concat_tables(gathered), job.ranking)]
    if gathered:
        yield best_of(pa.concat_tables(gathered), job.ranking)


def _write(
    stream: BinaryIO, job: ScreenJob, tables: Iterator[pa.Table], about: Mapping[str, Any], counts: Mapping[str, int]
) -> int:
    """Write tables in large row groups; returns how many rows there are."""
    schema = job.result_schema
    rows = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in _joined(tables):
            writer.write_table(table.select(schema.names).cast(schema))
            rows += len(table)
        said = {**about, "record": job.record(), "counts": {**counts, "kept": rows}}
        writer.add_key_value_metadata({METADATA_KEY: json.dumps(said, ensure_ascii=False)})
    return rows


def _joined(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    gathered: list[pa.Table] = []
    for table in tables:
        gathered.append(table)
        if sum(map(len, gathered)) >= _ROWS_A_GROUP:
            yield pa.concat_tables(gathered)
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered)


def _write_bad(parts: Parts, numbers: Sequence[int], address: str) -> None:
    if not numbers:
        return
    with store.written(address) as stream:
        for place, number in enumerate(numbers):
            stream.write(csv_text(parts.read_bad(number).to_pandas(), header=not place).encode())
