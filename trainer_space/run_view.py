"""A run's record as the page shows it."""

from __future__ import annotations

import base64
import math
import re
import time
from pathlib import Path
from typing import Any

from markupsafe import Markup

from polyid import runs
from polyid.bundle.layout import CARD_FILE
from polyid.common.progress import STAGES, duration
from polyid.common.text import formula
from polyid.data.properties import PROPERTIES, property_label
from polyid.report.files import figure_captions, number_text, parity_file
from polyid.web.html import templates

TEMPLATES = templates(Path(__file__).with_name("templates"))
HEADINGS = {"queued": "Starting", "preparing": "Preparing", "training": "Training", "publishing": "Publishing"}
LEFT, RIGHT, LOW, HIGH = 44, 408, 196, 12
"""Edges of the loss curve in its picture, 420 wide and 236 high."""


def curve(run: runs.Run | None) -> str:
    """Training and validation loss over the epochs, one line a group of folds, as SVG in the page's own colours."""
    history = [row for row in run.history() if row["phase"] == "training" and row["epoch"]] if run is not None else []
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in history:
        for name in ("train", "validation"):
            if row[f"{name}_loss"] is not None:
                lines.setdefault((name, row["folds"]), []).append((row["epoch"], row[f"{name}_loss"]))
    losses = sorted(loss for line in lines.values() for _, loss in line)
    if run is None or not losses:
        return _first_epoch(run)
    # The first steps of a network may be far off; they must not flatten the rest.
    usual = losses[int(0.98 * (len(losses) - 1))]
    top = 1.05 * min(losses[-1], 1.5 * usual) or 1.0
    epochs = max(run.record.progress["epochs"] if run.record.progress else 0, history[-1]["epoch"])

    def x(epoch: float) -> float:
        return LEFT + (RIGHT - LEFT) * epoch / epochs

    def y(loss: float) -> float:
        return LOW - (LOW - HIGH) * min(loss / top, 1)

    return TEMPLATES.get_template("curve.html").render(
        left=LEFT,
        right=RIGHT,
        low=LOW,
        loss_ticks=[(y(tick), f"{tick:g}") for tick in _ticks(top)],
        epoch_ticks=[(x(tick), f"{tick:g}") for tick in _ticks(epochs)],
        lines=[(name, [(x(epoch), y(loss)) for epoch, loss in line]) for (name, _), line in lines.items()],
        last=", ".join(f"{name} {line[-1][1]:.3f}" for (name, _), line in list(lines.items())[-2:]),
    )


def _first_epoch(run: runs.Run | None) -> str:
    """An empty plot that says what it waits for."""
    loss = (run.record.progress or {}).get("train_loss") if run is not None and run.record.state == "training" else None
    if loss is None:
        return ""
    return TEMPLATES.get_template("curve_begins.html").render(loss=f"{loss:.3f}")


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 to `top`, four or so."""
    step = 10 ** math.floor(math.log10(top))
    step = next(step * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2) if top / (step * factor) <= 5)
    return [round(step * number, 10) for number in range(int(top / step) + 1)]


def card(run: runs.Run | None) -> str:
    """The run's panel as HTML."""
    template = TEMPLATES.get_template("run.html")
    if run is None:
        return template.render(run=None)
    record, progress = run.record, run.record.progress or {}
    left = _seconds_left(run)
    done = time.time() - record.started if record.started else 0.0
    return template.render(
        run=run,
        record=record,
        request=run.request,
        heading="Stopping" if run.cancelling else "Pausing" if run.pausing else HEADINGS.get(record.state),
        doing=_doing(run, left),
        share=done / (done + left) if left is not None and done else None,
        stages=_stages(run, progress),
        accuracy=accuracy_table(run) if record.state in ("done", "ready") else "",
        waiting=[waiting.name for waiting in runs.queue(run.folder.parent)],
        about=_about(run),
        kept=_kept(run),
    )


def _kept(run: runs.Run) -> str:
    """What is kept of a run on the Hub until its model is published, or why nothing is."""
    kept = run.record.kept
    if not kept or run.record.state == "done":
        return ""
    at, branch = kept.get("at"), kept.get("branch")
    so_far = "" if at is None else f"Kept on the Hub {duration(time.time() - at)} ago, in the branch {branch}."
    if not kept.get("error"):
        return f"{so_far} It is deleted when the model is published."
    goes_on = " The run goes on without." if run.active else ""
    return f"{so_far} It could not be kept on the Hub: {kept['error']}{goes_on}".strip()


def _seconds_left(run: runs.Run) -> float | None:
    """To the end of the whole run, before its first report as it was estimated; it goes down between two reports, and never to nothing."""
    record, request = run.record, run.request
    if record.progress is not None:
        left, since = record.progress.get("eta_seconds"), record.updated
    else:
        left, since = sum(request.expected_stages().values()) if request.expected else None, record.started
    if not run.active or left is None:
        return None
    return max(1.0, left - max(0.0, time.time() - (since or time.time())))


def _doing(run: runs.Run, left: float | None) -> str:
    """What the run is at, and when it will be done."""
    if run.record.state == "queued":
        return "The run's process is starting."
    line = run.record.line.partition(" · ETA")[0]
    return line if left is None else f"{line} · about {duration(left)} left"


def _stages(run: runs.Run, progress: dict[str, Any]) -> list[dict[str, str]]:
    """The stages of a run: what is done, what it is at, and what is ahead."""
    began = run.record.stages or {}
    names = [name for name in STAGES if name != "upload" or run.request.publish]
    now = progress.get("phase") or next(iter(STAGES))
    rows = []
    for name in names:
        after = [began[other] for other in names[names.index(name) + 1 :] if other in began]
        if name == now:
            share = progress.get("share")
            told = "now" if share is None else f"{100 * share:.0f} %"
            rows.append({"label": STAGES[name], "state": "now", "told": told})
        elif names.index(name) < names.index(now):
            told = duration(after[0] - began[name]) if name in began and after else ""
            rows.append({"label": STAGES[name], "state": "done", "told": told})
        else:
            rows.append({"label": STAGES[name], "state": "ahead", "told": ""})
    return rows


def _about(run: runs.Run) -> str:
    """What was asked for, how long it takes or took, how fast it is and what it costs."""
    record, request = run.record, run.request
    labels = [formula(property_label(name)) for name in request.properties]
    names = ", ".join(labels) if len(labels) <= 3 else f"{len(labels)} properties"
    about = (
        f"{Path(request.data).name}; {names}; preset {request.preset}, {request.folds} folds, {request.epochs} epochs"
    )
    if request.changes:
        about += "; " + ", ".join(f"{name} {value:g}" for name, value in request.changes.items())
    if not record.started:
        return about
    end = time.time() if run.active else record.finished or record.updated or record.started
    about += f"; {'running for' if run.active else 'took'} {duration(end - record.started)}"
    speed = (record.progress or {}).get("polymers_per_second")
    if record.state == "training" and speed:
        about += f"; {speed:.0f} polymers a second"
    return about if run.dollars is None else f"{about}; ${run.dollars:.2f} {'so far' if run.active else 'in all'}"


def accuracy_table(run: runs.Run) -> str:
    """Out-of-fold errors a property, and what its intervals hold where it has them, from the bundle."""
    metrics = run.metrics()
    if not metrics:
        return ""
    levels = [figures["level"] for figures in metrics.values() if figures.get("coverage") is not None]
    rows = [_accuracy(name, figures) for name, figures in metrics.items()]
    table = TEMPLATES.get_template("accuracy.html").render(rows=rows, level=levels[0] if levels else None)
    return Markup(table)


def _accuracy(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """One property's line of the table."""
    share = figures.get("coverage")
    return {
        "label": property_label(name),
        "n": figures["n"],
        "error": number_text(figures["MAE"]) or "-",
        "unit": PROPERTIES[name].unit if name in PROPERTIES else None,
        "fit": "-" if figures["R2"] is None else f"{figures['R2']:.2f}",
        "within": "-" if share is None else f"{100 * share:.0f} %",
        "width": number_text(figures.get("width")) or "-",
    }


def model_card(run: runs.Run | None) -> str:
    """The card of a trained model as text in Markdown; its pictures are those of the report."""
    path = run.bundle / CARD_FILE if run is not None and run.trained else None
    if path is None or not path.is_file():
        return ""
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"!\[[^\]]*\]\([^)]*\)\n?", "", text)


def report(run: runs.Run | None) -> str:
    """The figures of a trained model's report."""
    if run is None or not run.trained:
        return ""
    names = list(run.metrics())
    pictures = {
        path: {"caption": caption, "data": base64.b64encode((run.bundle / path).read_bytes()).decode()}
        for path, caption in figure_captions(names).items()
        if (run.bundle / path).is_file()
    }
    if not pictures:
        return ""
    parity_files = {parity_file(name) for name in names}
    return TEMPLATES.get_template("report.html").render(
        parity_plots=[picture for path, picture in pictures.items() if path in parity_files],
        others=[picture for path, picture in pictures.items() if path not in parity_files],
    )
