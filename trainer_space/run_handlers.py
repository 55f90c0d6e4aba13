"""What the page does with runs: it starts, cancels, resumes and watches them."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import Any

import access
import estimate_handlers
import form_handlers
import gradio as gr
import history_view
import run_view
import train_models
from data_handlers import tables_on_offer

from polyid import runs
from polyid.config.parameters import DEFAULT_SPLIT
from polyid.errors import PolyIDError, TrainingError
from polyid.hub.destination import read_account
from polyid.runs.launch import disk_sentence
from polyid.web.html import notice

logger = logging.getLogger(__name__)

Answer = dict[str, Any]
"""``{"ok", "message", "run"}``: the same for programs as the page's sentence."""
QUICK = {"preset": "small", "folds": 2, "epochs": 8}
"""A quick look: about a minute on the bundled table."""


def said_of(message: str, kind: str = "", run: runs.Run | None = None) -> tuple[str, Answer]:
    """A sentence for the page and for programs, who are told the run that it is about."""
    return notice(message, kind), {"ok": run is not None, "message": message, "run": run.name if run else None}


def answering(handler: Callable[..., tuple[str, Answer]]) -> Callable[..., tuple[str, Answer]]:
    """Whatever a handler raises becomes a sentence on the page and for programs; what nobody foresaw is in the log too."""

    @functools.wraps(handler)
    def answered(*arguments: Any, **keywords: Any) -> tuple[str, Answer]:
        try:
            return handler(*arguments, **keywords)
        except PolyIDError as problem:
            return said_of(str(problem), "error")
        except OSError as problem:
            logger.exception("%s", handler.__name__)
            return said_of(disk_sentence(problem), "error")
        except Exception as problem:
            logger.exception("%s", handler.__name__)
            return said_of(
                f"Something went wrong that nobody foresaw ({type(problem).__name__}): the Space's log says more.",
                "error",
            )

    return answered


def default_repo(typed: str | None) -> tuple[Any, str]:
    """Fill the repo box on arrival, and say at once when there is nobody to publish as."""
    try:
        name = read_account(access.token()).name
    except PolyIDError as problem:
        return gr.skip(), notice(str(problem), "error")
    return gr.skip() if typed else f"{name}/polyid-models", ""


@answering
def start_training(
    data: str | None,
    properties: list[str],
    preset: str,
    epochs: float | None,
    folds: float | None,
    seed: float | None,
    repo_id: str | None,
    tag: str | None,
    branch: str | None,
    private: bool,
    upload: str | None = None,
    pasted: str | None = None,
    dataset: str | None = None,
    split: str = DEFAULT_SPLIT,
    columns: train_models.Columns | None = None,
    notes: str | None = None,
    afterwards: str | None = "keep",
    batch_size: str | float | None = None,
    learning_rate: str | float | None = None,
    decay: str | float | None = None,
    atom_features: str | float | None = None,
    num_messages: str | float | None = None,
    dropout: str | float | None = None,
    init_from: str | None = None,
    freeze: str | None = None,
    review: bool = False,
) -> tuple[str, Answer]:
    """Start a run; answers a sentence for the page and the same for programs as ``{"ok", "message", "run"}``."""
    path = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
    # Right after opening, the box of the repo may not be filled yet.
    repo_id = repo_id or f"{read_account(access.token()).name}/polyid-models"
    advanced = (batch_size, learning_rate, decay, atom_features, num_messages, dropout)
    changes = form_handlers.changes(advanced)
    plan = None
    start, sizes = train_models.starting_point(init_from)
    if path is not None and properties:
        plan = estimate_handlers.plan_of(path, properties, preset, epochs, folds, seed, split, columns, advanced, sizes)
    kept = {"freeze": freeze} if freeze else {}
    run = train_models.start_run(
        runs.default_folder(),
        path,
        properties=properties,
        preset=preset,
        epochs=epochs,
        folds=folds,
        seed=seed,
        repo_id=repo_id,
        tag=tag,
        branch=branch,
        private=private,
        split=split,
        columns=columns,
        changes={**(changes or {}), **kept} or None,
        init_from=start,
        review=bool(review),
        notes=(notes or "").strip() or None,
        afterwards=afterwards or "keep",
        expected=estimate_handlers.expected(plan) if plan else None,
        dollars_an_hour=estimate_handlers.dollars_an_hour(),
    )
    return _begun(run, "Training has started. You may close this page and come back: the run goes on.")


@answering
def quick_look(
    data: str | None,
    properties: list[str],
    *form: Any,
) -> tuple[str, Answer]:
    """Train a small network for a minute on the chosen data, and publish nothing: to see that all works."""
    upload, pasted, dataset, split, columns = form[8:13]
    run = train_models.start_run(
        runs.default_folder(),
        train_models.find_data(tables_on_offer(), data, upload, pasted, dataset),
        properties=properties,
        seed=0,
        repo_id="",
        split=None if (split or "").startswith("column:") else split,
        columns=columns,
        publish=False,
        dollars_an_hour=estimate_handlers.dollars_an_hour(),
        **QUICK,
    )
    return _begun(run, "A quick look has started: it takes a minute or so, and publishes nothing.")


def _begun(run: runs.Run, message: str) -> tuple[str, Answer]:
    if not run.waiting:
        return said_of(message, "good", run)
    place = [waiting.name for waiting in runs.queue(run.folder.parent)].index(run.name) + 1
    return said_of(
        f"A training run is at work already: this one waits its turn, as number {place} in the queue.", "good", run
    )


@answering
def cancel_training() -> tuple[str, Answer]:
    """Ask the run at work to stop; answers as `start_training` does."""
    run = runs.latest(runs.default_folder())
    if run is None or not run.active:
        return said_of("No training run is at work.")
    runs.cancel(run.folder)
    return said_of("The run stops at its next step; what is finished is kept.", run=run)


@answering
def pause_training() -> tuple[str, Answer]:
    """Ask the run at work to stop at its next checkpoint; answers as `start_training` does."""
    run = runs.latest(runs.default_folder())
    if run is None or not run.active:
        return said_of("No training run is at work.")
    runs.pause(run.folder)
    return said_of("The run pauses at its next checkpoint, within a minute or so; nothing of it is lost.", run=run)


def ask_cancel() -> tuple:
    """Show the question instead of the button."""
    return gr.update(visible=False), gr.update(visible=True)


def asked_cancel() -> tuple:
    """Show the button again."""
    return gr.update(visible=True), gr.update(visible=False)


@answering
def resume_training(
    repo_id: str | None, tag: str | None, branch: str | None, private: bool, notes: str | None = None
) -> tuple[str, Answer]:
    """Continue the last run, or publish its model again, to the repo named in the form; answers as `start_training`."""
    run = runs.latest(runs.default_folder())
    if run is None:
        raise TrainingError("There is no run to go on with: start one first.")
    run = train_models.publish_run(run, repo_id=repo_id, tag=tag, branch=branch, private=private, notes=notes)
    return said_of("The run goes on.", "good", run)


def run_status() -> dict:
    """The last run: state, line of progress, error, commit; ``{"state": "none"}`` before the first one."""
    run = runs.latest(runs.default_folder())
    return run.summary() if run is not None else {"state": "none", "active": False}


def all_runs() -> list[dict]:
    """All runs, the newest first, each as `run_status` has it."""
    return [run.summary() for run in runs.every(runs.default_folder())]


def log(seen: str | None) -> Any:
    """The end of the log of the run that is shown."""
    run = runs.latest(runs.default_folder())
    text = run.log() if run is not None else ""
    return gr.skip() if text == (seen or "") else text


def watch(seen: str) -> list:
    """What changed since the page last looked; nothing is redrawn otherwise, but the clock of a run at work."""
    known = runs.every(runs.default_folder())
    run = runs.latest(runs.default_folder())
    states = " ".join(f"{one.name}={one.record.state}" for one in known)
    now = (
        "none"
        if run is None
        else f"{run.name} {run.record.state} {run.record.updated} {run.cancelling}{run.pausing} {states}"
    )
    second = str(int(time.time())) if run is not None and run.active else ""
    before, _, seen_second = seen.partition("|")
    if now == before:
        told = [gr.skip()] * OUTPUTS
        if second != seen_second:
            told[0], told[2] = f"{now}|{second}", run_view.card(run)
        return told
    card, curve, report = run_view.card(run), run_view.curve(run), run_view.report(run)
    pausable = run is not None and run.active and run.record.state != "publishing"
    history = _history(known) if states != before.partition(" ")[2].split(" ", 3)[-1] else [gr.skip()] * 4
    if run is None:
        hidden = gr.update(visible=False)
        return [now, gr.skip(), card, curve, hidden, hidden, hidden, report, hidden, *history, hidden, hidden, ""]
    began = before.split()[:2]
    # What was said about the run at work is no longer true once it has ended.
    ended = not run.active and began[:1] == [run.name] and began[1] in runs.ACTIVE
    unfinished = run.record.state in GOES_ON and (run.trained or run.resumable)
    same = began[:1] == [run.name] and began[1] in runs.ACTIVE and run.active and not run.cancelling
    return [
        f"{now}|{second}",
        "" if ended else gr.skip(),
        card,
        curve,
        # A question that is being asked is not taken away by a line of progress.
        gr.skip() if same else gr.update(visible=run.active and not run.cancelling),
        gr.skip() if same else gr.update(visible=False),
        gr.update(visible=unfinished, value=_go_on(run)),
        report,
        gr.update(visible=True),
        *history,
        gr.update(visible=pausable and not run.cancelling and not run.pausing),
        gr.update(visible=run.trained),
        run_view.model_card(run),
    ]


OUTPUTS = 16
"""Of `watch`."""
GOES_ON = ("failed", "cancelled", "paused", "ready")
"""States of a run that a button goes on with."""


def _go_on(run: runs.Run) -> str:
    if run.record.state == "ready":
        return "Publish"
    return "Publish again" if run.trained else "Continue training"


def _history(known: list[runs.Run]) -> list:
    choices = [(history_view.label(run), run.name) for run in known]
    return [
        gr.update(visible=bool(known)),
        history_view.history(known),
        gr.update(choices=choices),
        gr.update(choices=choices),
    ]
