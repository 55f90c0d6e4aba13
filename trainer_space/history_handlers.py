"""What the page does with runs of the past: it shows, compares, publishes and deletes them."""

from __future__ import annotations

from typing import Any

import access
import gradio as gr
import history_view
import run_view
import train_models
from run_handlers import Answer, answering, said_of

from polyid import runs
from polyid.errors import PolyIDError, TrainingError
from polyid.hub.working import forget_working
from polyid.runs.comparison import compare as compared
from polyid.web.html import notice


def _run(name: str | None) -> runs.Run:
    """A run by its name.

    Raises
    ------
    TrainingError
        There is none.
    """
    for run in runs.every(runs.default_folder()):
        if run.name == name:
            return run
    raise TrainingError(
        "No run is chosen: choose one from the list." if not name else f"There is no run {name} any more."
    )


def look(name: str | None) -> tuple[str, str]:
    """A run's settings, figures and report."""
    try:
        run = _run(name)
    except PolyIDError as problem:
        return notice(str(problem), "error"), ""
    return "", run_view.card(run) + run_view.report(run)


def compare(name: str | None, other: str | None) -> tuple[str, str]:
    """Two runs side by side."""
    try:
        first, second = _run(name), _run(other)
        if first.name == second.name:
            raise TrainingError("These are the same run: choose another to compare with.")
    except PolyIDError as problem:
        return notice(str(problem), "error"), ""
    return "", history_view.comparison(first, second, compared(first, second))


@answering
def publish(
    name: str | None, repo_id: str | None, tag: str | None, branch: str | None, private: bool, notes: str | None = None
) -> tuple[str, Answer]:
    """Publish the model of a run of the past to the repo named in the form."""
    run = _run(name)
    if not run.trained:
        raise TrainingError("This run has no model to publish: continue it, or choose another.")
    run = train_models.publish_run(run, repo_id=repo_id, tag=tag, branch=branch, private=private, notes=notes)
    return said_of(f"{run.name} is being published.", "good", run)


def ask_delete(name: str | None) -> tuple[str, Any]:
    """Ask before anything is deleted."""
    try:
        run = _run(name)
    except PolyIDError as problem:
        return notice(str(problem), "error"), gr.update(visible=False)
    if run.active:
        return notice("This run is at work: cancel it first.", "error"), gr.update(visible=False)
    what = "Its model, data and log are deleted for good; what was published stays on the Hub." if run.trained else ""
    return notice(f"Delete {run.name}? {what}"), gr.update(visible=True)


def delete(name: str | None) -> tuple[str, Answer, Any]:
    """Delete a run, or take it out of the queue."""
    return *_deleted(name), gr.update(visible=False)


@answering
def _deleted(name: str | None) -> tuple[str, Answer]:
    run = _run(name)
    runs.delete(run.folder)
    if not (kept := run.record.kept) or kept.get("at") is None:
        return said_of(f"{run.name} is deleted.", "good", run)
    try:
        forget_working(kept["repo_id"], run.name, access.token())
    except PolyIDError as problem:
        return said_of(f"{run.name} is deleted here; the branch {kept['branch']} is still there: {problem}", "", run)
    return said_of(f"{run.name} is deleted, on the Hub too.", "good", run)
