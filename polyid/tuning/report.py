"""The trials of a search as a table and as a page: what was tried, what came of it, and what to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from polyid.common.files import write_text
from polyid.data.properties import property_label

TABLE_FILE, PAGE_FILE, BEST_FOLDER = "trials.csv", "report.md", "best"
SHOWN = 20
"""Trials of the page; the table has all."""


def best_of(tried: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The trial of the smallest error; the first of several."""
    finished = [trial for trial in tried if trial["error"] is not None]
    return min(finished, key=lambda trial: trial["error"], default=None)


def write_report(folder: Path, tried: Sequence[Mapping[str, Any]], command: str) -> None:
    """Write `TABLE_FILE` and `PAGE_FILE` of the trials so far.

    Parameters
    ----------
    folder : path
    tried : sequence of mapping
        As `polyid.tuning.study.Study.tried`; the first trial is the preset's own.
    command : str
        That trains the best one again.
    """
    frame = pd.DataFrame([_row(trial) for trial in tried])
    write_text(folder / TABLE_FILE, frame.to_csv(index=False))
    write_text(folder / PAGE_FILE, _page(tried, command))


def settings_of(values: Mapping[str, float]) -> str:
    """Parameters as ``polyid train --set`` takes them."""
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())


def _row(trial: Mapping[str, Any]) -> dict[str, Any]:
    figures = {f"{name}_MAE": own.get("MAE") for name, own in trial["figures"].items()}
    shown = {name: trial[name] for name in ("number", "error", "seconds", "problem")}
    return {**shown, **trial["values"], **figures}


def _page(tried: Sequence[Mapping[str, Any]], command: str) -> str:
    best, own = best_of(tried), tried[0]
    lines = ["# Search for parameters", ""]
    failed = sum(trial["error"] is None for trial in tried)
    lines += [
        f"{len(tried)} trials, {failed} of them failed. The error is the root mean squared out-of-fold error in standard deviations "
    ]
    lines += ["of each property's values, mean over the properties.", ""]
    if best is not None:
        lines += [f"Best is trial {best['number']}, error {best['error']:.4f}: `{settings_of(best['values'])}`.", ""]
        lines += _against_preset(best, own)
        lines += [f"Its model is in `{BEST_FOLDER}/`. To train it again: `{command}`", ""]
        lines += [
            "The best of several trials looks better than it is, as chance helps to choose it: judge it on polymers that no trial was "
            "judged on, or by folds of another seed.",
            "",
        ]
    names = list(own["values"])
    lines += [_cells(["trial", "error", *names, "seconds"]), _cells(["---"] * (3 + len(names)))]
    finished = sorted((trial for trial in tried if trial["error"] is not None), key=lambda trial: trial["error"])
    for trial in finished[:SHOWN]:
        values = [f"{trial['values'][name]:.4g}" for name in names]
        lines.append(_cells([str(trial["number"]), f"{trial['error']:.4f}", *values, f"{trial['seconds']:.0f}"]))
    lines += [f"\nTrial {trial['number']} failed: {trial['problem']}" for trial in tried if trial["error"] is None]
    return "\n".join(lines) + "\n"


def _against_preset(best: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """Mean absolute errors of the best trial beside those of the preset's own values."""
    if own["error"] is None:
        return []
    rows = [_cells(["property", "preset's own", "best"]), _cells(["---", "---:", "---:"])]
    rows.append(_cells(["error", f"{own['error']:.4f}", f"{best['error']:.4f}"]))
    for name, figures in best["figures"].items():
        before, after = own["figures"].get(name, {}).get("MAE"), figures.get("MAE")
        if before is not None and after is not None:
            rows.append(_cells([f"{property_label(name)}, mean absolute error", f"{before:.4g}", f"{after:.4g}"]))
    return [*rows, ""]


def _cells(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"
