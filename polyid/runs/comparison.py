"""Two runs side by side: what they were asked for, how wrong they are, and what they say of the same polymers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyid.common.text import listed
from polyid.inference.columns import held_out_column
from polyid.runs.record import HELD_OUT_FILE, Run

_SHOWN = {
    "data": "Table",
    "sha256": "SHA-256 of the table",
    "properties": "Properties",
    "preset": "Preset",
    "folds": "Folds",
    "epochs": "Epochs",
    "seed": "Seed",
    "split": "Division into folds",
    "columns": "Meaning of columns",
    "changes": "Other parameters",
}


@dataclass(frozen=True, eq=False)
class Parity:
    """Measured and predicted values (n_run,) of a property, of both runs; a run that has none has empty arrays."""

    measured: tuple[np.ndarray, np.ndarray]
    predicted: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two runs have in common and what not.

    Attributes
    ----------
    differences : list of (str, str, str)
        Setting, and what it was in each run.
    figures : dict of str to pair of dict or None
        Out-of-fold figures of each property.
    parity : dict of str to Parity
        Of the properties that both predict.
    """

    differences: list[tuple[str, str, str]]
    figures: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]]
    parity: dict[str, Parity]


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs by their records; one without a model has no figures."""
    requests = [dataclasses.asdict(run.request) for run in (first, second)]
    differences = [
        (label, _in_words(name, requests[0][name]), _in_words(name, requests[1][name]))
        for name, label in _SHOWN.items()
        if _in_words(name, requests[0][name]) != _in_words(name, requests[1][name])
    ]
    metrics = [run.metrics() for run in (first, second)]
    names = list(dict.fromkeys([*metrics[0], *metrics[1]]))
    rows = [_held_out(run) for run in (first, second)]
    parity = {name: Parity(*zip(*(_values(frame, name) for frame in rows), strict=True)) for name in names}
    shared = {name: points for name, points in parity.items() if all(len(values) for values in points.measured)}
    return Comparison(differences, {name: (metrics[0].get(name), metrics[1].get(name)) for name in names}, shared)


def _in_words(name: str, value: Any) -> str:
    if name == "sha256":
        return str(value)[:12]
    if name == "data":
        return Path(value).name
    if isinstance(value, dict):
        return ", ".join(f"{key} {entry}" for key, entry in value.items())
    return listed(list(value)) if isinstance(value, list | tuple) else "-" if value is None else str(value)


def _held_out(run: Run) -> pd.DataFrame | None:
    path = run.folder / HELD_OUT_FILE
    try:
        return pd.read_csv(path, low_memory=False) if path.exists() else None
    except (OSError, ValueError):
        return None


def _values(frame: pd.DataFrame | None, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Measured and predicted values of a property, where both are there."""
    predicted = held_out_column(name, "pred")
    if frame is None or name not in frame or predicted not in frame:
        return np.empty(0), np.empty(0)
    pairs = frame[[name, predicted]].apply(pd.to_numeric, errors="coerce").dropna().to_numpy()
    return pairs[:, 0], pairs[:, 1]
