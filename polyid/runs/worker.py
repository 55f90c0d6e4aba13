"""What a run's own process does: train, publish, keep the record, and keep the token out of record and log."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyid.common.files import sha256, write_json
from polyid.common.progress import Progress
from polyid.errors import Cancelled, PolyIDError, TrainingError
from polyid.runs.launch import GRACE_SECONDS
from polyid.runs.record import Record, Run, read

if TYPE_CHECKING:
    from polyid.hub.publish import Publication

RECORD_SECONDS = 0.25
"""Progress is written to disk at most this often."""


def _train(*arguments: Any, **keywords: Any) -> None:
    from polyid.ensemble.workflow import train_ensemble

    train_ensemble(*arguments, **keywords)


def _publish(*arguments: Any, **keywords: Any) -> Publication:
    from polyid.hub.publish import publish_bundle

    return publish_bundle(*arguments, **keywords)


def execute(
    folder: str | Path,
    *,
    train: Callable[..., Any] = _train,
    publish: Callable[..., Publication] = _publish,
) -> int:
    """Carry out a run in this process, which must be its own: train unless that is done, publish, keep the record.

    Parameters
    ----------
    folder : path
        The run's folder.
    train, publish : callable, optional
        `polyid.ensemble.workflow.train_ensemble` and `polyid.hub.publish.publish_bundle`, or what stands for them where
        the record-keeping is tested by itself.

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
        write_json(self.folder / "record.json", dataclasses.asdict(self.record))
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


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m polyid.runs.worker FOLDER``: what `start` and `resume` launch."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    return execute(folder)


if __name__ == "__main__":
    sys.exit(main())
