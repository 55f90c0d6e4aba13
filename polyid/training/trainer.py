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
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from polyid.common.progress import Progress, ProgressCallback
from polyid.config.settings import TrainingSettings
from polyid.errors import TrainingError
from polyid.graphs.batch import pack
from polyid.graphs.refinement import QuotientGraph
from polyid.nn.device import has_gpu, is_out_of_memory
from polyid.nn.network import MessagePassingNetwork
from polyid.training.batches import BatchLayout, padded_rows, plan
from polyid.training.checkpoints import CheckpointFolder
from polyid.training.group import FoldData, FoldGroup, FoldResult, FoldState, choose_group
from polyid.training.optimiser import dropout_key, learning_rate
from polyid.training.steps_jax import JaxSteps
from polyid.training.steps_tensorflow import TensorFlowSteps

# Polymers dealt to batches before a run starts, to know the room they need; four seconds.
_MOST_FORESEEN = 600_000


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
        epoch_end: Callable[[int, int, dict[str, float]], bool] | None = None,
    ):
        self.graphs, self.folds, self.settings = graphs, list(folds), settings
        self.progress, self.epoch_end = progress, epoch_end
        self.gpu = has_gpu()
        mixed = self.gpu if settings.mixed_precision is None else settings.mixed_precision
        self.make_network = lambda members: make_network(members, "bfloat16" if mixed else "float32", self.xla)
        self.sizes = np.array([g.sizes for g in graphs])
        # On a GPU XLA compiles each size class, which takes longer than padding does.
        most_classes = 8 if self.gpu else None
        self.layout: BatchLayout = plan(
            self.sizes, [f.train for f in self.folds], settings.batch_size, settings.seed, most_classes
        )
        rows = self.sizes.sum(axis=1).mean() * settings.batch_size
        self.group_size = choose_group(len(self.folds), settings, self.gpu, rows)
        # A trace costs seconds: on a CPU many shapes share one, which pads least where a fold trains alone.
        self.static = self.gpu or (len(self.layout.steps) <= 2 and self.group_size > 1)
        # Compiling costs a CPU as much as some hundred steps, and pays only where members share a step.
        long_run = self.layout.steps_per_epoch * settings.epochs >= 1000
        self.xla = self.gpu or (self.static and self.group_size > 1 and long_run)
        self.rows_used = self.rows_padded = 0
        self.parts = 1
        self._steps: tuple[int, MessagePassingNetwork, Any] | None = None
        self._budgets = self._foreseen_budgets()
        self.checkpoints = CheckpointFolder(Path(checkpoints), self.fingerprint()) if checkpoints else None

    def _foreseen_budgets(self) -> dict[str, np.ndarray]:
        """Rows a batch of each size class needs: the most that any fold asks for in the epochs looked at, and a little more.

        All epochs are looked at where that takes seconds: a batch beyond its budget costs a compilation, and room that
        every later batch pads.
        """
        dealt = sum(len(fold.train) for fold in self.folds)
        epochs = min(self.settings.epochs, max(3, _MOST_FORESEEN // max(dealt, 1)) if self.static else 3)
        most: dict[str, np.ndarray] = {}
        for epoch in range(epochs):
            buckets = self.layout.buckets(epoch)
            for fold in self.folds:
                for bucket, chosen in zip(buckets, self.layout.epoch(fold.fold, fold.train, epoch), strict=True):
                    needed = self.sizes[chosen].sum(axis=0)
                    key = f"{bucket}/1"
                    most[key] = np.maximum(most.get(key, 0), needed)
        for fold in self.folds:
            for chosen in self._validation_parts(fold):
                most["validation"] = np.maximum(most.get("validation", 0), self.sizes[chosen].sum(axis=0))
        slack = 1.0 if self.settings.batch_size == 1 or epochs == self.settings.epochs else 1.02
        return {bucket: padded_rows(needed[None] * slack) for bucket, needed in most.items()}

    @property
    def padding_waste(self) -> float:
        """Share of the graph rows computed so far that were padding."""
        return 1.0 - self.rows_used / self.rows_padded if self.rows_padded else 0.0

    def fingerprint(self) -> str:
        """Hash of all that decides the result: a checkpoint of another run doesn't continue this one."""
        kept = {k: v for k, v in asdict(self.settings).items() if k not in ("checkpoint_seconds",)}
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
        self._started = time.monotonic()
        self.seconds_before = 0.0
        self._polymer_epochs = 0.0
        self._last_report = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=60)
        results: dict[int, FoldResult] = {}
        state = None
        if self.checkpoints is not None:
            if resume:
                results, state = self.checkpoints.load()
            else:
                self.checkpoints.clear()
        if state is not None:
            self.seconds_before = state["elapsed"]
        groups = [self.folds[i : i + self.group_size] for i in range(0, len(self.folds), self.group_size)]
        for group in groups:
            pending = [f for f in group if f.fold not in results]
            if pending:
                mine = state is not None and {f.fold for f in pending} <= set(state["folds"])
                results.update(self._train_group(pending, state if mine else None))
        return [results[f.fold] for f in self.folds]

    def _network(self, members: int) -> tuple[MessagePassingNetwork, Any]:
        """Network and compiled steps for so many members; traced once and used for every group of that size."""
        if self._steps is None or self._steps[0] != members:
            network = self.make_network(members)
            kind = {"tensorflow": TensorFlowSteps, "jax": JaxSteps}.get(keras.backend.backend())
            if kind is None:
                raise TrainingError(
                    f"Training runs on the Keras backends tensorflow and jax, not {keras.backend.backend()!r}; "
                    "set KERAS_BACKEND."
                )
            self._steps = (members, network, kind(network, self.settings, self.static, self.xla))
        return self._steps[1], self._steps[2]

    def _train_group(self, folds: list[FoldData], saved: dict | None) -> dict[int, FoldResult]:
        """Train folds that share every step, from their start or from a checkpoint."""
        group = self._begin(folds) if saved is None else self._restore(folds, saved)
        finished: dict[int, FoldResult] = {}
        last_saved = time.monotonic()
        with ThreadPoolExecutor(1) as packer:
            while group.epoch < self.settings.epochs and group.folds:
                self._train_epoch(group, packer, last_saved)
                self._end_of_epoch(group)
                group.epoch, group.step, group.sums = group.epoch + 1, 0, np.zeros((2, len(group.folds)))
                if any(s.stopped for s in group.states):
                    group = self._without_stopped(group, finished)
                last_saved = self._checkpoint(group, last_saved)
        finished.update({fold.fold: self._result(group, i) for i, fold in enumerate(group.folds)})
        if self.checkpoints is not None:
            self.checkpoints.save_results(finished)
        return finished

    def _begin(self, folds: list[FoldData]) -> FoldGroup:
        network, steps = self._network(len(folds))
        network.set_member_weights([fold.weights for fold in folds])
        zeros = [np.zeros(v.shape, np.float32) for v in network.trainable_variables]
        steps.set_moments(zeros, zeros)
        return FoldGroup(folds, network, steps, [FoldState() for _ in folds], [fold.weights for fold in folds])

    def _train_epoch(self, group: FoldGroup, packer: ThreadPoolExecutor, last_saved: float) -> None:
        """The steps of an epoch that are still to do; the next batch is packed while one is computed."""
        settings, layout, folds = self.settings, self.layout, group.folds
        buckets = layout.buckets(group.epoch)
        orders = [layout.epoch(f.fold, f.train, group.epoch) for f in folds]

        def prepare(i: int) -> list:
            parts = [
                self._pack(folds, [order[i][part :: self.parts] for order in orders], int(buckets[i]))
                for part in range(self.parts)
            ]
            return keras.tree.map_structure(ops.convert_to_tensor, parts)

        ahead = packer.submit(prepare, group.step)
        while group.step < layout.steps_per_epoch:
            batches = ahead.result()
            if group.step + 1 < layout.steps_per_epoch:
                ahead = packer.submit(prepare, group.step + 1)
            updates = np.array([s.updates for s in group.states])
            active = np.array([len(order[group.step]) > 0 for order in orders], np.float32)
            rate = learning_rate(
                settings, group.epoch * layout.steps_per_epoch + group.step, layout.steps_per_epoch * settings.epochs
            )
            numbers = {
                "rate": np.full(len(folds), rate, np.float32),
                "correct_first": (1.0 / (1.0 - 0.9 ** (updates + 1.0))).astype(np.float32),
                "correct_second": (1.0 / (1.0 - 0.999 ** (updates + 1.0))).astype(np.float32),
                "active": active,
            }
            try:
                total, labels = self._advance(group, batches, numbers)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                ahead.result()
                self._split_batches(error)
                ahead = packer.submit(prepare, group.step)
                continue
            group.rate = rate
            group.sums += np.stack([total, labels]) * active
            for s, on in zip(group.states, active, strict=True):
                s.updates += int(on)
            self._polymer_epochs += sum(len(order[group.step]) for order in orders)
            group.step += 1
            self._report(group)
            if group.step < layout.steps_per_epoch:
                last_saved = self._checkpoint(group, last_saved)

    def _advance(
        self, group: FoldGroup, batches: list, numbers: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """One update by a batch, its gradients accumulated over its parts; returns summed errors and labels (M,)."""
        labels = np.sum([np.isfinite(targets).sum(axis=(1, 2)) for _, targets in batches], axis=0).astype(np.float32)
        least_labels = np.maximum(labels, 1.0)
        for part, (batch, _) in enumerate(batches):
            batch["dropout_key"] = np.array(
                [
                    dropout_key(self.settings.seed, fold.fold, state.updates, part)
                    for fold, state in zip(group.folds, group.states, strict=True)
                ]
            )
        if len(batches) == 1:
            return np.asarray(group.steps.advance(*batches[0], least_labels, numbers)), labels
        total, found = np.zeros(len(group.folds)), None
        for batch, targets in batches:
            errors, new = group.steps.gradients(batch, targets, least_labels)
            total += np.asarray(errors)
            found = new if found is None else group.steps.add(found, new)
        group.steps.update(found, numbers)
        return total, labels

    def _split_batches(self, error: Exception) -> None:
        """Compute a batch in twice as many parts from here on: the memory was too small."""
        if self.parts >= self.settings.batch_size:
            raise TrainingError(
                f"The memory is too small for one polymer of each of {self.group_size} folds at a time; "
                "train fewer folds together (group=1) or use narrower features."
            ) from error
        self.parts *= 2
        warnings.warn(
            f"A batch did not fit the memory; gradients are accumulated over {self.parts} parts.", stacklevel=2
        )

    def _end_of_epoch(self, group: FoldGroup) -> None:
        """Validate, log, keep the best weights and mark the folds that are done."""
        loss = group.sums[0] / np.maximum(group.sums[1], 1.0)
        validation = self._validate(group)
        for i, (fold, s) in enumerate(zip(group.folds, group.states, strict=True)):
            row = {
                "epoch": group.epoch + 1,
                "loss": float(loss[i]),
                "val_loss": float(validation[i]),
                "learning_rate": float(group.rate),
            }
            s.log.append(row)
            if not np.isfinite(loss[i]):
                raise TrainingError(
                    f"The loss of fold {fold.fold + 1} is no longer a number in epoch {group.epoch + 1}; "
                    "lower the learning rate or check the data for extreme values."
                )
            # A fold without validation labels can't be stopped early: its last weights are its best.
            if validation[i] < s.best_loss or not np.isfinite(validation[i]):
                s.best_loss, s.best_epoch = float(validation[i]), group.epoch + 1
                if self.settings.keep == "best":
                    group.best[i] = trim(group.network.member_weights(i), fold.weights)
            elif self.settings.patience and group.epoch + 1 - s.best_epoch >= self.settings.patience:
                s.stopped = True
            if self.epoch_end is not None and self.epoch_end(fold.fold, group.epoch, row):
                s.stopped = True

    def _result(self, group: FoldGroup, member: int) -> FoldResult:
        fold, state = group.folds[member], group.states[member]
        if self.settings.keep == "best":
            return FoldResult(group.best[member], state.log, state.best_epoch)
        return FoldResult(trim(group.network.member_weights(member), fold.weights), state.log, len(state.log))

    def _without_stopped(self, group: FoldGroup, finished: dict[int, FoldResult]) -> FoldGroup:
        """The group of the folds that train on: a stopped fold costs nothing from here on."""
        on = [i for i, s in enumerate(group.states) if not s.stopped]
        stopped = {f.fold: self._result(group, i) for i, f in enumerate(group.folds) if i not in on}
        finished.update(stopped)
        if self.checkpoints is not None:
            self.checkpoints.save_results(stopped)
        return self._chosen(group, on)

    def _chosen(self, group: FoldGroup, members: list[int]) -> FoldGroup:
        """Some members of a group as a group of their own."""
        weights = {name: ops.convert_to_numpy(v)[members] for name, v in group.network.named_weights().items()}
        moments = [[m[members] for m in part] for part in group.steps.moments()]
        network, steps = self._network(len(members)) if members else (group.network, group.steps)
        if members:
            for name, variable in network.named_weights().items():
                variable.assign(weights[name])
            steps.set_moments(*moments)
        return FoldGroup(
            [group.folds[i] for i in members],
            network,
            steps,
            [group.states[i] for i in members],
            [group.best[i] for i in members],
            group.epoch,
            group.step,
            group.sums[:, members],
            group.rate,
        )

    def _validate(self, group: FoldGroup) -> np.ndarray:
        """Masked mean absolute error of each fold on its validation polymers, in scaled units; NaN without labels."""
        sums = np.zeros((2, len(group.folds)))
        for chosen in zip(*(self._validation_parts(f) for f in group.folds), strict=True):
            total, count = group.steps.evaluate(*self._pack(group.folds, list(chosen), None))
            sums += np.stack([np.asarray(total), np.asarray(count)])
        return np.where(sums[1] > 0, sums[0] / np.maximum(sums[1], 1.0), np.nan)

    def _validation_parts(self, fold: FoldData, size: int = 64) -> list[np.ndarray]:
        """The fold's validation polymers in equally many parts for every fold, large and small ones mixed."""
        count = max(1, -(-max(len(f.validation) for f in self.folds) // size))
        order = fold.validation[np.argsort(self.layout.cost[fold.validation], kind="stable")]
        return [order[i::count] for i in range(count)]

    def _pack(self, folds: list[FoldData], chosen: list[np.ndarray], bucket: int | None):
        """Batch and targets (M, G, P) of the chosen polymers of each fold, of one size class or (None) for validation."""
        sums = np.array([self.sizes[c].sum(axis=0) for c in chosen])
        needed = sums.max(axis=0)
        key = "validation" if bucket is None else f"{bucket}/{self.parts}"
        budget = self._budgets.get(key)
        if not self.static and bucket is not None:
            # Open shapes need only be equal over the members, and few enough that the CPU's kernels are found again.
            budget = padded_rows(sums)
        elif budget is None or np.any(needed > budget):
            # A batch beyond what was foreseen: from here on there is room for its like.
            room = [needed * 1.05] if budget is None else [needed * 1.05, budget]
            budget = self._budgets[key] = padded_rows(np.array(room))
        most = (
            len(self._validation_parts(folds[0])[0]) if bucket is None else -(-self.settings.batch_size // self.parts)
        )
        graphs = max(most, *(len(c) for c in chosen), 1)
        batch = pack(
            [[self.graphs[p] for p in c] for c in chosen],
            [[fold.tokens[p] for p in c] for fold, c in zip(folds, chosen, strict=True)],
            budget,
            graphs,
        )
        targets = np.full((len(folds), graphs, folds[0].targets.shape[1]), np.nan, np.float32)
        for m, (fold, c) in enumerate(zip(folds, chosen, strict=True)):
            targets[m, : len(c)] = fold.targets[c]
        if bucket is not None:
            self.rows_used += int(sum(self.sizes[c].sum() for c in chosen))
            self.rows_padded += int(np.sum(budget)) * len(chosen)
        return batch, targets

    def _report(self, group: FoldGroup) -> None:
        """Tell the progress callback, at most once a second except at the end of an epoch."""
        if self.progress is None:
            return
        now = time.monotonic()
        folds, epoch = group.folds, group.epoch
        ended = group.step == self.layout.steps_per_epoch
        if not ended and now - self._last_report < 1.0:
            return
        self._last_report = now
        spent = now - self._started
        done = epoch + group.step / self.layout.steps_per_epoch
        per_second = self._polymer_epochs / max(spent, 1e-9)
        sizes = [len(f.train) for f in folds]
        left = sum(sizes) * (self.settings.epochs - done)
        started = [f.fold for f in folds]
        waiting = [f for f in self.folds if f.fold > max(started)]
        left += sum(len(f.train) for f in waiting) * self.settings.epochs
        # From the last sixty reports: the first steps compile, and a resumed run has done much before it began.
        self._recent.append((now, self._polymer_epochs))
        since, then = self._recent[0]
        recent = self._polymer_epochs - then
        losses = [s.log[-1]["val_loss"] for s in group.states if s.log]
        self.progress(
            Progress(
                phase="training",
                folds=tuple(started),
                folds_total=len(self.folds),
                epoch=epoch + int(ended),
                epochs=self.settings.epochs,
                train_loss=float(np.mean(group.sums[0] / np.maximum(group.sums[1], 1.0))),
                validation_loss=float(np.nanmean(losses)) if np.isfinite(losses).any() else float("nan"),
                learning_rate=float(group.rate),
                polymers_per_second=per_second,
                elapsed_seconds=self.seconds_before + spent,
                eta_seconds=left * (now - since) / recent if recent > 0 else None,
            )
        )

    def _checkpoint(self, group: FoldGroup, last_saved: float) -> float:
        """Save the group if the last checkpoint is old enough; returns when the newest was saved."""
        if self.checkpoints is None or not group.folds:
            return last_saved
        if time.monotonic() - last_saved < self.settings.checkpoint_seconds:
            return last_saved
        names = group.network.weight_names()
        first, second = group.steps.moments()
        arrays = {f"weight/{n}": ops.convert_to_numpy(v) for n, v in group.network.named_weights().items()}
        arrays |= {f"first/{n}": m for n, m in zip(names, first, strict=True)}
        arrays |= {f"second/{n}": m for n, m in zip(names, second, strict=True)}
        for i, weights in enumerate(group.best):
            arrays |= {f"best{i}/{n}": weights[n] for n in names}
        arrays["sums"] = group.sums
        state = {
            "folds": [f.fold for f in group.folds],
            "epoch": group.epoch,
            "step": group.step,
            "elapsed": self.seconds_before + time.monotonic() - self._started,
            "states": [asdict(s) for s in group.states],
            "parts": self.parts,
            # Padding must be that of an uninterrupted run: it moves the last bit of a sum.
            "budgets": {key: budget.tolist() for key, budget in self._budgets.items()},
        }
        self.checkpoints.save(state, arrays)
        return time.monotonic()

    def _restore(self, folds: list[FoldData], saved: dict) -> FoldGroup:
        """The group of a checkpoint, without folds that finished since."""
        arrays = saved["arrays"]
        by_number = {f.fold: f for f in self.folds}
        all_folds = [by_number[number] for number in saved["folds"]]
        network, steps = self._network(len(all_folds))
        names = network.weight_names()
        for name, variable in network.named_weights().items():
            variable.assign(arrays[f"weight/{name}"])
        steps.set_moments([arrays[f"first/{n}"] for n in names], [arrays[f"second/{n}"] for n in names])
        self.parts = saved["parts"]
        self._budgets = {key: np.array(rows) for key, rows in saved["budgets"].items()}
        group = FoldGroup(
            all_folds,
            network,
            steps,
            [FoldState(**s) for s in saved["states"]],
            [{n: arrays[f"best{i}/{n}"] for n in names} for i in range(len(all_folds))],
            saved["epoch"],
            saved["step"],
            arrays["sums"].astype(float),
        )
        wanted = [i for i, f in enumerate(all_folds) if any(f is g for g in folds)]
        return group if len(wanted) == len(all_folds) else self._chosen(group, wanted)


def trim(weights: dict[str, np.ndarray], like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights without the rows that pad a fold's embeddings to the widest fold's."""
    return {name: value[tuple(slice(0, n) for n in like[name].shape)].copy() for name, value in weights.items()}
