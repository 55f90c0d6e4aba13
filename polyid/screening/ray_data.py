"""Chunks answered on a Ray cluster: Ray Data sends them to actors that hold a model each, and begins lost ones anew."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from polyid.errors import DataError, PolyIDError
from polyid.screening.job import ScreenJob
from polyid.screening.parts import ChunkRecord
from polyid.screening.rows import Chunk
from polyid.screening.worker import ChunkWorker, use_one_core


def answered_by_ray(job: ScreenJob, chunks: Sequence[Chunk], workers: int) -> Generator[ChunkRecord, None, None]:
    """What comes of chunks, in the order in which they are done, while Ray is `connected`.

    Parameters
    ----------
    job : ScreenJob
        Input, model and parts must be where every machine of the cluster finds them.
    chunks : sequence of Chunk
    workers : int
        Actors, of one core each.
    """
    import ray

    if not chunks:
        return
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    asked = ray.data.from_items([asdict(chunk) for chunk in chunks], override_num_blocks=len(chunks))
    actors = ray.data.ActorPoolStrategy(size=min(workers, len(chunks)))
    answered = asked.map_batches(RayWorker, fn_constructor_args=(job,), batch_size=1, compute=actors, num_cpus=1)
    for row in answered.iter_rows():
        if problem := row.pop("problem"):
            raise DataError(problem)
        yield ChunkRecord(**row)


class RayWorker:
    """An actor: holds a model, and answers the chunks that Ray Data sends."""

    def __init__(self, job: ScreenJob) -> None:
        use_one_core()
        self._job = job
        self._worker: ChunkWorker | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """What comes of one chunk, or what is wrong, in a sentence: Ray would send an error with all its traces."""
        chunk = Chunk(**{name: int(values[0]) for name, values in batch.items()})
        record, problem = ChunkRecord(chunk.number, chunk.rows, 0, 0, 0), ""
        try:
            self._worker = self._worker or ChunkWorker(self._job)
            record = self._worker(chunk)
        except PolyIDError as error:
            problem = str(error)
        return {name: [value] for name, value in (asdict(record) | {"problem": problem}).items()}
