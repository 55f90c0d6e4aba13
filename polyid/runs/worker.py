"""What a run's own process does: train, publish, keep the record, and keep the token out of record and log."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyid.common.files import sha256, write_text
from polyid.common.progress import STAGES
from polyid.errors import Cancelled, Paused, PolyIDError, TrainingError
from polyid.runs.afterwards import settle
from polyid.runs.backup import Backup
from polyid.runs.keeper import RecordKeeper, Scrubbed
from polyid.runs.launch import disk_sentence, start_next
from polyid.runs.notification import tell
from polyid.runs.process import SPACE_TOKEN
from polyid.runs.record import HELD_OUT_FILE, Run, read

if TYPE_CHECKING:
    from polyid.hub.publish import Publication


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
        Exit status: 0 done, 1 failed, 2 cancelled, 3 paused.
    """
    folder = Path(folder)
    run = read(folder)
    token, space_token = os.environ.get("HF_TOKEN"), os.environ.get(SPACE_TOKEN)
    sys.stdout, sys.stderr = (Scrubbed(stream, token, space_token) for stream in (sys.stdout, sys.stderr))
    keeper = RecordKeeper(folder, run.record, token)
    threading.Thread(target=keeper.end_when_cancelled, daemon=True).start()
    backup = Backup(run, token, lambda kept: keeper.update(kept=kept))
    try:
        status = _carry_out(run, keeper, token, train, publish, backup)
    except Paused:
        backup.last()
        keeper.finish("paused", "Paused")
        status = 3
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
        if run.request.review:
            backup.last()
        else:
            backup.forget()
    _see_to_what_follows(run, token, space_token or token)
    return status


def _carry_out(
    run: Run,
    keeper: RecordKeeper,
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
                expected=request.expected_stages(),
                init_from=request.init_from,
                resume=run.resumable,
                progress=keeper.report,
            )
        keeper.stop_if_cancelled()
    if not request.publish:
        keeper.finish("done", "Quick look finished")
        return 0
    if request.review:
        keeper.finish("ready", "Ready to publish")
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
    """Tell whoever wants to know; begin the next run; if there is none, do with the Space what was chosen beforehand."""
    try:
        tell(read(run.folder))
        # Another's run begins with another's token, which the page's process has.
        if start_next(run.folder.parent, lambda _: token, lambda next_: next_.request.user == run.request.user) is None:
            settle(read(run.folder), space_token)
    except Exception:
        traceback.print_exc()


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
