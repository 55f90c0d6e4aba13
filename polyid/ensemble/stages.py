"""The stages of a run from a table to a model folder, each with its own progress, and one time of arrival for the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from polyid.common.progress import STAGES, Progress, ProgressCallback, stage_progress

LAST_SECONDS = 1.0
"""The least that is said to remain while anything does."""


class Stages:
    """Tells a callback which stage a run is in, how much of that is done, and when the whole will be.

    Parameters
    ----------
    callback : callable or None
        Called with `Progress` records; may raise `polyid.errors.Cancelled`.
    expected : mapping of str to float, optional
        Seconds by stage, as `polyid.estimate` measures them before a run; a stage that isn't named is unknown.
    folds, epochs : int
        Of the run.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        callback: ProgressCallback | None,
        expected: Mapping[str, float] | None = None,
        *,
        folds: int = 0,
        epochs: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.callback, self.expected = callback, dict(expected or {})
        self.folds, self.epochs = folds, epochs
        self._clock = clock
        self._began = self._stage_began = clock()
        self.stage = next(iter(STAGES))

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Know better how long stages take."""
        self.expected |= seconds

    def at(self, stage: str, share: float | None = None) -> None:
        """Say that a stage is reached, or how much of it is done."""
        self._enter(stage)
        record = stage_progress(
            stage, folds=self.folds, epochs=self.epochs, share=share, elapsed=self._clock() - self._began
        )
        self._tell(replace(record, eta_seconds=self._left(self._left_of_stage(share))))

    def __call__(self, record: Progress) -> None:
        """Pass a record of the trainer on, its time of arrival put off by the stages that follow training."""
        self._enter(record.phase)
        left = record.eta_seconds
        if left is None:
            left = self._left_of_stage(record.share)
        self._tell(replace(record, eta_seconds=self._left(left)))

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage, self._stage_began = stage, self._clock()

    def _tell(self, record: Progress) -> None:
        if self.callback is not None:
            self.callback(record)

    def _left_of_stage(self, share: float | None) -> float | None:
        """Seconds to the end of this stage, by its own pace where that shows, else by what was expected."""
        spent = self._clock() - self._stage_began
        expected = self.expected.get(self.stage)
        paced = spent * (1 - share) / share if share else None
        if expected is None:
            return paced
        if paced is None or share is None:
            # Later than expected: so many stages end a tenth of their time after it.
            return max(expected - spent, 0.1 * spent)
        return share * paced + (1 - share) * max(expected * (1 - share), expected - spent)

    def _left(self, of_stage: float | None) -> float | None:
        """Seconds to the end of the run; None where a stage ahead, or this one, is unknown."""
        names = list(STAGES)
        ahead = [self.expected.get(name) for name in names[names.index(self.stage) + 1 :]]
        known = [seconds for seconds in ahead if seconds is not None]
        if of_stage is None or (len(known) < len(ahead) and self.stage in ("reading", "compiling")):
            return None
        return max(LAST_SECONDS, of_stage + sum(known))
