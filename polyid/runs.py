"""A training run: a process of its own with a durable record on disk that any front end can watch.

One folder a run, inside a folder of runs::

    20260131-142503-9f2c/
        request.json    what was asked for; the data table lies beside it and is named by its SHA-256
        data/…          that table, copied, so that the run can be repeated
        record.json     the state now, replaced atomically by the run's own process
        process.json    which process that is
        progress.csv    one line a progress report, for the curve
        log.txt         what the process printed
        cancel          there once somebody asked to stop
        model/          the bundle, complete or absent

The page that starts a run may reload, crash or be watched from two browsers: it holds no state. A process that was
killed is recognised because no process with its number *and* its start time is alive any more, so a stale record
never blocks the next run. The Hub's token reaches the process by its environment and is written nowhere.

Needs a POSIX system (file locks, sessions), as Spaces and their containers are.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import fcntl
import hashlib
import io
import json
import math
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyid.errors import Cancelled, PolyIDError, TrainingError
from polyid.parameters import DEFAULT_SPLIT
from polyid.progress import Progress

ACTIVE = ("queued", "preparing", "training", "publishing")
FINISHED = ("done", "failed", "cancelled")
CHILD = (sys.executable, "-P", "-X", "faulthandler", "-m", "polyid.runs")
"""Command that carries out a run; the run's folder is appended. Tests put another one here."""

STARTING_SECONDS = 60.0
"""How long a run may have no process yet: the moment between its record and its start."""
GRACE_SECONDS = 30.0
"""How long a cancelled run may take to reach its next progress report before its process ends itself."""
RECORD_SECONDS = 0.25
"""Progress is written to disk at most this often."""


@dataclass(frozen=True)
class Request:
    """What a run was asked to do.

    Attributes
    ----------
    data : str
        The table, relative to the run's folder.
    sha256 : str
        Of that file, checked again before training.
    properties : tuple of str
        Columns to train on.
    preset : str
        Name in `polyid.parameters.PRESETS`.
    folds, epochs : int or None
        None leaves the preset's number.
    seed : int
        Of the folds, the weights and the order of the data.
    repo_id : str
        The Hub model repo the ensemble goes to.
    tag, branch : str or None
        Git tag to set on the commit, and branch to commit to (None: ``main``).
    private : bool or None
        Visibility of a repo that has to be created; None leaves it to the account's default.
    split : str
        How polymers are divided into folds; see `polyid.splits`.
    columns : dict or None
        What the table's columns mean, where a user said so; see `polyid.tables.describe_columns`.
    """

    data: str
    sha256: str
    properties: tuple[str, ...]
    preset: str
    folds: int | None
    epochs: int | None
    seed: int
    repo_id: str
    tag: str | None = None
    branch: str | None = None
    private: bool | None = None
    split: str = DEFAULT_SPLIT
    columns: dict[str, dict[str, str | None]] | None = None


@dataclass(frozen=True)
class Record:
    """Where a run stands.

    Attributes
    ----------
    state : {"queued", "preparing", "training", "publishing", "done", "failed", "cancelled"}
    line : str
        One readable line of progress.
    progress : dict or None
        The fields of the last `polyid.progress.Progress`; numbers that aren't finite are None.
    error : str or None
        One sentence, for a run that failed.
    commit, commit_url : str or None
        Where the ensemble was published.
    created, started, finished, updated : float or None
        Seconds since the epoch.
    """

    state: str
    line: str
    progress: dict[str, Any] | None = None
    error: str | None = None
    commit: str | None = None
    commit_url: str | None = None
    created: float | None = None
    started: float | None = None
    finished: float | None = None
    updated: float | None = None


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
    def trained(self) -> bool:
        """Whether a complete bundle lies in its folder."""
        return (self.bundle / "parameters.json").is_file()

    @property
    def bundle(self) -> Path:
        """Folder of the trained ensemble."""
        return self.folder / "model"

    @property
    def resumable(self) -> bool:
        """Whether training left a checkpoint to continue from."""
        return not self.trained and any((self.bundle / "checkpoints").glob("*"))

    @property
    def cancelling(self) -> bool:
        """Whether somebody asked an active run to stop."""
        return self.active and (self.folder / "cancel").exists()

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

    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Out-of-fold ``n``, ``MAE``, ``RMSE`` and ``R2`` a property, from the bundle; empty before there is one."""
        path = self.bundle / "metrics.json"
        return _read_json(path)["out_of_fold"] if path.exists() else {}

    def summary(self) -> dict[str, Any]:
        """What a program wants to know, as JSON: name, request, record, and what can be done with the run."""
        return {
            "run": self.name,
            "active": self.active,
            "cancelling": self.cancelling,
            "trained": self.trained,
            "resumable": self.resumable,
            "bundle": str(self.bundle) if self.trained else None,
            "request": dataclasses.asdict(self.request),
            **dataclasses.asdict(self.record),
        }


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
    for name, value, least in (("number of epochs", epochs, 1), ("number of folds", folds, 2), ("seed", seed, 0)):
        if value is not None and value < least:
            raise TrainingError(f"The {name} is {value}: choose {least} or more.")
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
        _write_json(new / "request.json", dataclasses.asdict(request))
        now = time.time()
        _write_json(new / "record.json", dataclasses.asdict(Record("queued", "Starting", created=now, updated=now)))
        new.rename(runs / name)
        _spawn(runs / name, token)
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
        wanted = {"repo_id": repo_id, "tag": tag, "branch": branch, "private": private}
        changes = {name: value for name, value in wanted.items() if value is not None}
        _write_json(folder / "request.json", dataclasses.asdict(dataclasses.replace(run.request, **changes)))
        (folder / "cancel").unlink(missing_ok=True)
        (folder / "process.json").unlink(missing_ok=True)
        record = dataclasses.replace(
            run.record, state="queued", line="Starting", error=None, finished=None, updated=time.time()
        )
        _write_json(folder / "record.json", dataclasses.asdict(record))
        _spawn(folder, token)
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


def read(folder: str | Path) -> Run:
    """A run as it stands on disk; one whose process died is shown as failed, or cancelled if that was asked for."""
    folder = Path(folder)
    try:
        request = Request(**_read_json(folder / "request.json"))
        record = Record(**_read_json(folder / "record.json"))
    except (OSError, ValueError, TypeError) as problem:
        raise TrainingError(f"The record of run {folder.name} can't be read: {problem}.") from problem
    request = dataclasses.replace(request, properties=tuple(request.properties))
    process = _read_json(folder / "process.json") if (folder / "process.json").exists() else None
    pid = process["pid"] if process else None
    if record.state in ACTIVE:
        if process:
            identity = _identity(process["pid"])
            alive = identity is not None and identity == process["identity"]
        else:
            alive = time.time() - (record.updated or 0) < STARTING_SECONDS
        if not alive:
            # The process may have written its last word between the two looks.
            record = Record(**_read_json(folder / "record.json"))
        if not alive and record.state in ACTIVE:
            record = _interrupted(Run(folder, request, record, pid))
    return Run(folder, request, record, pid)


def latest(runs: str | Path) -> Run | None:
    """The run that was started last in a folder of runs, or None."""
    runs = Path(runs)
    if not runs.is_dir():
        return None
    folders = sorted(path for path in runs.iterdir() if (path / "record.json").is_file() and path.name[0] != ".")
    return read(folders[-1]) if folders else None


def default_folder() -> Path:
    """Where runs are kept: ``POLYID_RUNS``, else a Space's persistent storage, else ``runs`` in the working folder."""
    if named := os.environ.get("POLYID_RUNS"):
        return Path(named)
    storage = Path("/data")
    if storage.is_dir() and os.access(storage, os.W_OK):
        return storage / "polyid_runs"
    return Path("runs")


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def execute(
    folder: str | Path,
    *,
    train: Callable[..., Any] | None = None,
    publish: Callable[..., Any] | None = None,
) -> int:
    """Carry out a run in this process, which must be its own: train unless that is done, publish, keep the record.

    Parameters
    ----------
    folder : path
        The run's folder.
    train, publish : callable, optional
        Stand for `polyid.ensemble.train_ensemble` and `polyid.hub.publish_bundle`, so that the record-keeping can be
        tested by itself.

    Returns
    -------
    int
        Exit status: 0 done, 1 failed, 2 cancelled.
    """
    folder = Path(folder)
    run = read(folder)
    token = os.environ.get("HF_TOKEN")
    sys.stdout, sys.stderr = (_Scrubbed(stream, token) for stream in (sys.stdout, sys.stderr))
    keeper = _RecordKeeper(folder, run.record, token)
    threading.Thread(target=keeper.end_when_cancelled, daemon=True).start()
    try:
        if not run.trained:
            keeper.update(state="preparing", line="Preparing", started=time.time())
            if sha256(folder / run.request.data) != run.request.sha256:
                raise TrainingError(f"The table {run.request.data} of this run was changed on disk: start a new run.")
            if train is None:
                from polyid.ensemble import train_ensemble as train
            train(
                folder / run.request.data,
                run.bundle,
                properties=list(run.request.properties),
                preset=run.request.preset,
                folds=run.request.folds,
                epochs=run.request.epochs,
                seed=run.request.seed,
                split=run.request.split,
                columns=run.request.columns,
                resume=run.resumable,
                progress=keeper.report,
            )
            keeper.stop_if_cancelled()
        keeper.update(state="publishing", line=f"Publishing to {run.request.repo_id}")
        if publish is None:
            from polyid.hub import publish_bundle as publish
        publication = publish(
            run.bundle,
            run.request.repo_id,
            tag=run.request.tag,
            branch=run.request.branch,
            private=run.request.private,
            token=token,
        )
        keeper.finish(
            "done",
            f"Published to {run.request.repo_id}",
            commit=publication.commit,
            commit_url=publication.commit_url,
        )
        return 0
    except Cancelled:
        keeper.finish("cancelled", "Cancelled")
        return 2
    except Exception as problem:
        traceback.print_exc()
        keeper.finish("failed", "Failed", error=_sentence(problem, run))
        return 1


class _RecordKeeper:
    """Writes one run's record; the training thread and the one that watches for the cancel flag share it."""

    def __init__(self, folder: Path, record: Record, token: str | None) -> None:
        self.folder = folder
        self.record = record
        self.token = token
        self.lock = threading.Lock()
        self.finished = False
        self.written = 0.0

    def update(self, **changes: Any) -> None:
        with self.lock:
            self._write(**changes)

    def finish(self, state: str, line: str, **changes: Any) -> None:
        with self.lock:
            self.finished = True
            self._write(state=state, line=line, finished=time.time(), **changes)

    def report(self, progress: Progress) -> None:
        """The callback training calls; raises `Cancelled` once the flag is there."""
        self.stop_if_cancelled()
        fields = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in dataclasses.asdict(progress).items()
        }
        self._append(fields)
        new_state = "preparing" if progress.phase == "preparing" else "training"
        due = time.monotonic() - self.written >= RECORD_SECONDS or progress.epoch == progress.epochs
        if due or new_state != self.record.state:
            self.update(state=new_state, line=progress.line(), progress=fields)

    def stop_if_cancelled(self) -> None:
        if (self.folder / "cancel").exists():
            raise Cancelled

    def end_when_cancelled(self) -> None:
        """End the process when training doesn't get to its next report in time after the flag was set."""
        flag = self.folder / "cancel"
        while not flag.exists():
            time.sleep(0.5)
        time.sleep(GRACE_SECONDS)
        with self.lock:
            if self.finished:
                return
            self._write(state="cancelled", line="Cancelled", finished=time.time())
            os._exit(2)

    def _write(self, **changes: Any) -> None:
        if self.token:
            changes = {
                name: value.replace(self.token, "<token>") if isinstance(value, str) else value
                for name, value in changes.items()
            }
        self.record = dataclasses.replace(self.record, **changes, updated=time.time())
        _write_json(self.folder / "record.json", dataclasses.asdict(self.record))
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


class _Scrubbed(io.TextIOBase):
    """A text stream that never lets the token through: tracebacks and libraries' messages may quote anything."""

    def __init__(self, stream: Any, token: str | None) -> None:
        self.stream = stream
        self.token = token

    def write(self, text: str) -> int:
        self.stream.write(text.replace(self.token, "<token>") if self.token else text)
        self.stream.flush()
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def fileno(self) -> int:
        return self.stream.fileno()


def _sentence(problem: Exception, run: Run) -> str:
    """What went wrong and how to go on, in words for the page."""
    if isinstance(problem, PolyIDError):
        text = str(problem)
    elif isinstance(problem, MemoryError) or type(problem).__name__ == "ResourceExhaustedError":
        text = "The machine ran out of memory: choose a smaller preset, fewer folds or larger hardware."
    else:
        first = str(problem).strip().splitlines()
        text = f"{type(problem).__name__}: {first[0] if first else 'no message'} (more in log.txt of run {run.name})."
    if run.trained:
        text += " The trained model is kept and can be published again."
    return text


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


def _spawn(folder: Path, token: str | None) -> None:
    """Start a run's process and note which one it is."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("HF_TOKEN", None)
    if token:
        environment["HF_TOKEN"] = token
    home = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    command = [*CHILD, str(folder.resolve())]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    # Collects the exit status, so that no zombie is left behind.
    threading.Thread(target=process.wait, daemon=True).start()
    _write_json(folder / "process.json", {"pid": process.pid, "identity": _identity(process.pid)})


def _identity(pid: int) -> str | None:
    """What tells a living process from another one that got its number later; None when none is alive."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command's name, in brackets, may hold anything; state is field 3 and the start time field 22.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return started.strip() if state and not state.startswith("Z") else None


@contextlib.contextmanager
def _locked(runs: Path) -> Iterator[None]:
    """Hold the folder of runs; the system lets go of it when the holder dies."""
    runs.mkdir(parents=True, exist_ok=True)
    with (runs / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _write_json(path: Path, content: Any) -> None:
    """Replace a file atomically, so that a reader or a crash never meets half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1, allow_nan=False)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m polyid.runs FOLDER``: what `start` and `resume` launch."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    return execute(folder)


if __name__ == "__main__":
    sys.exit(main())
