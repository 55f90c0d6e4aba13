"""A run of the trainer Space in any state, as its folder says it, without anything being trained."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

from helpers.paths import TOP
from polyid.common.files import sha256, write_json
from polyid.runs.process import seconds_after_boot
from polyid.runs.states import ACTIVE, Record, Request

PROGRESS = {
    "phase": "training",
    "folds": [0, 1],
    "folds_total": 2,
    "epoch": 3,
    "epochs": 60,
    "train_loss": 0.4,
    "validation_loss": 0.5,
    "learning_rate": 1e-3,
    "polymers_per_second": 120.0,
    "elapsed_seconds": 20.0,
    "eta_seconds": 400.0,
    "share": 0.05,
}


class StagedRun:
    """A run in a folder of runs.

    Parameters
    ----------
    runs : Path
    name : str
        As runs are named: it sorts by start.
    request
        What of the request differs.
    """

    def __init__(self, runs: Path, name: str = "20260102-030405-abcd", **request):
        self.folder = runs / name
        data = self.folder / "data" / "mine.csv"
        data.parent.mkdir(parents=True)
        data.write_text("repeat_unit,Tg (°C)\n*CC(*)C,-10\n*CC(*)c1ccccc1,100\n", encoding="utf-8")
        asked = Request("data/mine.csv", sha256(data), ("Glass_Transition",), "small", 2, 60, 0, "ada/polyid-models")
        write_json(self.folder / "request.json", dataclasses.asdict(dataclasses.replace(asked, **request)))

    def becomes(self, state: str, line: str, *, trained: bool = False, resumable: bool = False, **record) -> None:
        """Let the page see it in a state; a run at work is one of this process."""
        shutil.rmtree(self.folder / "model", ignore_errors=True)
        if trained:
            shutil.copytree(TOP / "polyid" / "starter", self.folder / "model")
        if resumable:
            (self.folder / "model" / "checkpoints").mkdir(parents=True)
            (self.folder / "model" / "checkpoints" / "fold-00000000.json").write_text("{}")
        for flag in ("cancel", "pause"):
            (self.folder / flag).unlink(missing_ok=True)
        now = time.time()
        if state in ACTIVE:
            process = {"pid": os.getpid(), "seconds_after_boot": seconds_after_boot(os.getpid())}
            write_json(self.folder / "process.json", process)
            record = {"progress": PROGRESS, "stages": {"reading": now - 60, "training": now - 30}, **record}
        else:
            (self.folder / "process.json").unlink(missing_ok=True)
            record = {"finished": now, **record}
        written = Record(state, line, **{"created": now - 70, "started": now - 60, "updated": now, **record})
        write_json(self.folder / "record.json", dataclasses.asdict(written))
