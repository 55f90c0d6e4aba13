"""How far a training run is, how fast it goes and when it will end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from polyid.common.progress import Progress, ProgressCallback, stage_progress
from polyid.training.group import FoldData, FoldGroup


class Reporter:
    """Tells a callback about a run, at most once a second except at the end of an epoch.

    Parameters
    ----------
    callback : callable or None
        Called with a `Progress`; may raise `Cancelled`.
    folds : sequence of FoldData
        All folds of the run.
    epochs, steps_per_epoch : int
    seconds_before : float
        Of the run before it was resumed.
    """

    def __init__(
        self,
        callback: ProgressCallback | None,
        folds: Sequence[FoldData],
        epochs: int,
        steps_per_epoch: int,
        seconds_before: float = 0.0,
    ):
        self.callback, self.folds = callback, folds
        self.epochs, self.steps_per_epoch, self.seconds_before = epochs, steps_per_epoch, seconds_before
        self._started = time.monotonic()
        self._polymers, self._last_report = 0.0, 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=60)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, an interruption left out."""
        return self.seconds_before + time.monotonic() - self._started

    def compiling(self) -> None:
        """Tell that the first step of a group is being compiled, which has no progress of its own."""
        if self.callback is not None:
            folds = len(self.folds)
            self.callback(stage_progress("compiling", folds=folds, epochs=self.epochs, elapsed=self.elapsed))

    def report(self, group: FoldGroup, polymers: int) -> None:
        """Count the polymers of a step, each once a fold, and tell where the group is after it."""
        self._polymers += polymers
        now, ended = time.monotonic(), group.step == self.steps_per_epoch
        if self.callback is None or (not ended and now - self._last_report < 1.0):
            return
        self._last_report = now
        spent = now - self._started
        left = self._polymers_left(group)
        losses = [state.log[-1]["val_loss"] for state in group.states if state.log]
        self.callback(
            Progress(
                phase="training",
                folds=tuple(fold.fold for fold in group.folds),
                folds_total=len(self.folds),
                epoch=group.epoch + int(ended),
                epochs=self.epochs,
                train_loss=float(np.mean(group.sums[0] / np.maximum(group.sums[1], 1.0))),
                validation_loss=float(np.nanmean(losses)) if np.isfinite(losses).any() else float("nan"),
                learning_rate=float(group.rate),
                polymers_per_second=self._polymers / max(spent, 1e-9),
                elapsed_seconds=self.seconds_before + spent,
                eta_seconds=self._seconds_left(left, now),
                share=1.0 - left / (self.epochs * sum(len(fold.train) for fold in self.folds)),
            )
        )

    def _polymers_left(self, group: FoldGroup) -> float:
        """How many polymers are still to be trained on, each once a fold and epoch."""
        epochs_done = group.epoch + group.step / self.steps_per_epoch
        left = sum(len(fold.train) for fold in group.folds) * (self.epochs - epochs_done)
        newest = max(fold.fold for fold in group.folds)
        return left + sum(len(fold.train) for fold in self.folds if fold.fold > newest) * self.epochs

    def _seconds_left(self, left: float, now: float) -> float | None:
        """To the end of the last fold, at the speed of the last sixty reports; None before there are two.

        Earlier ones don't count: the first steps compile, and a resumed run has done much before it began.
        """
        self._recent.append((now, self._polymers))
        since, polymers_then = self._recent[0]
        recent = self._polymers - polymers_then
        return left * (now - since) / recent if recent > 0 else None
