"""What the page does with runs that were kept on the Hub: it offers them, goes on with one, or has it deleted."""

from __future__ import annotations

import os
from typing import Any

import access
import gradio as gr
import train_models
from data_handlers import tables_on_offer
from run_handlers import Answer, answering, said_of

from polyid import runs
from polyid.errors import PolyIDError, TrainingError
from polyid.hub.destination import read_account
from polyid.hub.working import forget_working
from polyid.runs.restore import KeptRun, restore, unfinished
from polyid.web.html import notice


def _repo(typed: str | None) -> str:
    """The repo of the form; on arrival, the one that is filled in."""
    named = (typed or "").strip() or os.environ.get("POLYID_MODEL_REPO", "").partition("@")[0]
    return named or f"{read_account(access.token()).name}/polyid-models"


def _found(repo_id: str | None) -> list[KeptRun]:
    return unfinished(_repo(repo_id), runs.default_folder(), access.token())


def look(repo_id: str | None) -> tuple[Any, str, Any]:
    """Whether the repo keeps runs that this machine has not: the box, what it says, and the runs to choose from."""
    try:
        found = _found(repo_id)
    except PolyIDError:
        found = []  # the account's notice says what is wrong with the Hub
    if not found:
        # Gradio's list of choices raises in the browser where it is emptied while one is chosen; nobody sees it now.
        return gr.update(visible=False), "", gr.update()
    one = "An unfinished run is" if len(found) == 1 else f"{len(found)} unfinished runs are"
    said = f"{one} kept on the Hub: this machine lost it. Going on ends at the same weights."
    said += f" The last one is {found[0].line}."
    choices = [(kept.line, kept.working.name) for kept in found]
    return gr.update(visible=True), notice(said), gr.update(choices=choices, value=choices[0][1])


def unfinished_runs(repo_id: str | None = None) -> list[dict]:
    """Runs that the model repo keeps and this machine has not: ``{"run", "line"}`` each, the newest first."""
    return [{"run": kept.working.name, "line": kept.line} for kept in _found(repo_id)]


def _chosen(repo_id: str | None, name: str | None) -> KeptRun:
    found = _found(repo_id)
    for kept in found:
        if kept.working.name == name or (not name and kept is found[0]):
            return kept
    raise TrainingError(f"{_repo(repo_id)} keeps no run {name or 'that is not here'}: reload the page.")


@answering
def go_on(
    repo_id: str | None,
    name: str | None = None,
    data: str | None = None,
    upload: str | None = None,
    pasted: str | None = None,
    dataset: str | None = None,
) -> tuple[str, Answer]:
    """Bring a run back from the Hub and go on with it; the newest if none is named. A table that isn't kept is the form's."""
    kept = _chosen(repo_id, name)
    table = None
    if kept.request is not None:
        table = train_models.find_data(tables_on_offer(), data, upload, pasted, dataset)
    run = restore(
        runs.default_folder(),
        kept.working,
        tables=[*([table] if table else []), *tables_on_offer().values()],
        space=os.environ.get("SPACE_ID"),
        user=access.name(),
        token=access.token(),
    )
    run = runs.resume(run.folder, token=access.token())
    return said_of(f"Run {run.name} is here again and goes on.", "good", run)


@answering
def forget(repo_id: str | None, name: str | None = None) -> tuple[str, Answer]:
    """Delete what the Hub keeps of a run."""
    if not name:
        raise TrainingError("No run is chosen: choose one from the list.")
    kept = _chosen(repo_id, name)
    forget_working(kept.working.repo_id, kept.working.name, access.token())
    return notice(f"{name} is deleted on the Hub.", "good"), {"ok": True, "message": "deleted", "run": name}
