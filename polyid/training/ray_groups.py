"""Groups of folds trained by a Ray cluster, a task each; the ensemble is, bit for bit, that of such machines one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from polyid.common.progress import Progress, ProgressCallback
from polyid.common.ray_cluster import connected
from polyid.config.settings import TrainingSettings
from polyid.errors import PolyIDError, TrainingError
from polyid.graphs.refinement import QuotientGraph
from polyid.training.group import FoldData, FoldResult
from polyid.training.trainer import EnsembleTrainer

TrainerParts = tuple[Sequence[QuotientGraph], Sequence[FoldData], Callable]
"""Graphs, folds and maker of networks, as `EnsembleTrainer` takes them."""


def train_on_ray(
    parts: TrainerParts,
    settings: TrainingSettings,
    address: str,
    *,
    checkpoints: Path | None = None,
    progress: ProgressCallback | None = None,
    resume: bool = False,
) -> tuple[EnsembleTrainer, list[FoldResult]]:
    """Train every fold on the machines of a cluster.

    A group takes one GPU, or all cores of a machine where the cluster has no GPU. Folds are divided so that all have work,
    unless `settings.group` says how many train together. A group whose machine is lost begins anew on another; finished
    ones are kept in `checkpoints`, and `resume` leaves them out.

    Parameters
    ----------
    parts : graphs, folds and maker of networks
    settings : TrainingSettings
    address : str
        ``local``, ``auto`` or a cluster's; see `polyid.common.ray_cluster`.
    checkpoints, progress, resume
        As of `EnsembleTrainer`.

    Returns
    -------
    EnsembleTrainer, list of FoldResult
        The trainer as of one machine, for its record; the results in the order of the folds.
    """
    with connected(address):
        machines, needs = machines_of()
        if settings.group is None:
            here = EnsembleTrainer(*parts, settings)
            settings = replace(settings, group=min(here.group_size, -(-len(here.folds) // machines)))
        trainer = EnsembleTrainer(*parts, settings, checkpoints=checkpoints)
        results, _ = trainer.begin(resume)
        for found, (used, padded) in _trained(trainer, parts, settings, results, needs, progress):
            results.update(found)
            trainer.packer.rows_used += used
            trainer.packer.rows_padded += padded
            if trainer.checkpoints is not None:
                trainer.checkpoints.save_results(found)
        return trainer, [results[fold.fold] for fold in trainer.folds]


def machines_of() -> tuple[int, dict[str, Any]]:
    """How many trainings the cluster does at a time, and what `ray.remote` is told of each: what it takes, and that a lost one begins anew."""
    import ray

    common = {"max_retries": 3, "runtime_env": {"env_vars": {"KERAS_BACKEND": keras.backend.backend()}}}
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if gpus:
        return gpus, {"num_gpus": 1, "num_cpus": 1, **common}
    cores = [node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"]]
    cores = [count for count in cores if count]
    if not cores:
        raise TrainingError("The Ray cluster has neither a GPU nor a core to train on.")
    return len(cores), {"num_cpus": min(cores), **common}


def _trained(
    trainer: EnsembleTrainer,
    parts: TrainerParts,
    settings: TrainingSettings,
    finished: dict[int, FoldResult],
    needs: dict[str, Any],
    progress: ProgressCallback | None,
) -> Iterator[tuple[dict[int, FoldResult], tuple[int, int]]]:
    """What comes of each group, as it is done; progress is told meanwhile."""
    import ray
    from ray.util.queue import Queue

    reports = Queue(actor_options={"num_cpus": 0})
    given = ray.put((tuple(parts), settings))
    task = ray.remote(**needs)(_train)
    pending = [task.remote(given, [fold.fold for fold in own], reports) for own in trainer.groups(finished)]
    clock = ProgressOfGroups(trainer, len(finished), progress)
    try:
        while pending:
            done, pending = ray.wait(pending, timeout=1.0)
            clock.tell(reports.get_nowait_batch(reports.qsize()))
            for one in done:
                yield ray.get(one)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, PolyIDError):
            raise error.cause from None
        raise
    finally:
        for one in pending:
            ray.cancel(one, force=True)


def _train(given: tuple, folds: list[int], reports: Any) -> tuple[dict[int, FoldResult], tuple[int, int]]:
    """A task: train some folds as the trainer of all would; with the rows of its batches, without and with padding."""
    parts: TrainerParts = given[0]
    settings: TrainingSettings = given[1]
    trainer = EnsembleTrainer(*parts, settings, progress=reports.put_nowait)
    trainer.begin()
    found = trainer.train_together([fold for fold in trainer.folds if fold.fold in folds])
    return found, (trainer.packer.rows_used, trainer.packer.rows_padded)


class ProgressOfGroups:
    """Puts the reports of groups at work side by side together to one of the whole run."""

    def __init__(self, trainer: EnsembleTrainer, finished: int, progress: ProgressCallback | None):
        self._progress = progress
        self._total = len(trainer.folds) * trainer.settings.epochs
        self._before = finished * trainer.settings.epochs
        self._started = time.monotonic()
        self._newest: dict[tuple[int, ...], Progress] = {}

    def tell(self, reports: Sequence[Progress]) -> None:
        """Tell of the last of some reports, if there are any, where the whole run is."""
        if self._progress is None or not reports:
            return
        for one in reports:
            if one.folds:
                self._newest[one.folds] = one
        if not reports[-1].folds:
            return self._progress(reports[-1])
        elapsed = time.monotonic() - self._started
        done = sum(len(one.folds) * one.epoch for one in self._newest.values())
        share = (self._before + done) / self._total
        self._progress(
            replace(
                reports[-1],
                polymers_per_second=sum(
                    one.polymers_per_second for one in self._newest.values() if one.epoch < one.epochs
                ),
                elapsed_seconds=elapsed,
                eta_seconds=elapsed * (self._total - self._before - done) / done if done else None,
                share=share,
            )
        )
