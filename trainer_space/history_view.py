"""Runs of the past as the page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from polyid import runs
from polyid.common.progress import duration
from polyid.common.text import formula
from polyid.data.properties import PROPERTIES, property_label
from polyid.report.files import number_text
from polyid.runs.comparison import Comparison, Parity
from polyid.web.html import templates

TEMPLATES = templates(Path(__file__).with_name("templates"))
MOST_POINTS = 600
"""Polymers of a parity plot, of each run."""


def history(known: list[runs.Run]) -> str:
    """All runs as a table."""
    return TEMPLATES.get_template("history.html").render(rows=[_row(run) for run in known])


def _row(run: runs.Run) -> dict[str, Any]:
    record, request = run.record, run.request
    metrics = run.metrics()
    first = next(iter(metrics), None)
    error = "-" if first is None else f"{number_text(metrics[first]['MAE']) or '-'} ({formula(property_label(first))})"
    took = "-"
    if record.started:
        took = duration((record.finished or record.updated or record.started) - record.started)
    cost = run.dollars
    return {
        "name": run.name,
        "state": record.state if request.publish else f"{record.state} (quick look)",
        "settings": f"{request.preset}, {request.folds} folds, {request.epochs} epochs",
        "data": f"{Path(request.data).name} {request.sha256[:7]}",
        "error": error,
        "took": took if cost is None else f"{took}, ${cost:.2f}",
        "commit": (record.commit or "")[:7],
        "commit_url": record.commit_url,
    }


def label(run: runs.Run) -> str:
    """A run in a list to choose from."""
    return f"{run.name}: {run.request.preset}, {run.record.state}"


def comparison(first: runs.Run, second: runs.Run, compared: Comparison) -> str:
    """Two runs side by side as HTML."""
    figures = [
        {"label": property_label(name), "unit": _unit(name), "first": _figure(one), "second": _figure(other)}
        for name, (one, other) in compared.figures.items()
    ]
    return TEMPLATES.get_template("comparison.html").render(
        first=first,
        second=second,
        differences=compared.differences,
        figures=figures,
        plots=[_plot(name, parity) for name, parity in compared.parity.items()],
    )


def _unit(name: str) -> str | None:
    return PROPERTIES[name].unit if name in PROPERTIES else None


def _figure(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "-"
    fit = "" if figures["R2"] is None else f" ({figures['R2']:.2f})"
    return f"{number_text(figures['MAE']) or '-'}{fit}"


def _plot(name: str, parity: Parity) -> dict[str, Any]:
    """Points of both runs in a square from 0 to 1."""
    both = np.concatenate([*parity.measured, *parity.predicted])
    low, high = float(both.min()), float(both.max())
    width = (high - low) or 1.0
    points = []
    for kind, measured, predicted in zip(("train", "validation"), parity.measured, parity.predicted, strict=True):
        step = -(-len(measured) // MOST_POINTS)
        pairs = (np.stack([measured, predicted], axis=1)[::step] - low) / width
        points.append((kind, pairs.tolist()))
    return {
        "label": property_label(name),
        "unit": _unit(name),
        "low": number_text(low) or f"{low:g}",
        "high": number_text(high) or f"{high:g}",
        "points": points,
    }
