"""A trial: an ensemble trained with some parameters, and how wrong it is on polymers that its members had not seen."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polyid.common.progress import ProgressCallback
from polyid.ensemble.plan import Plan
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import TrainingError

Files = dict[str, bytes]
"""A model folder as its files by their paths in it."""


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes
    ----------
    error : float
        Root mean squared out-of-fold error in standard deviations of the property's values, mean over the properties.
    figures : dict
        Out-of-fold figures by property.
    """

    error: float
    figures: dict[str, dict[str, Any]]


def run_trial(
    plan: Plan,
    changes: Mapping[str, Any],
    folder: Path,
    *,
    progress: ProgressCallback | None = None,
    verbose: bool = False,
) -> Trial:
    """Train an ensemble as a plan says, with some parameters changed, into `folder`; an interrupted one goes on.

    Raises
    ------
    TrainingError
        It can't be trained, or nothing can be said of any property.
    """
    own = replace(plan, changes={**(plan.changes or {}), **changes})
    ensemble = train_ensemble(
        own.data,
        folder,
        properties=own.properties,
        preset=own.preset,
        folds=own.folds,
        epochs=own.epochs,
        seed=own.seed,
        split=own.split,
        columns=own.columns,
        changes=own.changes,
        resume=True,
        progress=progress,
        verbose=verbose,
    )
    figures = ensemble.out_of_fold_metrics()
    return Trial(relative_error(figures), figures)


def relative_error(figures: Mapping[str, Mapping[str, Any]]) -> float:
    """The error of a trial, of `Trial`: the mean of √(1 - R²) over the properties that have an R².

    Raises
    ------
    TrainingError
        None has one.
    """
    found = [math.sqrt(1.0 - own["R2"]) for own in figures.values() if own.get("R2") is not None]
    if not found:
        raise TrainingError(
            "No property has enough different values to say how good a prediction is; add polymers to the table."
        )
    return float(np.mean(found))


def run_far_trial(plan: Plan, table: tuple[str, bytes], changes: Mapping[str, Any]) -> tuple[Trial, Files]:
    """As `run_trial`, on a machine that has neither the table nor the folder: with the table's name and content, and the model's files."""
    place = Path(tempfile.mkdtemp(prefix="polyid-trial-"))
    try:
        name, content = table
        (place / name).write_bytes(content)
        folder = place / "model"
        trial = run_trial(replace(plan, data=place / name), changes, folder)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return trial, files
    finally:
        shutil.rmtree(place, ignore_errors=True)
