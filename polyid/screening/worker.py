"""From a chunk to its part: read, answer, choose, write. The same in this process, in others here, and on other machines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from polyid.common.text import shorten
from polyid.data.numbers import read_number
from polyid.hub.fetch import fetch_bundle
from polyid.inference.predictions import Predictions
from polyid.nn.loading import load_backend
from polyid.screening.condition import Condition
from polyid.screening.input_csv import CsvReader
from polyid.screening.input_parquet import ParquetReader
from polyid.screening.job import ROW, VALUE, Ranking, ScreenJob, check_same_model, stored_type
from polyid.screening.parts import BAD_SCHEMA, ChunkRecord, Parts
from polyid.screening.rows import BadRow, Chunk, ReadRows

_ONE_CORE = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def use_one_core() -> None:
    """Keep this process to one core, before it loads TensorFlow: others of its kind have the other cores."""
    from threadpoolctl import threadpool_limits

    os.environ.update(_ONE_CORE)
    threadpool_limits(1)


class ChunkWorker:
    """A model that turns chunks into parts.

    Parameters
    ----------
    job : ScreenJob

    Raises
    ------
    BundleError
        The model is not the one that the screen began with.
    """

    def __init__(self, job: ScreenJob) -> None:
        self._job, self._parts = job, Parts(job.parts)
        self._folder: Path = fetch_bundle(job.model).folder
        check_same_model(self._folder, job)
        # TensorFlow takes seconds to load; what is wrong with the folder is said before.
        load_backend()
        from polyid.ensemble.multi_model import MultiModel
        from polyid.screening.answers import PolymerAnswers

        self._answers = PolymerAnswers(MultiModel.load_models(self._folder), job.level)
        self._reading: tuple[int, ParquetReader | CsvReader] | None = None

    def __call__(self, chunk: Chunk) -> ChunkRecord:
        """Write the part of a chunk, unless a worker did that was lost before it could say so."""
        if self._parts.has(chunk.number):
            return self._parts.record(chunk.number)
        read = self._reader(chunk.file).read(chunk)
        answered = self._answers(read.texts, read.pm)
        table = self._result(chunk, read, answered.rows, answered.predictions)
        bad = [
            *read.bad,
            *(BadRow(read.numbers[row], shorten(read.texts[row]), reason) for row, reason in answered.reasons.items()),
        ]
        check_same_model(self._folder, self._job)
        record = ChunkRecord(chunk.number, chunk.rows, len(table), len(bad), answered.repeated)
        self._parts.write(record, table, _bad_table(self._job.files[chunk.file].name, bad))
        return record

    def _reader(self, file: int) -> ParquetReader | CsvReader:
        if self._reading is None or self._reading[0] != file:
            self._reading = file, self._job.files[file].reader(self._job.needed_inputs)
        return self._reading[1]

    def _result(self, chunk: Chunk, read: ReadRows, rows: Sequence[int], predictions: Predictions | None) -> pa.Table:
        """The rows to keep, with their place and, where they are ranked, their value."""
        job = self._job
        inputs = read.table.select(job.needed_inputs).take(pa.array(rows, pa.int64()))
        places = [chunk.number * 2**32 + read.places[row] - chunk.first for row in rows]
        columns = {name: inputs[name] for name in inputs.column_names}
        columns |= _predicted(job, predictions) | {ROW: pa.array(places, pa.int64())}
        if job.ranking is not None:
            columns[VALUE] = _numbers(columns[job.ranking.column])
        table = pa.table(columns)
        if job.condition is not None:
            table = table.filter(_holds(job.condition, table), null_selection_behavior="drop")
        extra = [ROW]
        if job.ranking is not None:
            table, extra = best_of(table, job.ranking), [ROW, VALUE]
        return pa.table(
            {name: _stored(table[name], name in job.predicted) for name in job.columns}
            | {name: table[name] for name in extra}
        )


def best_of(table: pa.Table, ranking: Ranking) -> pa.Table:
    """The rows that a ranking keeps of a table with `ROW` and `VALUE`, the best first; a row without a value is none."""
    ranked = table.filter(pc.is_finite(table[VALUE]), null_selection_behavior="drop")
    return ranked.take(pc.sort_indices(ranked, sort_keys=ranking.order)[: ranking.rows])


def _stored(column: pa.ChunkedArray, is_predicted: bool) -> pa.ChunkedArray:
    return column.cast(stored_type(True)) if is_predicted and pa.types.is_floating(column.type) else column


def _predicted(job: ScreenJob, predictions: Predictions | None) -> dict[str, pa.Array]:
    """Those columns of predictions that are needed, numbers as they were computed."""
    frame = None if predictions is None else predictions.to_frame(oligomers="smiles_polymer" in job.needed)
    return {
        name: pa.array(
            [] if frame is None else frame[name], pa.float64() if is_number else pa.string(), from_pandas=not is_number
        )
        for name, is_number in job.predicted.items()
        if name in job.needed
    }


def _holds(condition: Condition, table: pa.Table) -> pa.ChunkedArray:
    """Which rows a condition is true of; numbers that stand as texts are compared as numbers."""
    for comparison in condition.comparisons:
        column = table[comparison.column]
        if isinstance(comparison.values[0], float) and pa.types.is_string(column.type):
            table = table.set_column(table.column_names.index(comparison.column), comparison.column, _numbers(column))
    return condition.holds(table)


def _numbers(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column.cast(pa.float64())
    return pa.array([_number(cell) for cell in column.to_pylist()], pa.float64())


def _number(cell: str | None) -> float | None:
    try:
        return None if cell is None else read_number(cell, decimal_commas=False)
    except ValueError:
        return None


def _bad_table(file: str, bad: Sequence[BadRow]) -> pa.Table:
    rows = sorted(bad, key=lambda one: one.row)
    columns = [[file] * len(rows), [one.row for one in rows], [one.value for one in rows], [one.reason for one in rows]]
    return pa.table(columns, schema=BAD_SCHEMA)
