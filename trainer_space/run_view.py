"""A run's record as the page shows it."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from polyid import runs
from polyid.common.progress import duration
from polyid.data.properties import PROPERTIES, property_label
from polyid.report.files import figure_captions, number_text, parity_file
from polyid.web.html import templates

TEMPLATES = templates(Path(__file__).with_name("templates"))
HEADINGS = {"queued": "Starting", "preparing": "Preparing", "training": "Training", "publishing": "Publishing"}
DOING = {
    "queued": "The run's process is starting.",
    "preparing": "Reading the polymers and building their graphs.",
}
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
        return ""
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
    left, done = progress.get("eta_seconds"), progress.get("elapsed_seconds") or 0
    return template.render(
        run=run,
        record=record,
        request=run.request,
        heading="Stopping" if run.cancelling else HEADINGS.get(record.state),
        doing=DOING.get(record.state, record.line),
        share=done / (done + left) if record.state == "training" and left is not None and done else None,
        accuracy=accuracy_table(run) if record.state == "done" else "",
        about=_about(run),
    )


def _about(run: runs.Run) -> str:
    """What was asked for, and how long it takes or took."""
    record, request = run.record, run.request
    labels = [property_label(name) for name in request.properties]
    names = ", ".join(labels) if len(labels) <= 3 else f"{len(labels)} properties"
    about = (
        f"{Path(request.data).name}; {names}; preset {request.preset}, {request.folds} folds, {request.epochs} epochs"
    )
    if not record.started:
        return about
    end = record.finished or record.updated or record.started
    return f"{about}; {'running for' if run.active else 'took'} {duration(end - record.started)}"


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
