"""What a run's own process does: train, publish, keep the record, and keep the token out of record and log."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import functools
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

from polyid.common.files import sha256, to_json, write_text
from polyid.common.progress import STAGES, Progress
from polyid.ensemble.expected_times import UPLOAD_SECONDS
from polyid.errors import Cancelled, PolyIDError, TrainingError
from polyid.runs.afterwards import settle
from polyid.runs.backup import Backup
from polyid.runs.launch import GRACE_SECONDS, disk_sentence, start_next
from polyid.runs.process import SPACE_TOKEN
from polyid.runs.record import HELD_OUT_FILE, Run, read
from polyid.runs.states import Record

if TYPE_CHECKING:
    from polyid.hub.publish import Publication

RESERVE_FILE, RESERVE_BYTES = ".reserve", 256 * 1024
RECORD_SECONDS = 0.25
"""Progress is written to disk at most this often."""


def _train(data: Path, output: Path, *, init_from: str | None = None, **keywords: Any) -> None:
    from polyid.common.spreadsheet import csv_text
    from polyid.ensemble.starting_point import StartingPoint
    from polyid.ensemble.workflow import train_ensemble
    from polyid.hub.fetch import fetch_bundle

    if init_from is not None:
        found = fetch_bundle(init_from)
        keywords["init_from"] = StartingPoint.read(found.folder, found.repo_id, found.commit)
    ensemble = train_ensemble(data, output, **keywords)
    # Beside the model, not in it: whose rows these are may not want them published.
    write_text(output.parent / HELD_OUT_FILE, csv_text(ensemble.out_of_fold()))


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
    token, space_token = os.environ.get("HF_TOKEN"), os.environ.get(SPACE_TOKEN)
    sys.stdout, sys.stderr = (_Scrubbed(stream, token, space_token) for stream in (sys.stdout, sys.stderr))
    keeper = _RecordKeeper(folder, run.record, token)
    threading.Thread(target=keeper.end_when_cancelled, daemon=True).start()
    backup = Backup(run, token, lambda kept: keeper.update(kept=kept))
    try:
        status = _carry_out(run, keeper, token, train, publish, backup)
    except Cancelled:
        backup.last()
        keeper.finish("cancelled", "Cancelled")
        status = 2
    except Exception as problem:
        traceback.print_exc()
        backup.last()
        keeper.finish("failed", "Failed", error=_sentence(problem, run))
        status = 1
    else:
        backup.forget()
    _see_to_what_follows(run, token, space_token or token)
    return status


def _carry_out(
    run: Run,
    keeper: _RecordKeeper,
    token: str | None,
    train: Callable[..., Any],
    publish: Callable[..., Publication],
    backup: Backup,
) -> int:
    request = run.request
    if not run.trained:
        keeper.update(state="preparing", line=STAGES["reading"], started=run.record.started or time.time())
        if sha256(run.folder / request.data) != request.sha256:
            raise TrainingError(f"The table {request.data} of this run was changed on disk: start a new run.")
        with backup:
            train(
                run.folder / request.data,
                run.bundle,
                properties=list(request.properties),
                preset=request.preset,
                folds=request.folds,
                epochs=request.epochs,
                seed=request.seed,
                split=request.split,
                columns=request.columns,
                changes=request.changes,
                expected=request.expected,
                init_from=request.init_from,
                resume=run.resumable,
                progress=keeper.report,
            )
        keeper.stop_if_cancelled()
    if not request.publish:
        keeper.finish("done", "Quick look finished")
        return 0
    keeper.publishing(request.repo_id)
    publication = publish(
        run.bundle,
        request.repo_id,
        tag=request.tag,
        branch=request.branch,
        private=request.private,
        notes=request.notes,
        token=token,
    )
    commit, url = publication.commit, publication.commit_url
    keeper.finish("done", f"Published to {request.repo_id}", commit=commit, commit_url=url)
    return 0


def _see_to_what_follows(run: Run, token: str | None, space_token: str | None) -> None:
    """Begin the next run; if there is none, do with the Space what was chosen beforehand."""
    try:
        # Another's run begins with another's token, which the page's process has.
        if start_next(run.folder.parent, lambda _: token, lambda next_: next_.request.user == run.request.user) is None:
            settle(read(run.folder), space_token)
    except Exception:
        traceback.print_exc()


class _RecordKeeper:
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
        """The callback training calls; raises `Cancelled` once the flag is there."""
        self.stop_if_cancelled()
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


class _Scrubbed(io.TextIOBase):
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


def _sentence(problem: Exception, run: Run) -> str:
    """What went wrong and how to go on, in words for the page."""
    if isinstance(problem, PolyIDError):
        text = str(problem)
    elif isinstance(problem, OSError) and problem.errno is not None:
        text = disk_sentence(problem)
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
