"""Training of the folds of an ensemble, side by side: the one trainer of command line, Spaces, notebook and tests.

Knows nothing of tables, SMILES or files of a finished model: it takes featurised polymers and scaled targets, and gives
back weights.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from polyid.common.progress import ProgressCallback
from polyid.config.settings import TrainingSettings
from polyid.errors import TrainingError
from polyid.graphs.refinement import QuotientGraph
from polyid.nn.device import has_gpu, is_out_of_memory
from polyid.nn.network import MessagePassingNetwork
from polyid.training.backends import steps_class
from polyid.training.batches import plan
from polyid.training.checkpoints import CheckpointFolder
from polyid.training.freezing import rows_to_keep
from polyid.training.group import LONG_RUN, EpochEnd, FoldData, FoldGroup, FoldResult, choose_group
from polyid.training.optimiser import learning_rate, update_numbers
from polyid.training.packer import BatchPacker
from polyid.training.reporter import Reporter
from polyid.training.steps import TrainingSteps


class EnsembleTrainer:
    """Trains the folds of an ensemble, in groups that share every step.

    Parameters
    ----------
    graphs : sequence of QuotientGraph
        All polymers, n of them.
    folds : sequence of FoldData
    make_network : callable
        (members, compute dtype, whether XLA may compile it) -> `MessagePassingNetwork` wide enough for every fold.
    settings : TrainingSettings
    checkpoints : path, optional
        Folder for checkpoints; without it a crash loses the run.
    progress : callable, optional
        Called with a `Progress` after each epoch and about once a second; may raise `Cancelled`.
    epoch_end : callable, optional
        (fold, epoch from 0, log row) -> True to stop that fold.

    Attributes
    ----------
    layout : BatchLayout
        How epochs are cut into steps.
    packer : BatchPacker
    group_size : int
        Folds trained together.
    seconds_before : float
        Of the run before it was resumed.
    """

    def __init__(
        self,
        graphs: Sequence[QuotientGraph],
        folds: Sequence[FoldData],
        make_network: Callable[[int, str, bool], MessagePassingNetwork],
        settings: TrainingSettings,
        *,
        checkpoints: str | os.PathLike | None = None,
        progress: ProgressCallback | None = None,
        epoch_end: EpochEnd | None = None,
    ):
        self.folds, self.settings = list(folds), settings
        self.progress, self.epoch_end = progress, epoch_end
        self._make_network = make_network
        self.gpu = has_gpu()
        self.mixed = self.gpu if settings.mixed_precision is None else settings.mixed_precision
        self.sizes = np.array([g.sizes for g in graphs])
        # On a GPU XLA compiles each size class, which takes longer than padding does.
        most_classes = 8 if self.gpu else None
        train = [fold.train for fold in self.folds]
        self.layout = plan(self.sizes, train, settings.batch_size, settings.seed, most_classes)
        rows = self.sizes.sum(axis=1).mean() * settings.batch_size
        self.group_size = choose_group(len(self.folds), settings, self.gpu, rows)
        # A trace costs seconds: on a CPU many shapes share one, which pads least where a fold trains alone. JAX has none to share.
        one_trace = keras.backend.backend() == "tensorflow"
        self.static = self.gpu or not one_trace or (len(self.layout.steps) <= 2 and self.group_size > 1)
        long_run = self.layout.steps_per_epoch * settings.epochs >= LONG_RUN
        self.xla = self.gpu or (self.static and self.group_size > 1 and long_run)
        self.packer = BatchPacker(graphs, self.sizes, self.folds, self.layout, settings.epochs, self.static)
        self.checkpoints = CheckpointFolder(Path(checkpoints), self.fingerprint()) if checkpoints else None
        self.seconds_before = 0.0
        self._compiled: tuple[MessagePassingNetwork, TrainingSteps] | None = None

    @property
    def padding_waste(self) -> float:
        """Share of the graph rows computed so far that were padding."""
        return 1.0 - self.packer.rows_used / self.packer.rows_padded if self.packer.rows_padded else 0.0

    def fingerprint(self) -> str:
        """Hash of all that decides the result: a checkpoint of another run doesn't continue this one."""
        kept = {
            k: v for k, v in asdict(self.settings).items() if k != "checkpoint_seconds" and (k, v) != ("freeze", None)
        }
        digest = hashlib.sha256(json.dumps([kept, keras.backend.backend(), self.group_size], sort_keys=True).encode())
        digest.update(self.sizes.tobytes())
        for fold in self.folds:
            for array in (fold.train, fold.validation, np.nan_to_num(fold.targets, nan=-1e30)):
                digest.update(np.ascontiguousarray(array).tobytes())
            for name in sorted(fold.weights):
                digest.update(fold.weights[name].tobytes())
        return digest.hexdigest()

    def run(self, resume: bool = False) -> list[FoldResult]:
        """Train every fold.

        Parameters
        ----------
        resume : bool
            Continue from the newest good checkpoint, if there is one.

        Returns
        -------
        list of FoldResult
            In the order of `folds`.
        """
        results, saved = self.begin(resume)
        for folds in self.groups(results):
            results.update(self.train_together(folds, saved))
        return [results[f.fold] for f in self.folds]

    def begin(self, resume: bool = False) -> tuple[dict[int, FoldResult], dict[str, Any] | None]:
        """Start the clock; gives the finished folds and the newest checkpoint of an earlier run that is to go on."""
        results: dict[int, FoldResult] = {}
        saved = None
        if self.checkpoints is not None:
            if resume:
                results, saved = self.checkpoints.load()
            else:
                self.checkpoints.clear()
        self.seconds_before = 0.0 if saved is None else saved["elapsed"]
        steps = self.layout.steps_per_epoch
        self._reporter = Reporter(
            self.progress, self.folds, self.settings.epochs, steps, self.seconds_before, finished=results
        )
        return results, saved

    def groups(self, finished: Container[int]) -> list[list[FoldData]]:
        """The folds that train together, without those that are finished."""
        starts = range(0, len(self.folds), self.group_size)
        groups = [[f for f in self.folds[i : i + self.group_size] if f.fold not in finished] for i in starts]
        return [group for group in groups if group]

    def train_together(self, folds: list[FoldData], saved: dict[str, Any] | None = None) -> dict[int, FoldResult]:
        """Train a group, from its checkpoint if `saved` is one of it; behind `begin`."""
        goes_on = saved is not None and {f.fold for f in folds} <= set(saved["folds"])
        if self._compiled is None or self._compiled[0].members != len(folds):
            self._reporter.compiling(folds, saved["epoch"] if saved is not None and goes_on else 0)
        self.packer.begin_group()
        if saved is not None and goes_on:
            return self._train_group(self._restored(folds, saved))
        return self._train_group(FoldGroup.begun(self.settings, folds, self.compiled))

    def compiled(self, members: int) -> tuple[MessagePassingNetwork, TrainingSteps]:
        """Network and compiled steps for so many members; traced once and used for every group of that size."""
        if self._compiled is None or self._compiled[0].members != members:
            network = self._make_network(members, "bfloat16" if self.mixed else "float32", self.xla)
            self._compiled = network, steps_class()(network, self.settings, self.static, self.xla)
        return self._compiled

    def _restored(self, folds: list[FoldData], saved: dict[str, Any]) -> FoldGroup:
        """The group of a checkpoint, without folds that finished since."""
        by_number = {f.fold: f for f in self.folds}
        saved_folds = [by_number[number] for number in saved["folds"]]
        self.packer.parts = saved["parts"]
        self.packer.budgets.rows = {key: np.array(rows) for key, rows in saved["budgets"].items()}
        try:
            group = FoldGroup.restored(self.settings, saved_folds, self.compiled, saved)
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"A checkpoint doesn't fit the network of this run ({error}): start it again."
            ) from error
        pending = [i for i, fold in enumerate(saved_folds) if any(fold is other for other in folds)]
        return group if len(pending) == len(saved_folds) else group.chosen(pending, self.compiled)

    def _train_group(self, group: FoldGroup) -> dict[int, FoldResult]:
        """Train folds that share every step, from where they are to their end."""
        finished: dict[int, FoldResult] = {}
        self._last_saved = time.monotonic()
        with ThreadPoolExecutor(1) as packing:
            while group.epoch < self.settings.epochs and group.folds:
                self._train_epoch(group, packing)
                group.end_epoch(self._validation_losses(group), self.epoch_end)
                if any(state.stopped for state in group.states):
                    group = self._without_stopped(group, finished)
                self._save_if_due(group)
        finished.update({fold.fold: group.result(i) for i, fold in enumerate(group.folds)})
        if self.checkpoints is not None:
            self.checkpoints.save_results(finished)
        return finished

    def _train_epoch(self, group: FoldGroup, packing: ThreadPoolExecutor) -> None:
        """The steps of an epoch that are still to do; the next batch is packed while one is computed."""
        layout, steps = self.layout, self.layout.steps_per_epoch
        size_classes = layout.buckets(group.epoch)
        orders = [layout.epoch(f.fold, f.train, group.epoch) for f in group.folds]

        def prepare(step: int) -> Any:
            polymers = [order[step] for order in orders]
            parts = self.packer.parts_of_step(group.folds, polymers, int(size_classes[step]))
            return keras.tree.map_structure(ops.convert_to_tensor, parts)

        ahead = packing.submit(prepare, group.step)
        while group.step < steps:
            batches = ahead.result()
            if group.step + 1 < steps:
                ahead = packing.submit(prepare, group.step + 1)
            active = np.array([len(order[group.step]) > 0 for order in orders], np.float32)
            rate = learning_rate(self.settings, group.epoch * steps + group.step, steps * self.settings.epochs)
            updates = np.array([state.updates for state in group.states])
            numbers = update_numbers(rate, updates, active)
            if self.settings.freeze is not None:
                numbers |= rows_to_keep([fold.kept_rows for fold in group.folds])
            try:
                total, labels = group.advance(batches, numbers)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                ahead.result()
                self._split_batches(error)
                ahead = packing.submit(prepare, group.step)
                continue
            group.count(total, labels, active, rate)
            self._reporter.report(group, sum(len(order[group.step - 1]) for order in orders))
            if group.step < steps:
                self._save_if_due(group)

    def _split_batches(self, error: Exception) -> None:
        """Compute a batch in twice as many parts from here on: the memory was too small."""
        if self.packer.parts >= self.settings.batch_size:
            raise TrainingError(
                f"The memory is too small for one polymer of each of {self.group_size} folds at a time; "
                "train fewer folds together (group=1) or use narrower features."
            ) from error
        self.packer.parts *= 2
        warnings.warn(
            f"A batch did not fit the memory; gradients are accumulated over {self.packer.parts} parts.", stacklevel=2
        )

    def _validation_losses(self, group: FoldGroup) -> np.ndarray:
        """Masked mean absolute error of each fold on its validation polymers, in scaled units; NaN without labels."""
        sums = np.zeros((2, len(group.folds)))
        for batch, targets in self.packer.validation_steps(group.folds):
            total, count = group.steps.evaluate(batch, targets)
            sums += np.stack([np.asarray(total), np.asarray(count)])
        return np.where(sums[1] > 0, sums[0] / np.maximum(sums[1], 1.0), np.nan)

    def _without_stopped(self, group: FoldGroup, finished: dict[int, FoldResult]) -> FoldGroup:
        """The group of the folds that train on: a stopped fold costs nothing from here on."""
        stopped = {f.fold: group.result(i) for i, f in enumerate(group.folds) if group.states[i].stopped}
        finished.update(stopped)
        if self.checkpoints is not None:
            self.checkpoints.save_results(stopped)
        return group.chosen([i for i, state in enumerate(group.states) if not state.stopped], self.compiled)

    def _save_if_due(self, group: FoldGroup) -> None:
        """Save a checkpoint of the group if the newest one is old enough."""
        if self.checkpoints is None or not group.folds:
            return
        if time.monotonic() - self._last_saved < self.settings.checkpoint_seconds:
            return
        state = group.saved_state() | {
            "elapsed": self._reporter.elapsed,
            "parts": self.packer.parts,
            # Padding must be that of an uninterrupted run: it moves the last bit of a sum.
            "budgets": {key: rows.tolist() for key, rows in self.packer.budgets.rows.items()},
        }
        self.checkpoints.save(state, group.saved_arrays())
        self._last_saved = time.monotonic()
