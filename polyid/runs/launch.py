"""Starting, resuming, cancelling and deleting runs; one is at work at a time, and the others wait their turn."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from polyid.common.files import sha256, write_json
from polyid.config.parameters import preset as preset_parameters
from polyid.config.ranges import RANGES, check_number
from polyid.config.settings import check_freeze
from polyid.errors import TrainingError
from polyid.runs.process import spawn_process
from polyid.runs.record import Run, every, queue, read
from polyid.runs.states import AFTERWARDS, WAITING, Record, Request

GRACE_SECONDS = 30.0
"""How long a cancelled run may take to reach its next progress report before its process ends itself."""
CANCEL_FLAG, PAUSE_FLAG = "cancel", "pause"
"""Files of a run's folder by which it is asked to stop, for good or for now."""
MOST_WAITING = 20


def start(
    runs: str | Path,
    data: str | Path,
    *,
    properties: Sequence[str],
    preset: str,
    repo_id: str,
    token: str | None = None,
    **settings: Any,
) -> Run:
    """Begin a run in a process of its own, or put it in the queue if another is at work, and return at once.

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
        When the table can't be read, a setting makes no sense, the disk is full or the queue is.
    """
    runs, data = Path(runs), Path(data)
    settings = {"folds": None, "epochs": None, "seed": 0, **settings}
    check_settings(properties, preset, settings)
    if not data.is_file():
        raise TrainingError(f"The table {data.name} isn't there any more: choose or upload it again.")
    with locked(runs):
        known = every(runs)
        must_wait = any(run.active or run.waiting for run in known)
        if sum(run.waiting for run in known) >= MOST_WAITING:
            raise TrainingError(f"{MOST_WAITING} runs wait already: remove one of them, or wait.")
        name = (
            time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + f"-{time.time_ns() % 10**9:09d}"[:5] + secrets.token_hex(2)
        )
        # Put together under another name, so that whoever lists the folder sees a whole run or none.
        new = runs / f".{name}"
        with whole_or_gone(new):
            (new / "data").mkdir(parents=True)
            table = f"data/{re.sub(r'[^A-Za-z0-9._-]+', '_', data.name)}"
            shutil.copyfile(data, new / table)
            request = Request(
                data=table,
                sha256=sha256(new / table),
                properties=tuple(properties),
                preset=preset,
                repo_id=repo_id,
                **settings,
            )
            write_json(new / "request.json", dataclasses.asdict(request))
            now = time.time()
            state, line = (WAITING, "Waiting its turn") if must_wait else ("queued", "Starting")
            write_json(new / "record.json", dataclasses.asdict(Record(state, line, created=now, updated=now)))
            new.rename(runs / name)
        if not must_wait:
            spawn_process(runs / name, token)
    return read(runs / name)


def check_settings(properties: Sequence[str], preset: str, settings: dict[str, Any]) -> None:
    """Refuse settings that no run can have.

    Raises
    ------
    TrainingError
        The first that can't be.
    """
    if not properties:
        raise TrainingError("No property is chosen: tick at least one property to train on.")
    for name, value in (("epochs", settings["epochs"]), ("kfolds", settings["folds"]), ("seed", settings["seed"])):
        if value is not None:
            check_number(name, value)
    params = preset_parameters(preset, **(settings.get("changes") or {}))
    check_freeze(params.freeze, None if settings.get("init_from") is None else int(RANGES["num_messages"].high))
    if settings.get("afterwards", "keep") not in AFTERWARDS:
        raise TrainingError(f"There is nothing to do afterwards by that name; choose {', '.join(AFTERWARDS)}.")


@contextlib.contextmanager
def whole_or_gone(folder: Path) -> Iterator[None]:
    """Leave nothing behind of a folder that couldn't be put together, and say why in a sentence."""
    try:
        yield
    except OSError as problem:
        shutil.rmtree(folder, ignore_errors=True)
        raise TrainingError(disk_sentence(problem)) from problem
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def disk_sentence(problem: OSError) -> str:
    """What went wrong with a file, and the remedy."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: delete older runs, or give this machine more storage, then try again."
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"The folder of runs can't be written to ({problem.filename}): set POLYID_RUNS to one that can."
    return f"A file of the run can't be written ({problem}): look at the storage, then try again."


def start_next(
    runs: str | Path, token_of: Callable[[Run], str | None], is_mine: Callable[[Run], bool] = lambda run: True
) -> Run | None:
    """Begin the run whose turn it is, if none is at work; None where there is none.

    Parameters
    ----------
    runs : path
    token_of : callable
        The token of whoever asked for the run.
    is_mine : callable
        False for a run that is somebody else's to begin, who has its token.
    """
    runs = Path(runs)
    if not queue(runs):
        return None
    with locked(runs):
        known = every(runs)
        waiting = [run for run in reversed(known) if run.waiting]
        if not waiting or any(run.active for run in known):
            return None
        run = waiting[0]
        if not is_mine(run):
            return None
        _rewrite(run, state="queued", line="Starting")
        spawn_process(run.folder, token_of(run))
    return read(run.folder)


def resume(
    folder: str | Path,
    *,
    token: str | None = None,
    **changes: Any,
) -> Run:
    """Go on with a run that ended early, or publish a finished one again.

    A run whose model is complete is published, say after the token or the repo was put right; another one continues
    training from its last checkpoint. Changes are of the `Request`, such as `repo_id`, `tag`, `branch`, `private` and
    `notes`; what is None stays as it was asked for.

    Raises
    ------
    TrainingError
        When a run is at work already.
    """
    folder = Path(folder)
    with locked(folder.parent):
        running = next((run for run in every(folder.parent) if run.active), None)
        if running is not None:
            raise TrainingError(f"A training run is at work ({running.record.line}): go on when it has finished.")
        run = read(folder)
        wanted = {name: value for name, value in changes.items() if value is not None}
        write_json(folder / "request.json", dataclasses.asdict(dataclasses.replace(run.request, **wanted)))
        for flag in (CANCEL_FLAG, PAUSE_FLAG):
            (folder / flag).unlink(missing_ok=True)
        (folder / "process.json").unlink(missing_ok=True)
        _rewrite(run, state="queued", line="Starting", error=None, finished=None, afterwards=None, told=None)
        spawn_process(folder, token)
    return read(folder)


def cancel(folder: str | Path) -> Run:
    """Ask a run to stop: at its next progress report, or by ending its process after `GRACE_SECONDS`.

    Asking again after that time kills a process that hangs. A run that waits leaves the queue at once.
    """
    folder = Path(folder)
    with locked(folder.parent):
        run = read(folder)
        if run.waiting:
            _rewrite(run, state="cancelled", line="Removed from the queue", finished=time.time())
            return read(folder)
    flag = run.folder / CANCEL_FLAG
    if not run.active:
        return run
    if not flag.exists():
        flag.touch()
    elif run.pid is not None and time.time() - flag.stat().st_mtime > GRACE_SECONDS + 5:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    return read(folder)


def pause(folder: str | Path) -> Run:
    """Ask a run to stop at its next checkpoint; `resume` goes on from there, to the weights it would have come to anyway.

    Raises
    ------
    TrainingError
        It is not at work, or is publishing already.
    """
    folder = Path(folder)
    run = read(folder)
    if not run.active or run.record.state == "publishing":
        raise TrainingError("This run does not train: there is nothing to pause.")
    (folder / PAUSE_FLAG).touch(exist_ok=True)
    return read(folder)


def delete(folder: str | Path) -> None:
    """Remove a run with its data, log and model.

    Raises
    ------
    TrainingError
        It is at work.
    """
    folder = Path(folder)
    with locked(folder.parent):
        if read(folder).active:
            raise TrainingError("This run is at work: cancel it first, then delete it.")
        # Renamed first: a half-deleted run is none that anybody lists.
        gone = folder.with_name(f".deleted-{folder.name}")
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _rewrite(run: Run, **changes: Any) -> None:
    record = dataclasses.replace(run.record, **changes, updated=time.time())
    write_json(run.folder / "record.json", dataclasses.asdict(record))


def locked(runs: Path) -> FileLock:
    """Hold of the folder of runs, which the system lets go of when the holder dies."""
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise TrainingError(disk_sentence(problem)) from problem
    return FileLock(runs / ".lock")
