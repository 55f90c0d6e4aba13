"""A screen from end to end: looked at, begun or gone on with, answered, assembled."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Any

import joblib
import pyarrow as pa
import pyarrow.parquet as pq

from polyid.bundle.layout import CALIBRATION_FILE, DOMAIN_FILE
from polyid.bundle.manifest import read_manifest
from polyid.common.ray_cluster import check_ray, connected
from polyid.config.ranges import check_level
from polyid.config.settings import INTERVAL_LEVEL
from polyid.errors import DataError
from polyid.hub.fetch import FetchedBundle
from polyid.hub.provenance import provenance
from polyid.screening import store
from polyid.screening.assembly import assemble, bad_rows_address
from polyid.screening.columns import ResultColumns
from polyid.screening.condition import Condition, read_condition
from polyid.screening.inputs import InputFile, chunks_of, find_inputs
from polyid.screening.job import Ranking, ScreenJob, differences, model_digest
from polyid.screening.parts import METADATA_KEY, ChunkRecord, Parts
from polyid.screening.processes import answered_by_processes, answered_here
from polyid.screening.progress import ScreenProgress
from polyid.screening.ray_data import answered_by_ray
from polyid.screening.rows import Chunk

CHUNK_ROWS = 2_000
_MOST_ROWS_A_CHUNK = 100_000


@dataclass(frozen=True)
class ScreenOptions:
    """What a user asks of a screen.

    Attributes
    ----------
    where : str or None
        Condition of the rows to keep, as `polyid.screening.condition.read_condition` reads it.
    top : int or None
        How many rows to keep, the best by the column `by`.
    by : str or None
    is_ascending : bool
        The smallest are the best.
    columns : sequence of str or None
        Of the result; the usual ones where None.
    level : float
        Of the intervals.
    chunk_rows : int
        Rows that are answered and written together: the most that a lost worker has to do again.
    """

    where: str | None = None
    top: int | None = None
    by: str | None = None
    is_ascending: bool = False
    columns: Sequence[str] | None = None
    level: float = INTERVAL_LEVEL
    chunk_rows: int = CHUNK_ROWS

    def check(self) -> None:
        """Refuse numbers out of range, and a ranking without its number or column."""
        check_level(self.level)
        if (self.top is None) != (self.by is None):
            raise DataError("--top N keeps the N rows with the largest values of --by COLUMN; give both or none.")
        if self.top is not None and self.top < 1:
            raise DataError(f"--top is {self.top}; it must be at least 1.")
        if self.is_ascending and self.by is None:
            raise DataError("--ascending is of --top N --by COLUMN; give these, or leave it out.")
        if not 1 <= self.chunk_rows <= _MOST_ROWS_A_CHUNK:
            raise DataError(f"--chunk is {self.chunk_rows}; it must be from 1 to {_MOST_ROWS_A_CHUNK:,}.")


@dataclass(frozen=True)
class Screened:
    """What came of a screen.

    Attributes
    ----------
    rows, kept, bad, repeated : int
        Rows of the input, of the result, without an answer, and answered by the answer to an equal polymer.
    bad_rows : str or None
        Where the rows without an answer are listed.
    was_done : bool
        Whether it had been done before.
    """

    rows: int
    kept: int
    bad: int
    repeated: int
    bad_rows: str | None
    was_done: bool


class Screen:
    """A screen that is ready to run.

    Parameters
    ----------
    inputs : sequence of str
        Parquet or CSV files, patterns or folders, here or on a store that fsspec reaches.
    bundle : FetchedBundle
        The model.
    output : str
        Address of the Parquet file to write; what is done lies beside it, in ``OUTPUT.parts``, until all is.
    options : ScreenOptions
    ray : str, optional
        Address of a Ray cluster, as of `polyid.screening.ray_data.connected`.

    Raises
    ------
    DataError
        Something is wrong that can be known before a polymer is read.
    """

    def __init__(
        self, inputs: Sequence[str], bundle: FetchedBundle, output: str, options: ScreenOptions, ray: str | None = None
    ) -> None:
        options.check()
        if ray is not None:
            check_ray(ray)
        self._bundle, self._ray = bundle, ray
        # Workers may have another working folder.
        self.output = str(store.on_this_machine(output) or output)
        self._manifest = read_manifest(bundle.folder)
        self._parts = Parts(f"{self.output}.parts")
        self._job = _job(find_inputs(inputs), bundle, self._manifest, options, self._parts.folder)
        self._chunks: list[Chunk] = chunks_of(self._job.files, options.chunk_rows)

    @property
    def rows(self) -> int:
        """Of all input."""
        return sum(chunk.rows for chunk in self._chunks)

    def run(self, workers: int | None = None) -> Screened:
        """Answer what isn't answered yet, and assemble the result.

        Parameters
        ----------
        workers : int, optional
            Processes, or Ray actors; by default one for each core.

        Raises
        ------
        PolyIDError
            It can't go on; what was done is kept.
        """
        if workers is not None and workers < 1:
            raise DataError(f"--workers is {workers}; it must be at least 1.")
        if (done := self._done_before()) is not None:
            self._parts.remove()
            return done
        self._parts.begin(self._job.record())
        done_parts = self._parts.done()
        left = [chunk for chunk in self._chunks if chunk.number not in done_parts]
        before = [self._parts.record(number) for number in sorted(done_parts)]
        with nullcontext(joblib.cpu_count()) if self._ray is None else connected(self._ray) as cores:
            workers = max(1, min(workers or cores, len(left)))
            progress = ScreenProgress(self.rows, before, workers)
            with closing(self._answered(left, workers)) as answered, closing(progress):
                for record in answered:
                    progress.add(record)
        return self._assemble()

    def _answered(self, chunks: list[Chunk], workers: int) -> Generator[ChunkRecord, None, None]:
        if self._ray is not None:
            return answered_by_ray(self._job, chunks, workers)
        if workers == 1:
            return answered_here(self._job, chunks)
        return answered_by_processes(self._job, chunks, workers)

    def rows_done(self) -> int:
        """Rows that are answered and kept beside the output."""
        done = self._parts.done()
        return sum(chunk.rows for chunk in self._chunks if chunk.number in done)

    def _assemble(self) -> Screened:
        units = {name: unit[0] if unit else None for name, unit in self._manifest.get("prediction_units", {}).items()}
        about = {"model": provenance(self._bundle, self._manifest), "units": units, "level": self._job.level}
        numbers = [chunk.number for chunk in self._chunks]
        counts = assemble(self._job, self._parts, numbers, self.output, about)
        self._parts.remove()
        return self._screened(counts, False)

    def _screened(self, counts: dict[str, int], was_done: bool) -> Screened:
        bad_rows = bad_rows_address(self.output) if counts["bad"] else None
        return Screened(counts["rows"], counts["kept"], counts["bad"], counts["repeated"], bad_rows, was_done)

    def _done_before(self) -> Screened | None:
        """What came of this very screen, if the output is there.

        Raises
        ------
        DataError
            The output is there, and is another one's.
        """
        if not store.exists(self.output):
            return None
        try:
            with store.opened(self.output) as stream:
                said: dict[str, Any] = json.loads((pq.read_metadata(stream).metadata or {})[METADATA_KEY])
        except (pa.ArrowException, KeyError, ValueError, OSError):
            raise DataError(
                f"{self.output} is there, and is no result of a screen; name another --output, or move it away."
            ) from None
        if other := differences(said["record"], self._job.record()):
            raise DataError(
                f"{self.output} is there, the result of a screen with {' and '.join(other)}; name another --output, or move it away."
            )
        return self._screened(said["counts"], True)


def _job(
    files: tuple[InputFile, ...], bundle: FetchedBundle, manifest: dict[str, Any], options: ScreenOptions, parts: str
) -> ScreenJob:
    saved = manifest["sha256"]
    known = ResultColumns.of_model(
        manifest["prediction_columns"], CALIBRATION_FILE in saved, DOMAIN_FILE in saved, files[0].kinds
    )
    condition: Condition | None = None if options.where is None else read_condition(options.where, known.compared)
    ranking = None
    if options.top is not None and options.by is not None:
        column, is_number = known.compared(options.by)
        if not is_number:
            raise DataError(f"--by {options.by} is a column of texts; rank by a property or a column of numbers.")
        ranking = Ranking(column, options.top, options.is_ascending)
    said = {
        "where": options.where or "",
        "top": ""
        if ranking is None
        else f"{ranking.rows} by {ranking.column}{' ascending' if ranking.is_ascending else ''}",
    }
    return ScreenJob(
        files,
        tuple(store.fingerprint(file.address) for file in files),
        os.path.abspath(bundle.folder) if bundle.repo_id is None else f"{bundle.repo_id}@{bundle.commit}",
        model_digest(bundle.folder),
        options.level,
        tuple(known.chosen(options.columns)),
        condition,
        known.predicted,
        said,
        ranking,
        options.chunk_rows,
        parts,
    )
