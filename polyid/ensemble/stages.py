"""The stages of a run from a table to a model folder, each with its own progress, and one time of arrival for the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from polyid.common.progress import STAGES, Progress, ProgressCallback, stage_progress
from polyid.ensemble.expected_times import SHARES

LAST_SECONDS = 1.0
"""The least that is said to remain while anything does."""
TRUST = 20.0
"""Seconds of training after which its own speed counts as much as what was measured of it before the run, and soon far more."""

AGAIN_SECONDS = 30.0
"""How long it is not asked again how busy the machine is."""


class Stages:
    """Tells a callback which stage a run is in, how much of that is done, and when the whole will be.

    Parameters
    ----------
    callback : callable or None
        Called with `Progress` records; may raise `polyid.errors.Cancelled`.
    expected : mapping of str to float, optional
        Seconds by stage, as `polyid.estimate` measures them before a run; a stage that isn't named is unknown, but there is
        no upload unless it is named.
    spent : float
        Seconds of the reading that are over: those of the start-up of a process, which its estimate counts.
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
        spent: float = 0.0,
        folds: int = 0,
        epochs: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.callback, self.expected = callback, dict(expected or {})
        self.folds, self.epochs = folds, epochs
        self._clock = clock
        self._began = self._stage_began = clock()
        self.stage = next(iter(STAGES))
        self._trained = 0.0
        self._measure: Callable[[], Mapping[str, float]] | None = None
        self._measured = self._began
        self.expected.setdefault("upload", 0.0)
        if spent and "reading" in self.expected:
            whole = self.expected["reading"]
            self.expected["reading"] = max(whole - spent, 0.1 * whole)

    def expect_by(self, measure: Callable[[], Mapping[str, float]]) -> None:
        """Know better how long the stages behind training take: now, and again from time to time, as the machine is more or less busy."""
        self._measure = measure
        self._expect_anew()

    def _expect_anew(self) -> None:
        """What was expected before, and what is now, count the same."""
        if self._measure is not None:
            seconds = self._measure()
            self.expected |= {name: (self.expected.get(name, value) + value) / 2 for name, value in seconds.items()}
            self._measured = self._clock()

    def at(self, stage: str, share: float | None = None) -> None:
        """Say that a stage is reached, or how much of it is done."""
        self._enter(stage)
        record = stage_progress(
            stage, folds=self.folds, epochs=self.epochs, share=share, elapsed=self._clock() - self._began
        )
        self._tell(replace(record, eta_seconds=self._left(self._left_of_stage(share))))

    def calibrated(self, part: str) -> None:
        """Say that a part of the calibration is done."""
        self.at("calibrating", SHARES[part])

    def __call__(self, record: Progress) -> None:
        """Pass a record of the trainer on, its time of arrival put off by the stages that follow training."""
        self._enter(record.phase)
        if record.phase in ("compiling", "training"):
            # A run that goes on has done some of its training before it compiles.
            done = record.share or 0.0 if record.phase == "training" else record.epoch / max(record.epochs, 1)
            self._trained = max(self._trained, done)
            if self._clock() - self._measured > max(AGAIN_SECONDS, 0.1 * (self._clock() - self._began)):
                self._expect_anew()
            left = self._left(self._left_of_training(record.eta_seconds), behind="training")
        else:
            left = self._left(self._left_of_stage(record.share))
        self._tell(replace(record, eta_seconds=left))

    def _left_of_training(self, told: float | None) -> float | None:
        """Seconds to the end of training, compiling included: by what was measured before the run, and more and more by its trainer."""
        if "training" not in self.expected or "compiling" not in self.expected:
            return told
        by_plan = self.expected["training"] * (1.0 - self._trained)
        spent = self._clock() - self._stage_began
        if self.stage == "compiling":
            return by_plan + max(self.expected["compiling"] - spent, 0.1 * spent)
        if told is None:
            return by_plan
        trusted = TRUST**2 / (TRUST**2 + spent**2)
        return trusted * by_plan + (1.0 - trusted) * told

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

    def _left(self, of_stage: float | None, behind: str | None = None) -> float | None:
        """Seconds to the end of the run; None where a stage ahead, or this one, is unknown.

        Parameters
        ----------
        of_stage : float or None
            What is left of this stage.
        behind : str, optional
            The stage that `of_stage` leads to the end of; this one by default.
        """
        names = list(STAGES)
        ahead = [self.expected.get(name) for name in names[names.index(behind or self.stage) + 1 :]]
        known = [seconds for seconds in ahead if seconds is not None]
        if of_stage is None or (len(known) < len(ahead) and self.stage in ("reading", "compiling")):
            return None
        return max(LAST_SECONDS, of_stage + sum(known))
