"""The progress record of a training run, read by the terminal, the trainer page and the log alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STAGES = {
    "reading": "Reading the polymers",
    "compiling": "Compiling the network",
    "training": "Training",
    "calibrating": "Calibrating the intervals",
    "report": "Writing model and report",
    "upload": "Publishing",
}
"""The stages of a run in their order, and what a reader is told of each."""


@dataclass(frozen=True)
class Progress:
    """One line of progress.

    Attributes
    ----------
    phase : str
        The stage, of `STAGES`.
    folds : tuple of int
        The folds being trained together, counted from 0; empty in other stages.
    folds_total, epoch, epochs : int
        How many folds there are, the last finished epoch (from 1) and how many there may be.
    train_loss, validation_loss, learning_rate : float
        Means over `folds`; losses are masked mean absolute errors of scaled targets.
    polymers_per_second : float
        Training throughput, each polymer counted once per fold.
    elapsed_seconds : float
        Since training began.
    eta_seconds : float or None
        Estimated time to the end of the run, all stages together, if no fold stops early; None before it is known, never 0 while
        work remains.
    share : float or None
        How much of the stage is done, from 0 to 1; None where that isn't known.
    """

    phase: str
    folds: tuple[int, ...]
    folds_total: int
    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    polymers_per_second: float
    elapsed_seconds: float
    eta_seconds: float | None
    share: float | None = None

    def line(self) -> str:
        """One readable line, such as ``Folds 1-5 of 5 · epoch 24/60 · loss 0.234 · ETA 1 min 20 s``."""
        parts = self._of_training() if self.phase == "training" else [STAGES[self.phase]]
        if self.eta_seconds is not None:
            parts.append(f"ETA {duration(max(1.0, self.eta_seconds))}")
        return " · ".join(parts)

    def _of_training(self) -> list[str]:
        numbers = [fold + 1 for fold in self.folds]
        if len(numbers) == 1:
            folds = f"Fold {numbers[0]}/{self.folds_total}"
        elif numbers == list(range(numbers[0], numbers[-1] + 1)):
            folds = f"Folds {numbers[0]}-{numbers[-1]} of {self.folds_total}"
        else:
            folds = f"Folds {', '.join(map(str, numbers))} of {self.folds_total}"
        parts = [folds, f"epoch {self.epoch}/{self.epochs}"]
        return [*parts, f"loss {self.train_loss:.3f}"] if self.epoch else parts


ProgressCallback = Callable[[Progress], None]


def stage_progress(
    stage: str, *, folds: int = 0, epochs: int = 0, share: float | None = None, elapsed: float = 0.0
) -> Progress:
    """The record of a stage other than training, which has no folds, losses or rates."""
    nan = float("nan")
    return Progress(stage, (), folds, 0, epochs, nan, nan, nan, nan, elapsed, None, share)


def duration(seconds: float) -> str:
    """A length of time as people say it: ``45 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
