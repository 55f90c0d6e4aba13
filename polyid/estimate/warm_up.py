"""A warm-up of seconds: some steps of the real network on the real data, timed, and thrown away."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from polyid.common.progress import Progress
from polyid.ensemble.expected_times import machine_slowness, start_up_seconds
from polyid.ensemble.plan import Plan
from polyid.ensemble.stages import Stages
from polyid.ensemble.workflow import prepared
from polyid.errors import Cancelled, PolyIDError
from polyid.estimate.measured import WarmUp
from polyid.nn.builders import global100
from polyid.nn.device import hardware, has_gpu

WARM_UP_SECONDS = 8.0
"""How long steps are timed, compilation left out."""
_VALIDATION_COST = 0.35
"""Of a held-out polymer, as a share of a trained one's: forward only."""


def warm_up(plan: Plan, seconds: float = WARM_UP_SECONDS) -> WarmUp:
    """Do with a plan what a run does until some steps are timed.

    Parameters
    ----------
    plan : Plan
    seconds : float
        How long steps are timed.

    Raises
    ------
    PolyIDError
        What the run itself would be refused for.
    """
    began, began_cpu = _began()
    ensemble, params = prepared(plan, Stages(None))
    watch = Watch(seconds)
    trainer = ensemble.trainer(global100, params.to_dict(), progress=watch)
    read, read_cpu = time.time() - began, time.process_time() - began_cpu
    trained = sum(len(fold.train) for fold in trainer.folds)
    watch.begin(sum(len(fold.train) for fold in trainer.folds[: trainer.group_size]))
    with contextlib.suppress(Cancelled):
        trainer.run()
    held_out = sum(len(fold.validation) for fold in trainer.folds)
    a_polymer = watch.a_polymer(1.0 + _VALIDATION_COST * held_out / trained)
    compilation = watch.compilation(a_polymer)
    slowness, cpu_slowness = machine_slowness()
    groups = -(-len(trainer.folds) // trainer.group_size)
    return WarmUp(
        hardware=hardware(),
        gpu=has_gpu(),
        cores=os.cpu_count() or 1,
        polymers=ensemble.df_polymer["smiles_monomer"].nunique(),
        properties=len(ensemble.prediction_columns),
        members=len(trainer.folds),
        kernel=params.kernel,
        trained_polymers=trained,
        steps=trainer.layout.steps_per_epoch * groups,
        epochs=params.epochs,
        reading_seconds=read,
        reading_cpu_seconds=read_cpu,
        compile_seconds=float(compilation[0]),
        compile_cpu_seconds=float(compilation[1]),
        seconds_a_polymer=float(a_polymer[0]),
        cpu_seconds_a_polymer=float(a_polymer[1]),
        memory_bytes=_most_memory(),
        slowness=slowness,
        cpu_slowness=cpu_slowness,
    )


def _began() -> tuple[float, float]:
    """Since when, on the wall and of processors, this process is at this warm-up: since its start, if that was for it alone."""
    spent = start_up_seconds()
    return time.time() - spent, 0.0 if spent else time.process_time()


@dataclass(frozen=True)
class _Mark:
    """A report of the trainer: the clocks, polymers trained on so far, and epochs ended."""

    wall: float
    cpu: float
    polymers: float
    epoch: int

    def since(self, other: _Mark) -> np.ndarray:
        """Seconds on the wall and of processors."""
        return np.array([self.wall - other.wall, self.cpu - other.cpu])


class Watch:
    """Notes the clocks at each report of the trainer, and ends the training when enough steps are timed.

    Parameters
    ----------
    seconds : float
        How long steps are timed.
    clocks : callable
        Seconds on the wall and of processors.
    """

    def __init__(self, seconds: float, clocks: Callable[[], tuple[float, float]] | None = None):
        self.seconds, self._clocks = seconds, clocks or _clocks
        self.marks: list[_Mark] = []

    def begin(self, epoch_polymers: int) -> None:
        """Training begins, of so many polymers an epoch."""
        self.epoch_polymers = epoch_polymers
        self._note(0.0, 0)

    def _note(self, polymers: float, epoch: int) -> None:
        self.marks.append(_Mark(*self._clocks(), polymers, epoch))

    def __call__(self, record: Progress) -> None:
        if record.phase != "training":
            return
        self._note(record.polymers_per_second * record.elapsed_seconds, record.epoch)
        if len(self.marks) > 3 and self._is_enough():
            raise Cancelled

    def _is_enough(self) -> bool:
        """Whether whole epochs were timed for long enough, or parts of one that lasts too long to wait for."""
        now, behind = self.marks[-1], self._after_epochs()
        if len(behind) >= 2:
            return now.wall - behind[0].wall >= self.seconds
        timed = now.wall - (behind[0] if behind else self.marks[2]).wall
        rate = timed / max(now.polymers - (behind[0] if behind else self.marks[2]).polymers, 1e-9)
        epoch = rate * self.epoch_polymers
        return timed >= self.seconds and epoch > 3 * self.seconds

    def _after_epochs(self) -> list[_Mark]:
        """The first mark of each epoch but the first: behind the validation of the one before."""
        return [after for before, after in itertools.pairwise(self.marks) if before.epoch and self._ended(before)]

    def _ended(self, mark: _Mark) -> bool:
        """Whether a mark was made at the end of an epoch."""
        return round(mark.polymers) == round(mark.epoch * self._polymers_an_epoch())

    def _polymers_an_epoch(self) -> float:
        first = next((mark for mark in self.marks if mark.epoch), None)
        return first.polymers if first else np.inf

    def a_polymer(self, validation: float) -> np.ndarray:
        """Seconds of a polymer and member, on the wall and of processors: over whole epochs, if there are some.

        Parameters
        ----------
        validation : float
            What an epoch takes with its validation, as a multiple of what its steps take.
        """
        behind = self._after_epochs()
        if len(behind) >= 2:
            first, last, more = behind[0], behind[-1], 1.0
        elif behind and self.marks[-1] is not behind[0]:
            first, last, more = behind[0], self.marks[-1], validation
        else:
            whole = [mark for mark in self.marks[1:] if mark.epoch == 0] or self.marks[1:]
            first, last, more = whole[min(1, len(whole) - 1)], whole[-1], validation
        if last.polymers <= first.polymers:
            first, last = self.marks[0], self.marks[-1]
        return more * last.since(first) / max(last.polymers - first.polymers, 1.0)

    def compilation(self, a_polymer: np.ndarray) -> np.ndarray:
        """Seconds that the first step, and the first validation if there was one, took beyond usual ones."""
        first = self.marks[1].since(self.marks[0]) - a_polymer * self.marks[1].polymers
        of_validation = np.zeros(2)
        for before, after in itertools.pairwise(self.marks):
            if before.epoch == 1 and self._ended(before):
                of_validation = after.since(before) - a_polymer * (after.polymers - before.polymers)
                break
        return np.maximum(first, 0.0) + np.maximum(of_validation, 0.0)


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _most_memory() -> int:
    """Bytes that this process held at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def main() -> int:
    """``python -m polyid.estimate.warm_up``: what `polyid.estimate.measured.measure` starts; a plan in, a `WarmUp` out."""
    try:
        measured = warm_up(Plan(**json.load(sys.stdin)))
    except PolyIDError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    print(json.dumps(asdict(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
