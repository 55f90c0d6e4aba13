"""The record of a run, as its own process keeps it: state, progress and last word; no token gets into record or log."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import functools
import io
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

from polyid.bundle.layout import CHECKPOINTS_FOLDER
from polyid.common.files import to_json, write_text
from polyid.common.progress import Progress
from polyid.ensemble.expected_times import UPLOAD_SECONDS
from polyid.errors import Cancelled, Paused
from polyid.runs.launch import CANCEL_FLAG, GRACE_SECONDS, PAUSE_FLAG
from polyid.runs.states import Record

RESERVE_FILE, RESERVE_BYTES = ".reserve", 256 * 1024
RECORD_SECONDS = 0.25
"""Progress is written to disk at most this often."""


class RecordKeeper:
    """Writes one run's record; the training thread and the one that watches for the cancel flag share it."""

    def __init__(self, folder: Path, record: Record, token: str | None) -> None:
        self.folder = folder
        self.record = record
        self.token = token
        self.lock = threading.Lock()
        self.finished = False
        self.written = 0.0
        self._reserve()

    def update(self, **changes: Any) -> None:
        with self.lock:
            self._write(**changes)

    def _reserve(self) -> None:
        """Hold some room on the disk, so that a run which fills it can still write its last word."""
        with contextlib.suppress(OSError):
            (self.folder / RESERVE_FILE).write_bytes(bytes(RESERVE_BYTES))

    def publishing(self, repo_id: str) -> None:
        """The last stage."""
        progress = {**(self.record.progress or {}), "phase": "upload", "share": None, "eta_seconds": UPLOAD_SECONDS}
        self.update(
            state="publishing", line=f"Publishing to {repo_id}", progress=progress, stages=self._stages("upload")
        )

    def _stages(self, stage: str) -> dict[str, float]:
        return {stage: time.time(), **(self.record.stages or {})}

    def finish(self, state: str, line: str, **changes: Any) -> None:
        (self.folder / RESERVE_FILE).unlink(missing_ok=True)
        with self.lock:
            self.finished = True
            self._write(state=state, line=line, finished=time.time(), **changes)

    def report(self, progress: Progress) -> None:
        """The callback training calls; raises `Cancelled` once the flag is there, and `Paused` where nothing would be lost."""
        self.stop_if_cancelled()
        self.stop_if_paused(progress.phase)
        fields = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in dataclasses.asdict(progress).items()
        }
        self._append(fields)
        new_state = "preparing" if progress.phase == "reading" else "training"
        due = time.monotonic() - self.written >= RECORD_SECONDS or progress.epoch == progress.epochs
        stages = self._stages(progress.phase)
        if due or stages != self.record.stages:
            self.update(state=new_state, line=progress.line(), progress=fields, stages=stages)

    def stop_if_cancelled(self) -> None:
        if (self.folder / CANCEL_FLAG).exists():
            raise Cancelled

    def stop_if_paused(self, phase: str) -> None:
        """Stop where a pause was asked for and a checkpoint is newer than that; in other stages than training, at once."""
        try:
            asked = (self.folder / PAUSE_FLAG).stat().st_mtime_ns
        except FileNotFoundError:
            return
        # The record of a checkpoint is the last of it to be written.
        saved = (self.folder / "model" / CHECKPOINTS_FOLDER).glob("*.json")
        if phase not in ("training", "compiling") or any(path.stat().st_mtime_ns > asked for path in saved):
            raise Paused

    def end_when_cancelled(self) -> None:
        """End the process when training doesn't get to its next report in time after the flag was set."""
        flag = self.folder / CANCEL_FLAG
        while not flag.exists():
            time.sleep(0.5)
        time.sleep(GRACE_SECONDS)
        with self.lock:
            if self.finished:
                return
            self._write(state="cancelled", line="Cancelled", finished=time.time())
            os._exit(2)

    def _write(self, **changes: Any) -> None:
        self.record = dataclasses.replace(self.record, **changes, updated=time.time())
        text = to_json(dataclasses.asdict(self.record))
        write_text(self.folder / "record.json", text.replace(self.token, "<token>") if self.token else text)
        self.written = time.monotonic()

    def _append(self, fields: dict[str, Any]) -> None:
        path = self.folder / "progress.csv"
        new = not path.exists()
        folds = [fold + 1 for fold in fields["folds"]]
        contiguous = len(folds) > 1 and folds == list(range(folds[0], folds[-1] + 1))
        label = f"{folds[0]}-{folds[-1]}" if contiguous else " ".join(map(str, folds))
        with path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fields)
            if new:
                writer.writeheader()
            writer.writerow({**fields, "folds": label})


class Scrubbed(io.TextIOBase):
    """A text stream that never lets the token through: tracebacks and libraries' messages may quote anything."""

    def __init__(self, stream: Any, *tokens: str | None) -> None:
        self.stream = stream
        self.tokens = [token for token in tokens if token]

    def write(self, text: str) -> int:
        # A full disk loses the log, not the run.
        with contextlib.suppress(OSError):
            self.stream.write(
                functools.reduce(lambda so_far, token: so_far.replace(token, "<token>"), self.tokens, text)
            )
            self.stream.flush()
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.flush()

    def fileno(self) -> int:
        return self.stream.fileno()
