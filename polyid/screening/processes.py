"""Chunks answered by several processes of this machine, one a core; one that is lost is replaced, and its chunk asked again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from polyid.errors import DataError
from polyid.screening.job import ScreenJob
from polyid.screening.parts import ChunkRecord
from polyid.screening.rows import Chunk
from polyid.screening.worker import ChunkWorker, use_one_core

_CHUNKS_A_PROCESS = 2
"""In hand of each process: one that is answered, and one that waits."""
_MOST_LOSSES = 3


def answered_here(job: ScreenJob, chunks: Sequence[Chunk]) -> Generator[ChunkRecord, None, None]:
    """What comes of chunks, in this process."""
    if chunks:
        yield from map(ChunkWorker(job), chunks)


def answered_by_processes(
    job: ScreenJob, chunks: Sequence[Chunk], processes: int
) -> Generator[ChunkRecord, None, None]:
    """What comes of chunks, in the order in which they are done.

    Where a process is lost, all are begun anew: what they had in hand is asked again, and what they had written is not.

    Raises
    ------
    DataError
        Processes are lost again and again, before they have answered anything.
    """
    left = list(reversed(chunks))
    losses = 0
    while left:
        asked: dict[Future[ChunkRecord], Chunk] = {}
        try:
            with _pool(job, processes) as pool:
                while left or asked:
                    while left and len(asked) < processes * _CHUNKS_A_PROCESS:
                        asked[pool.submit(_answer, left[-1])] = left[-1]
                        left.pop()
                    for future in wait(asked, return_when=FIRST_COMPLETED).done:
                        record = future.result()
                        del asked[future]
                        losses = 0
                        yield record
        except BrokenProcessPool:
            losses += 1
            left += sorted(asked.values(), key=lambda chunk: -chunk.number)
            if losses == _MOST_LOSSES:
                raise DataError(_lost(job, left[-1])) from None


def _lost(job: ScreenJob, chunk: Chunk) -> str:
    rows = f"rows {chunk.first + 1:,} to {chunk.first + chunk.rows:,} of {job.files[chunk.file].name}"
    return (
        f"Processes ended {_MOST_LOSSES} times before they could answer {rows}: for want of memory, as a rule; take fewer --workers. "
        "What was done is kept, and the same command goes on."
    )


@contextmanager
def _pool(job: ScreenJob, processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end at once when the block is left: a chunk in hand takes seconds, and can be asked again."""
    others = {process.pid for process in multiprocessing.active_children()}
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start, (job,))
    try:
        yield pool
    finally:
        for process in multiprocessing.active_children():
            if process.pid not in others:
                process.terminate()
        pool.shutdown(cancel_futures=True)


class _Worker:
    """What a process of a pool keeps from chunk to chunk."""

    job: ScreenJob
    answers: ChunkWorker | None = None


def _start(job: ScreenJob) -> None:
    """In a new process: Ctrl-C is for the one that asks, and when that one is gone nobody waits for answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_one_that_asks, daemon=True).start()
    use_one_core()
    _Worker.job = job


def _end_with_the_one_that_asks() -> None:
    if (asking := multiprocessing.parent_process()) is not None:
        asking.join()
        os._exit(1)


def _answer(chunk: Chunk) -> ChunkRecord:
    """The model is loaded for the first chunk, so that what is wrong with it is told as what is wrong with a chunk is."""
    if _Worker.answers is None:
        _Worker.answers = ChunkWorker(_Worker.job)
    return _Worker.answers(chunk)
