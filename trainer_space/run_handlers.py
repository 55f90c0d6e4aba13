"""What the page does with runs: it starts, cancels, resumes and watches them."""

from __future__ import annotations

from typing import Any

import gradio as gr
import run_view
import train_models
from data_handlers import tables_on_offer
from huggingface_hub import get_token

from polyid import runs
from polyid.config.parameters import DEFAULT_SPLIT, PRESETS
from polyid.errors import HubError, PolyIDError
from polyid.hub.destination import read_account
from polyid.web.html import notice

Answer = dict[str, Any]
"""``{"ok", "message", "run"}``: the same for programs as the page's sentence."""


def preset_settings(preset: str) -> tuple[int, int]:
    """Epochs and folds a preset comes with."""
    return PRESETS[preset]["epochs"], PRESETS[preset]["kfolds"]


def default_repo(typed: str | None) -> tuple[Any, str]:
    """Fill the repo box on arrival, and say at once when there is nobody to publish as."""
    try:
        name = read_account(get_token()).name
    except HubError as problem:
        return gr.skip(), notice(str(problem), "error")
    return gr.skip() if typed else f"{name}/polyid-models", ""


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
) -> tuple[str, Answer]:
    """Start a run; answers a sentence for the page and the same for programs as ``{"ok", "message", "run"}``."""
    try:
        run = train_models.start_run(
            runs.default_folder(),
            train_models.find_data(tables_on_offer(), data, upload, pasted, dataset),
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
        )
    except PolyIDError as problem:
        return _answer(str(problem), "error")
    return _answer("Training has started. You may close this page and come back: the run goes on.", "good", run)


def cancel_training() -> tuple[str, Answer]:
    """Ask the run at work to stop; answers as `start_training` does."""
    run = runs.latest(runs.default_folder())
    if run is None or not run.active:
        return _answer("No training run is at work.")
    runs.cancel(run.folder)
    return _answer("The run will stop at the end of this epoch.", run=run)


def resume_training(repo_id: str | None, tag: str | None, branch: str | None, private: bool) -> tuple[str, Answer]:
    """Continue the last run, or publish its model again, to the repo named in the form; answers as `start_training`."""
    try:
        run = train_models.resume_run(runs.default_folder(), repo_id=repo_id, tag=tag, branch=branch, private=private)
    except PolyIDError as problem:
        return _answer(str(problem), "error")
    return _answer("The run goes on.", "good", run)


def _answer(message: str, kind: str = "", run: runs.Run | None = None) -> tuple[str, Answer]:
    """A sentence for the page and for programs, who are told the run that it is about."""
    return notice(message, kind), {"ok": run is not None, "message": message, "run": run.name if run else None}


def run_status() -> dict:
    """The last run: state, line of progress, error, commit; ``{"state": "none"}`` before the first one."""
    run = runs.latest(runs.default_folder())
    return run.summary() if run is not None else {"state": "none", "active": False}


def watch(seen: str) -> list:
    """What changed since the page last looked; nothing is redrawn otherwise."""
    run = runs.latest(runs.default_folder())
    now = "none" if run is None else f"{run.name} {run.record.state} {run.record.updated} {run.cancelling}"
    if now == seen:
        return [gr.skip()] * 7
    card, curve, report = run_view.card(run), run_view.curve(run), run_view.report(run)
    if run is None:
        return [now, gr.skip(), card, curve, gr.update(visible=False), gr.update(visible=False), report]
    # What was said about the run at work is no longer true once it has ended.
    ended = not run.active and seen.split()[:1] == [run.name] and seen.split()[1] in runs.ACTIVE
    unfinished = run.record.state in ("failed", "cancelled") and (run.trained or run.resumable)
    return [
        now,
        "" if ended else gr.skip(),
        card,
        curve,
        gr.update(visible=run.active, interactive=not run.cancelling),
        gr.update(visible=unfinished, value="Publish again" if run.trained else "Continue training"),
        report,
    ]
