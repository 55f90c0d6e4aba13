"""The progress record of a training run, read by the terminal, the trainer page and the log alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One line of progress.

    Attributes
    ----------
    phase : {"preparing", "training", "saving"}
        What the run is doing.
    folds : tuple of int
        The folds being trained together, counted from 0.
    folds_total, epoch, epochs : int
        How many folds there are, the last finished epoch (from 1) and how many there may be.
    train_loss, validation_loss, learning_rate : float
        Means over `folds`; losses are masked mean absolute errors of scaled targets.
    polymers_per_second : float
        Training throughput, each polymer counted once per fold.
    elapsed_seconds : float
        Since training began.
    eta_seconds : float or None
        Estimated time to the end of the last fold; None before the first epoch.
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

    def line(self) -> str:
        """One readable line, such as ``Folds 1-5 of 5 · epoch 24/60 · loss 0.234 · ETA 1 min 20 s``."""
        if self.phase != "training":
            return self.phase.capitalize()
        numbers = [fold + 1 for fold in self.folds]
        if len(numbers) == 1:
            folds = f"Fold {numbers[0]}/{self.folds_total}"
        elif numbers == list(range(numbers[0], numbers[-1] + 1)):
            folds = f"Folds {numbers[0]}-{numbers[-1]} of {self.folds_total}"
        else:
            folds = f"Folds {', '.join(map(str, numbers))} of {self.folds_total}"
        parts = [folds, f"epoch {self.epoch}/{self.epochs}"]
        if self.epoch:
            parts.append(f"loss {self.train_loss:.3f}")
        if self.eta_seconds is not None:
            parts.append(f"ETA {duration(self.eta_seconds)}")
        return " · ".join(parts)


ProgressCallback = Callable[[Progress], None]


def duration(seconds: float) -> str:
    """A length of time as people say it: ``45 s``, ``3 min 20 s``, ``2 h 5 min``."""
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
