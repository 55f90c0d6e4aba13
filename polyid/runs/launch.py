"""Starting, resuming and cancelling a run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from polyid.common.files import sha256, write_json
from polyid.config.parameters import DEFAULT_SPLIT
from polyid.config.ranges import check_number
from polyid.errors import TrainingError
from polyid.runs.process import spawn_process
from polyid.runs.record import Record, Request, Run, latest, read

GRACE_SECONDS = 30.0
"""How long a cancelled run may take to reach its next progress report before its process ends itself."""


def start(
    runs: str | Path,
    data: str | Path,
    *,
    properties: Sequence[str],
    preset: str,
    repo_id: str,
    folds: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    tag: str | None = None,
    branch: str | None = None,
    private: bool | None = None,
    split: str = DEFAULT_SPLIT,
    columns: dict[str, dict[str, str | None]] | None = None,
    token: str | None = None,
) -> Run:
    """Begin a run in a process of its own and return at once.

    Parameters
    ----------
    runs : path
        Folder of runs, made when absent; one run at a time works in it.
    data : path
        The training table; it is copied.
    token : str, optional
        The Hub's token, handed to the process by its environment only.

    The others are those of `Request`.

    Raises
    ------
    TrainingError
        When a run is at work already, the table can't be read, or a setting makes no sense.
    """
    runs, data = Path(runs), Path(data)
    if not properties:
        raise TrainingError("No property is chosen: tick at least one property to train on.")
    for name, value in (("epochs", epochs), ("kfolds", folds), ("seed", seed)):
        if value is not None:
            check_number(name, value)
    if not data.is_file():
        raise TrainingError(f"The table {data.name} isn't there any more: choose or upload it again.")
    with _locked(runs):
        running = latest(runs)
        if running is not None and running.active:
            raise TrainingError(
                f"A training run is at work already ({running.record.line}). "
                "Wait for it to finish, or cancel it, then start again."
            )
        name = time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)
        # Put together under another name, so that whoever lists the folder sees a whole run or none.
        new = runs / f".{name}"
        (new / "data").mkdir(parents=True)
        table = f"data/{re.sub(r'[^A-Za-z0-9._-]+', '_', data.name)}"
        shutil.copyfile(data, new / table)
        request = Request(
            data=table,
            sha256=sha256(new / table),
            properties=tuple(properties),
            preset=preset,
            folds=folds,
            epochs=epochs,
            seed=seed,
            repo_id=repo_id,
            tag=tag,
            branch=branch,
            private=private,
            split=split,
            columns=columns,
        )
        write_json(new / "request.json", dataclasses.asdict(request))
        now = time.time()
        write_json(new / "record.json", dataclasses.asdict(Record("queued", "Starting", created=now, updated=now)))
        new.rename(runs / name)
        spawn_process(runs / name, token)
    return read(runs / name)


def resume(
    folder: str | Path,
    *,
    repo_id: str | None = None,
    tag: str | None = None,
    branch: str | None = None,
    private: bool | None = None,
    token: str | None = None,
) -> Run:
    """Go on with a run that ended early, or publish a finished one again.

    A run whose model is complete is published, say after the token or the repo was put right; another one continues
    training from its last checkpoint. What is None stays as it was asked for.

    Raises
    ------
    TrainingError
        When a run is at work already.
    """
    folder = Path(folder)
    with _locked(folder.parent):
        running = latest(folder.parent)
        if running is not None and running.active:
            raise TrainingError(f"A training run is at work ({running.record.line}): go on when it has finished.")
        run = read(folder)
        wanted: dict[str, Any] = {"repo_id": repo_id, "tag": tag, "branch": branch, "private": private}
        changes = {name: value for name, value in wanted.items() if value is not None}
        write_json(folder / "request.json", dataclasses.asdict(dataclasses.replace(run.request, **changes)))
        (folder / "cancel").unlink(missing_ok=True)
        (folder / "process.json").unlink(missing_ok=True)
        record = dataclasses.replace(
            run.record, state="queued", line="Starting", error=None, finished=None, updated=time.time()
        )
        write_json(folder / "record.json", dataclasses.asdict(record))
        spawn_process(folder, token)
    return read(folder)


def cancel(folder: str | Path) -> Run:
    """Ask a run to stop: at its next progress report, or by ending its process after `GRACE_SECONDS`.

    Asking again after that time kills a process that hangs.
    """
    run = read(folder)
    flag = run.folder / "cancel"
    if not run.active:
        return run
    if not flag.exists():
        flag.touch()
    elif run.pid is not None and time.time() - flag.stat().st_mtime > GRACE_SECONDS + 5:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    return read(folder)


def _locked(runs: Path) -> FileLock:
    """Hold of the folder of runs, which the system lets go of when the holder dies."""
    runs.mkdir(parents=True, exist_ok=True)
    return FileLock(runs / ".lock")
