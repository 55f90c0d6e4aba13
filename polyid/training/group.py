"""Folds that are trained together: their data, their state and how many share a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork


@dataclass(frozen=True)
class FoldData:
    """One fold's view of the data.

    Attributes
    ----------
    fold : int
        Number of the fold, from 0.
    train, validation : int arrays
        Indices into the polymers of `TrainingData`.
    targets : float array, shape (n, P)
        Targets of all polymers, scaled as this fold scales them; NaN where unmeasured.
    tokens : sequence of (int array, int array)
        Embedding classes of each polymer's atom and bond features, as this fold numbers them.
    weights : dict of str to array
        Initial weights of the fold's network by name.
    """

    fold: int
    train: np.ndarray
    validation: np.ndarray
    targets: np.ndarray
    tokens: Sequence[tuple[np.ndarray, np.ndarray]]
    weights: dict[str, np.ndarray]


@dataclass
class FoldResult:
    """A trained fold: its weights by name, the log of its epochs and the epoch its weights are from (from 1)."""

    weights: dict[str, np.ndarray]
    log: list[dict[str, float]]
    epoch: int


@dataclass
class FoldState:
    """What the trainer remembers of a fold besides the network: kept in checkpoints."""

    updates: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    stopped: bool = False
    log: list[dict[str, float]] = field(default_factory=list)


@dataclass
class FoldGroup:
    """Folds that share every step, where they are, and what they are trained with."""

    folds: list[FoldData]
    network: MessagePassingNetwork
    steps: Any
    states: list[FoldState]
    best: list[dict[str, np.ndarray]]
    epoch: int = 0
    step: int = 0
    sums: np.ndarray | None = None
    rate: float = 0.0

    def __post_init__(self) -> None:
        if self.sums is None:
            self.sums = np.zeros((2, len(self.folds)))


# Graph rows of one step that keep a CPU's cores busy and its caches warm.
_CPU_ROWS_A_STEP = 40_000


def choose_group(folds: int, settings: TrainingSettings, gpu: bool, rows: float) -> int:
    """Folds to train together: all on a GPU; on a CPU as many as fit a step that is neither too small nor too large.

    Parameters
    ----------
    folds : int
    settings : TrainingSettings
    gpu : bool
    rows : float
        Graph rows of one fold's batch.
    """
    if settings.group is not None:
        return max(1, min(folds, settings.group))
    return folds if gpu else int(np.clip(_CPU_ROWS_A_STEP // max(rows, 1.0), 1, folds))
