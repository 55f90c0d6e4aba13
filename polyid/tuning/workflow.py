"""A search from its first trial to its report, here or on a Ray cluster; it goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyid.common.files import sha256, write_bytes
from polyid.common.progress import duration
from polyid.common.ray_cluster import connected
from polyid.config.parameters import preset
from polyid.ensemble.plan import Plan
from polyid.errors import Cancelled, PolyIDError, TrainingError
from polyid.training.ray_groups import machines_of
from polyid.tuning.report import BEST_FOLDER, best_of, settings_of, write_report
from polyid.tuning.space import Searched, changes_of
from polyid.tuning.study import Study
from polyid.tuning.trials import Trial, run_far_trial, run_trial

_AT_WORK = "trial"
MOST_FAILURES = 3
"""Trials that may fail one after the other before a search gives up."""


def tune(
    plan: Plan,
    folder: Path,
    trials: int,
    space: dict[str, Searched],
    *,
    ray: str | None = None,
    say: Callable[[str], None] = print,
    verbose: bool = False,
) -> dict[str, Any]:
    """Try parameters until so many trials are done, the preset's own first; the model of the best is kept in ``folder/best``.

    Parameters
    ----------
    plan : Plan
        What all trials share; its `changes` are none of `space`.
    folder : path
        Of the search; one that was interrupted goes on.
    trials : int
        In all, those of before included.
    space : dict of str to Searched
        Of `polyid.tuning.space.search_space`.
    ray : str, optional
        Address of a Ray cluster, each of whose GPUs or machines takes a trial.
    say : callable
        Is told a line a trial.
    verbose : bool
        Show the progress of a trial in the terminal.

    Returns
    -------
    dict
        The best trial, as of `Study.tried`.

    Raises
    ------
    TrainingError
        The preset's own parameters can't be trained, several trials failed one after the other, or the folder holds another search.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = {name: preset(plan.preset)[name] for name in space}
    study = Study(folder, _search(plan, space), space, own, plan.seed)
    search = _Search(study, plan, folder, trials, say)
    search.fetch(ray, verbose)
    best = best_of(study.tried)
    if best is None:
        raise TrainingError(f"No trial could be finished; the last one: {study.tried[-1]['problem']}")
    return dict(best)


def _search(plan: Plan, space: dict[str, Searched]) -> dict[str, Any]:
    """What tells one search from another."""
    return {
        "table": sha256(plan.data),
        "preset": plan.preset,
        "properties": None if plan.properties is None else list(plan.properties),
        "folds": plan.folds,
        "epochs": plan.epochs,
        "seed": plan.seed,
        "split": plan.split,
        "searched parameters": {name: [own.low, own.high] for name, own in space.items()},
    }


class _Search:
    """A search at work."""

    def __init__(self, study: Study, plan: Plan, folder: Path, trials: int, say: Callable[[str], None]) -> None:
        self.study, self.plan, self.folder, self.trials, self.say = study, plan, folder, trials, say
        self._began, self._before, self._failed = time.monotonic(), len(study.tried), 0

    def fetch(self, ray: str | None, verbose: bool) -> None:
        """Do the trials that are missing."""
        if ray is None:
            while self._missing(0):
                number, values = self.study.ask()
                with self._told(number, values, time.monotonic()) as tell:
                    model = self.folder / f"{_AT_WORK}-{_key(values)}"
                    tell(run_trial(self.plan, changes_of(values), model, verbose=verbose), model)
            return
        with connected(ray):
            self._on_cluster()

    def _on_cluster(self) -> None:
        import ray

        places, needs = machines_of()
        table = ray.put((Path(self.plan.data).name, Path(self.plan.data).read_bytes()))
        task = ray.remote(**needs)(run_far_trial)
        pending: dict[Any, tuple[int, dict[str, float], float]] = {}
        try:
            while self._missing(len(pending)) or pending:
                while len(pending) < places and self._missing(len(pending)):
                    number, values = self.study.ask()
                    pending[task.remote(self.plan, table, changes_of(values))] = number, values, time.monotonic()
                (done,), _ = ray.wait(list(pending))
                number, values, began = pending.pop(done)
                with self._told(number, values, began) as tell:
                    try:
                        trial, files = ray.get(done)
                    except ray.exceptions.RayTaskError as error:
                        raise error.cause if isinstance(error.cause, PolyIDError) else error from None
                    model = self.folder / f"{_AT_WORK}-{_key(values)}"
                    for name, content in files.items():
                        (model / name).parent.mkdir(parents=True, exist_ok=True)
                        write_bytes(model / name, content)
                    tell(trial, model)
        finally:
            for one in pending:
                ray.cancel(one, force=True)

    def _missing(self, at_work: int) -> bool:
        return len(self.study.tried) + at_work < self.trials

    @contextmanager
    def _told(self, number: int, values: dict[str, float], began: float) -> Iterator[Callable[[Trial, Path], None]]:
        """Run a trial and keep what comes of it; what can't be trained is a failed trial."""
        said: list[str] = []

        def tell(trial: Trial, model: Path) -> None:
            before = best_of(self.study.tried)
            # Before it is told: a search that is killed between the two trains this one again, and finds the same.
            if before is None or trial.error < before["error"]:
                shutil.rmtree(self.folder / BEST_FOLDER, ignore_errors=True)
                model.rename(self.folder / BEST_FOLDER)
            shutil.rmtree(model, ignore_errors=True)
            self.study.tell(number, trial.error, trial.figures, time.monotonic() - began)
            said.append(f"error {trial.error:.4f}")
            self._failed = 0

        try:
            yield tell
        except Cancelled:
            raise
        except PolyIDError as problem:
            if number == 0:
                raise
            self._failed += 1
            self.study.tell_failed(number, str(problem))
            said.append(f"failed: {problem}")
            if self._failed >= MOST_FAILURES:
                raise TrainingError(
                    f"{self._failed} trials failed one after the other; the last one: {problem}"
                ) from None
        self._report(number, values, said[0])

    def _report(self, number: int, values: dict[str, float], said: str) -> None:
        tried = self.study.tried
        best = best_of(tried)
        if best is not None:
            command = f"polyid train {self.plan.data} --output MODEL --preset {self.plan.preset} --set {settings_of(best['values'])}"
            write_report(self.folder, tried, command)
        spent = time.monotonic() - self._began
        left = max(0, self.trials - len(tried))
        eta = f", about {duration(spent / (len(tried) - self._before) * left)} left" if left else ""
        shown = "" if best is None else f", best {best['error']:.4f} of trial {best['number']}"
        self.say(f"Trial {len(tried)} of {self.trials} ({settings_of(values)}): {said}{shown}{eta}")


def _key(values: dict[str, float]) -> str:
    """Names the folder of a trial by what is tried, so that an interrupted one finds its checkpoints again."""
    return hashlib.sha256(settings_of(values).encode()).hexdigest()[:16]
