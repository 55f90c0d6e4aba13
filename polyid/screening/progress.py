"""How far a screen is, in a line: rows done, speed, and when it will have ended, by what this run measured."""

from __future__ import annotations

import sys
import time
from collections import deque

from polyid.common.progress import duration
from polyid.screening.parts import ChunkRecord

_WINDOW_SECONDS = 600.0
_LINE_EVERY, _SHOWN_EVERY = 30.0, 0.5


class ScreenProgress:
    """Told of every chunk; writes to standard error, one line over the other in a terminal, else one every half minute.

    Speed is that of the last ten minutes. It is counted from where every worker has ended its first chunk, and said when each may have
    ended another: chunks that end together, and models that are loaded, would make a false one.

    Parameters
    ----------
    total : int
        Rows of the screen.
    before : sequence of ChunkRecord
        What was done before this run.
    workers : int
    """

    def __init__(self, total: int, before: list[ChunkRecord], workers: int) -> None:
        self._total, self._workers = total, workers
        self._done = self._kept = self._bad = self._chunks = 0
        self._marks: deque[tuple[float, int]] = deque()
        self._shown = 0.0
        self._is_terminal = sys.stderr.isatty()
        for record in before:
            self._count(record)

    def _count(self, record: ChunkRecord) -> None:
        self._done, self._kept, self._bad = self._done + record.rows, self._kept + record.kept, self._bad + record.bad

    def add(self, record: ChunkRecord) -> None:
        """A chunk is done."""
        now = time.monotonic()
        self._count(record)
        self._chunks += 1
        if self._chunks >= self._workers:
            self._marks.append((now, self._done))
        while len(self._marks) > self._workers + 1 and now - self._marks[0][0] > _WINDOW_SECONDS:
            self._marks.popleft()
        if now - self._shown >= (_SHOWN_EVERY if self._is_terminal else _LINE_EVERY):
            self._shown = now
            self._write(self.line())

    @property
    def done(self) -> int:
        """Rows done, those of earlier runs too."""
        return self._done

    @property
    def rows_a_second(self) -> float | None:
        """Speed of late; None before it is known."""
        if len(self._marks) <= self._workers:
            return None
        (begin, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - begin) if end > begin else None

    def line(self) -> str:
        """Such as ``120,000 of 1,000,000 rows · 712 a second · 1,204 kept · ETA 20 min 36 s``."""
        parts = [f"{self._done:,} of {self._total:,} rows"]
        speed = self.rows_a_second
        parts += [f"{speed:,.0f} a second"] if speed else []
        parts += [f"{self._kept:,} kept"]
        parts += [f"{self._bad:,} not read"] if self._bad else []
        if speed and self._done < self._total:
            parts.append(f"ETA {duration(max(1.0, (self._total - self._done) / speed))}")
        return " · ".join(parts)

    def close(self) -> None:
        """Nothing more is shown."""
        if self._is_terminal and self._shown:
            self._write("")

    def _write(self, line: str) -> None:
        if self._is_terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr)
