"""A run's record as the page shows it."""

from __future__ import annotations

import base64
import html
import math
from pathlib import Path

from polyid import runs
from polyid.common.progress import duration
from polyid.data.properties import PROPERTIES
from polyid.report.files import figure_captions, number_text, parity_file

HEADINGS = {"queued": "Starting", "preparing": "Preparing", "training": "Training", "publishing": "Publishing"}
DOING = {
    "queued": "The run's process is starting.",
    "preparing": "Reading the polymers and building their graphs.",
}


def curve(run: runs.Run | None) -> str:
    """Training and validation loss over the epochs, one line a group of folds, as SVG in the page's own colours."""
    history = [row for row in run.history() if row["phase"] == "training" and row["epoch"]] if run is not None else []
    lines: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in history:
        for name in ("train", "validation"):
            if row[f"{name}_loss"] is not None:
                lines.setdefault((name, row["folds"]), []).append((row["epoch"], row[f"{name}_loss"]))
    losses = sorted(loss for line in lines.values() for _, loss in line)
    if not losses:
        return ""
    # The first steps of a network may be far off; they must not flatten the rest.
    usual = losses[int(0.98 * (len(losses) - 1))]
    top = 1.05 * min(losses[-1], 1.5 * usual) or 1.0
    epochs = max(run.record.progress["epochs"] if run.record.progress else 0, history[-1]["epoch"])
    left, right, low, high = 44, 408, 196, 12
    parts = []
    for tick in _ticks(top):
        y = low - (low - high) * tick / top
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _ticks(epochs):
        x = left + (right - left) * tick / epochs
        parts.append(f'<text x="{x:.1f}" y="{low + 16}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{(left + right) / 2}" y="{low + 33}" text-anchor="middle">epoch</text>')
    for (name, _), line in lines.items():
        points = " ".join(
            f"{left + (right - left) * epoch / epochs:.1f},{low - (low - high) * min(loss / top, 1):.1f}"
            for epoch, loss in line
        )
        parts.append(f'<polyline class="{name}" points="{points}"/>')
    last = ", ".join(f"{name} {lines[name, folds][-1][1]:.3f}" for name, folds in list(lines)[-2:])
    return (
        '<figure class="curve"><figcaption>Loss <span class="train">training</span> '
        '<span class="validation">validation</span></figcaption>'
        f'<svg viewBox="0 0 420 236" role="img" aria-label="Loss over epochs, last: {last}">{"".join(parts)}</svg>'
        "</figure>"
    )


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 to `top`, four or so."""
    step = 10 ** math.floor(math.log10(top))
    step = next(step * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2) if top / (step * factor) <= 5)
    return [round(step * number, 10) for number in range(int(top / step) + 1)]


def card(run: runs.Run | None) -> str:
    """The run's panel as HTML."""
    if run is None:
        return (
            '<div class="run"><h3>No run yet</h3><p class="quiet">Choose data and properties, then start training. '
            "Progress, the loss curve and the published commit appear here.</p></div>"
        )
    record, request = run.record, run.request
    parts = []
    if run.active:
        progress = record.progress or {}
        left, done = progress.get("eta_seconds"), progress.get("elapsed_seconds") or 0
        share = f' value="{done / (done + left):.4f}"' if left is not None and done else ""
        parts.append(f"<h3>{'Stopping' if run.cancelling else HEADINGS[record.state]}</h3>")
        parts.append(f"<p>{html.escape(DOING.get(record.state, record.line))}</p>")
        parts.append(
            f'<progress max="1"{share if record.state == "training" else ""} aria-label="Progress"></progress>'
        )
    elif record.state == "done":
        parts.append("<h3>Training complete</h3>")
        link, commit = html.escape(record.commit_url or "", quote=True), html.escape((record.commit or "")[:8])
        tag = f", tag <code>{html.escape(request.tag)}</code>" if request.tag else ""
        parts.append(
            f"<p>Published to <strong>{html.escape(request.repo_id)}</strong>, commit "
            f'<a href="{link}" target="_blank" rel="noopener"><code>{commit}</code></a>{tag}.</p>'
        )
        parts.append(accuracy_table(run))
        parts.append(
            "<p>Next: the inference Space of this repo takes up the new commit by itself, or at its next restart. "
            "Pause this Space in its settings to stop paying for its hardware.</p>"
        )
    elif record.state == "cancelled":
        parts.append("<h3>Cancelled</h3><p>Nothing was published.</p>")
    else:
        parts.append(f'<h3>{html.escape(record.line)}</h3><p role="alert">{html.escape(record.error or "")}</p>')
    labels = [PROPERTIES[name].label if name in PROPERTIES else name for name in request.properties]
    names = ", ".join(labels) if len(labels) <= 3 else f"{len(labels)} properties"
    about = (
        f"{Path(request.data).name}; {names}; preset {request.preset}, {request.folds} folds, {request.epochs} epochs"
    )
    if record.started:
        end = record.finished or record.updated or record.started
        about += f"; {'running for' if run.active else 'took'} {duration(end - record.started)}"
    parts.append(f'<p class="quiet">{html.escape(about)}</p>')
    return f'<div class="run">{"".join(parts)}</div>'


def accuracy_table(run: runs.Run) -> str:
    """Out-of-fold errors a property, and what its intervals hold where it has them, from the bundle."""
    found = run.metrics()
    levels = [numbers["level"] for numbers in found.values() if numbers.get("coverage") is not None]
    rows = []
    for name, numbers in found.items():
        known = PROPERTIES.get(name)
        unit = html.escape((known.unit if known else None) or "").replace("(", "<wbr>(")
        fit, share = numbers["R2"], numbers.get("coverage")
        cells = [
            str(numbers["n"]),
            number_text(numbers["MAE"]) or "-",
            unit,
            "-" if fit is None else f"{fit:.2f}",
        ]
        if levels:
            cells += ["-" if share is None else f"{100 * share:.0f} %", number_text(numbers.get("width")) or "-"]
        label = html.escape(known.label if known else name)
        rows.append(f'<tr><th scope="row">{label}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    if not rows:
        return ""
    heads = ["Property", "Values", "Error", "Unit", "R²"]
    about = "Mean absolute error on polymers the networks had not seen (out of fold)"
    if levels:
        heads += ["Within", "Width"]
        about += f"; share of them within their {100 * levels[0]:g} % interval, and its mean width"
    return (
        f"<table{' class=intervals' if levels else ''}><caption class='quiet'>{about}</caption><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def report(run: runs.Run | None) -> str:
    """The figures of a trained model's report, the pictures within the HTML: no file of a run has an address."""
    if run is None or not run.trained:
        return ""
    names = list(run.metrics())
    plots, others = [], []
    for path, caption in figure_captions(names).items():
        if not (run.bundle / path).is_file():
            continue
        data = base64.b64encode((run.bundle / path).read_bytes()).decode()
        text = html.escape(caption)
        image = f'<img src="data:image/png;base64,{data}" alt="{text}">'
        if path in map(parity_file, names):
            plots.append(f"<figure>{image}</figure>")
        else:
            others.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")
    if not plots and not others:
        return ""
    return (
        '<section class="report"><h3>Report</h3>'
        f'<div class="plots">{"".join(plots)}</div><div class="plots wide">{"".join(others)}</div></section>'
    )
