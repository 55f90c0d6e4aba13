"""How far a training run is, how fast it goes and when it will end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

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
    finished : collection of int
        Numbers of folds that an earlier run finished.
    """

    def __init__(
        self,
        callback: ProgressCallback | None,
        folds: Sequence[FoldData],
        epochs: int,
        steps_per_epoch: int,
        seconds_before: float = 0.0,
        finished: Iterable[int] = (),
    ):
        self.callback, self.folds = callback, folds
        self.epochs, self.steps_per_epoch, self.seconds_before = epochs, steps_per_epoch, seconds_before
        self._started = time.monotonic()
        self._polymers, self._last_report = 0.0, 0.0
        self._begun, self._first_epoch = set(finished), "under way"
        self._recent: deque[tuple[float, float]] = deque(maxlen=60)
        self._all = self.epochs * sum(len(fold.train) for fold in folds)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, an interruption left out."""
        return self.seconds_before + time.monotonic() - self._started

    def compiling(self, folds: Sequence[FoldData], epoch: int = 0) -> None:
        """Tell that the first step of a group, which is at an epoch, is being compiled, which has no progress of its own."""
        if self.callback is None:
            return
        left = self._polymers_left(folds, epoch)
        record = stage_progress("compiling", folds=len(self.folds), epochs=self.epochs, elapsed=self.elapsed)
        done = int(self.epochs * (1.0 - left / self._all))
        self.callback(replace(record, epoch=done))

    def report(self, group: FoldGroup, polymers: int) -> None:
        """Count the polymers of a step, each once a fold, and tell where the group is after it."""
        self._polymers += polymers
        now, ended = time.monotonic(), group.step == self.steps_per_epoch
        if self.callback is None or (not ended and now - self._last_report < 1.0):
            return
        self._last_report = now
        spent = now - self._started
        left = self._polymers_left(group.folds, group.epoch + group.step / self.steps_per_epoch)
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
                eta_seconds=self._seconds_left(left, now, ended),
                share=1.0 - left / self._all,
            )
        )

    def _polymers_left(self, folds: Sequence[FoldData], epochs_done: float) -> float:
        """How many polymers are still to be trained on, each once a fold and epoch, if no fold stops early."""
        self._begun |= {fold.fold for fold in folds}
        left = sum(len(fold.train) for fold in folds) * (self.epochs - epochs_done)
        return left + sum(len(fold.train) for fold in self.folds if fold.fold not in self._begun) * self.epochs

    def _seconds_left(self, left: float, now: float, ended: bool) -> float | None:
        """To the end of the last fold, at the speed of the last sixty reports; None before there are two.

        Shapes are compiled in the first epoch and its validation: they don't count as soon as they are over, and meanwhile the
        middle one of the reports does. A resumed run has done much before it began.
        """
        told = self._measured_pace()
        if self._first_epoch == "over":
            self._recent.clear()
        if self._first_epoch != "gone":
            self._first_epoch = "gone" if self._first_epoch == "over" else "over" if ended else "under way"
        self._recent.append((now, self._polymers))
        pace = self._measured_pace() or told
        return None if pace is None else left * pace

    def _measured_pace(self) -> float | None:
        """Seconds a polymer and fold; None before anything is known."""
        if len(self._recent) < 2:
            return None
        times, polymers = np.array(self._recent).T
        if self._first_epoch == "gone":
            return (times[-1] - times[0]) / (polymers[-1] - polymers[0])
        return float(np.median(np.diff(times) / np.diff(polymers)))
