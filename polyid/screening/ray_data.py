"""Chunks answered on a Ray cluster: Ray Data sends them to actors that hold a model each, and begins lost ones anew."""

from __future__ import annotations

import logging
import socket
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from polyid.errors import DataError, PolyIDError
from polyid.screening.job import ScreenJob
from polyid.screening.parts import ChunkRecord
from polyid.screening.rows import Chunk
from polyid.screening.worker import ChunkWorker, use_one_core

LOCAL = "local"
"""The address of a Ray that is started here, and ends with the screen."""
_PATIENCE = 10.0


def check_ray(address: str) -> None:
    """Say what is missing before a model is fetched: the package, or somebody at the address.

    Raises
    ------
    DataError
    """
    try:
        import ray  # noqa: F401
    except ImportError:
        raise DataError("--ray needs the package ray: pip install 'polyid-spaces[ray]'.") from None
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if address in (LOCAL, "auto"):
        return
    if not colon or not host or not port.isdigit():
        raise DataError(
            f"--ray takes local, auto or an address such as 10.0.0.5:6379 or ray://10.0.0.5:10001, not {address!r}."
        )
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise DataError(f"Nobody answers at {address} ({error}): start Ray there, or correct --ray.") from None


@contextmanager
def connected(address: str) -> Iterator[int]:
    """A connection to Ray at `LOCAL`, ``auto`` or the address of a cluster; gives how many cores it has.

    Raises
    ------
    DataError
        It can't be reached, or gives up.
    """
    import ray

    here = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(None if address == LOCAL else address, **here, **_QUIET)
    except Exception as error:  # Ray raises errors of many types where it can't connect
        raise DataError(f"Ray at {address} can't be used ({type(error).__name__}: {_first_line(error)}).") from None
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))
    except ray.exceptions.RayError as error:
        raise DataError(
            f"Ray gave up ({_first_line(error)}); what was done is kept, and the same command goes on."
        ) from None
    finally:
        ray.shutdown()


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


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no reason is given")[:300]


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
