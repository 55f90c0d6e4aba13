"""A training run: a process of its own with a durable record on disk that any front end can watch.

One folder a run, inside a folder of runs::

    20260131-142503-9f2c/
        request.json    what was asked for; the data table lies beside it and is named by its SHA-256
        data/…          that table, copied, so that the run can be repeated
        record.json     the state now, replaced atomically by the run's own process
        process.json    which process that is
        progress.csv    one line a progress report, for the curve
        log.txt         what the process printed
        cancel          there once somebody asked to stop; pause likewise, for now
        held_out.csv    what the members said of the polymers they never saw; not published
        model/          the bundle, complete or absent

The page that starts a run may reload, crash or be watched from two browsers: it holds no state. A process that was
killed is recognised because no process with its number *and* its start time is alive any more, so a stale record
never blocks the next run. The Hub's token reaches the process by its environment and is written nowhere.

Needs a POSIX system (sessions), as Spaces and their containers are.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyid.bundle.layout import CHECKPOINTS_FOLDER, METRICS_FILE, has_manifest
from polyid.common.files import read_json
from polyid.errors import TrainingError
from polyid.runs.process import is_alive
from polyid.runs.states import ACTIVE, WAITING, Record, Request

HELD_OUT_FILE = "held_out.csv"
"""Beside the model, not in it: what the members said of the polymers they never saw."""
STARTING_SECONDS = 60.0
"""How long a run may have no process yet: the moment between its record and its start."""


@dataclass(frozen=True)
class Run:
    """A run as read from disk: its folder, its request, its record with the death of its process taken into account."""

    folder: Path
    request: Request
    record: Record
    pid: int | None

    @property
    def name(self) -> str:
        """The folder's name, which sorts by start."""
        return self.folder.name

    @property
    def active(self) -> bool:
        """Whether its process is at work."""
        return self.record.state in ACTIVE

    @property
    def has_process(self) -> bool:
        """Whether a process of it lives, which after the run's end has its last things to do."""
        path = self.folder / "process.json"
        return path.exists() and is_alive(read_json(path))

    @property
    def waiting(self) -> bool:
        """Whether its turn has not come."""
        return self.record.state == WAITING

    @property
    def dollars(self) -> float | None:
        """What the hardware cost for it so far; None where that isn't known."""
        if self.request.dollars_an_hour is None or not self.record.started:
            return None
        end = time.time() if self.active else self.record.finished or self.record.updated or self.record.started
        return self.request.dollars_an_hour * (end - self.record.started) / 3600

    @property
    def trained(self) -> bool:
        """Whether a complete bundle lies in its folder."""
        return has_manifest(self.bundle)

    @property
    def bundle(self) -> Path:
        """Folder of the trained ensemble."""
        return self.folder / "model"

    @property
    def resumable(self) -> bool:
        """Whether training left a checkpoint to continue from."""
        return not self.trained and any((self.bundle / CHECKPOINTS_FOLDER).glob("*"))

    @property
    def cancelling(self) -> bool:
        """Whether somebody asked an active run to stop."""
        return self.active and (self.folder / "cancel").exists()

    @property
    def pausing(self) -> bool:
        """Whether somebody asked an active run to stop for now."""
        return self.active and not self.cancelling and (self.folder / "pause").exists()

    def history(self) -> list[dict[str, float | str | None]]:
        """The lines of ``progress.csv``: phase, folds, epoch, train_loss, validation_loss, elapsed_seconds.

        `folds` are counted from 1, as in ``1-5``; a loss that isn't finite is None.
        """
        path = self.folder / "progress.csv"
        if not path.exists():
            return []
        rows: dict[tuple[str, str], dict[str, float | str | None]] = {}
        # What follows the last line end is a line, or the header, caught half-written.
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
        for row in csv.DictReader(io.StringIO(whole)):
            # A resumed run tells the epochs after its checkpoint twice: the later telling counts.
            rows[row["folds"], row["epoch"]] = {
                "phase": row["phase"],
                "folds": row["folds"],
                "epoch": float(row["epoch"]),
                "train_loss": float(row["train_loss"]) if row["train_loss"] else None,
                "validation_loss": float(row["validation_loss"]) if row["validation_loss"] else None,
                "elapsed_seconds": float(row["elapsed_seconds"]),
            }
        return list(rows.values())

    def log(self, most: int = 20_000) -> str:
        """The end of what its process printed."""
        path = self.folder / "log.txt"
        if not path.exists():
            return ""
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - most))
            return stream.read().decode(errors="replace")

    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Out-of-fold ``n``, ``MAE``, ``RMSE`` and ``R2`` a property, from the bundle; empty before there is one."""
        path = self.bundle / METRICS_FILE
        return read_json(path)["out_of_fold"] if path.exists() else {}

    def summary(self) -> dict[str, Any]:
        """What a program wants to know, as JSON: name, request, record, and what can be done with the run."""
        return {
            "run": self.name,
            "active": self.active,
            "cancelling": self.cancelling,
            "pausing": self.pausing,
            "waiting": self.waiting,
            "dollars": self.dollars,
            "trained": self.trained,
            "resumable": self.resumable,
            "bundle": str(self.bundle) if self.trained else None,
            "request": dataclasses.asdict(self.request),
            **dataclasses.asdict(self.record),
        }


def read(folder: str | Path) -> Run:
    """A run as it stands on disk; one whose process died is shown as failed, or cancelled if that was asked for."""
    folder = Path(folder)
    try:
        request = Request(**read_json(folder / "request.json"))
        record = Record(**read_json(folder / "record.json"))
    except (OSError, ValueError, TypeError) as problem:
        raise TrainingError(f"The record of run {folder.name} can't be read: {problem}.") from problem
    request = dataclasses.replace(request, properties=tuple(request.properties))
    process = read_json(folder / "process.json") if (folder / "process.json").exists() else None
    pid = process["pid"] if process else None
    if record.state in ACTIVE:
        alive = is_alive(process) if process else time.time() - (record.updated or 0) < STARTING_SECONDS
        if not alive:
            # The process may have written its last word between the two looks.
            record = Record(**read_json(folder / "record.json"))
        if not alive and record.state in ACTIVE:
            record = _interrupted(Run(folder, request, record, pid))
    return Run(folder, request, record, pid)


def every(runs: str | Path) -> list[Run]:
    """All runs of a folder that can be read, the newest first."""
    runs = Path(runs)
    if not runs.is_dir():
        return []
    folders = sorted(path for path in runs.iterdir() if (path / "record.json").is_file() and path.name[0] != ".")
    found = []
    for folder in reversed(folders):
        with contextlib.suppress(TrainingError):
            found.append(read(folder))
    return found


def latest(runs: str | Path) -> Run | None:
    """The run to look at: the one at work, else the last that neither waits nor was taken from the queue, else None."""
    known = every(runs)
    for wanted in (lambda run: run.active, _had_its_turn, lambda run: True):
        if found := next(filter(wanted, known), None):
            return found
    return None


def _had_its_turn(run: Run) -> bool:
    removed = run.record.state == "cancelled" and run.record.started is None
    return not run.waiting and not removed


def queue(runs: str | Path) -> list[Run]:
    """The runs whose turn has not come, the next first."""
    return [run for run in reversed(every(runs)) if run.waiting]


def default_folder() -> Path:
    """Where runs are kept: ``POLYID_RUNS``, else a Space's persistent storage, else ``runs`` in the working folder."""
    if named := os.environ.get("POLYID_RUNS"):
        return Path(named)
    storage = Path("/data")
    if storage.is_dir() and os.access(storage, os.W_OK):
        return storage / "polyid_runs"
    return Path("runs")


def _interrupted(run: Run) -> Record:
    """The record of a run whose process is gone without a last word."""
    heard = (run.folder / "record.json").stat().st_mtime
    if (run.folder / "cancel").exists():
        return dataclasses.replace(run.record, state="cancelled", line="Cancelled", finished=heard)
    if run.trained:
        way_on = "The trained model is kept and can be published again."
    elif run.resumable:
        way_on = "It can be continued from its last checkpoint."
    else:
        way_on = "Nothing was lost but time: start it again."
    error = (
        "The run was interrupted: its process was killed, the machine restarted, or memory ran out "
        f"(log.txt of run {run.name} may say more). {way_on}"
    )
    return dataclasses.replace(run.record, state="failed", line="Interrupted", error=error, finished=heard)
