"""Folds that are trained together: their data, where they are, and what becomes of them at the end of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.errors import TrainingError
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch
from polyid.training.optimiser import dropout_key
from polyid.training.steps import TrainingSteps

Compiled: TypeAlias = Callable[[int], tuple[MessagePassingNetwork, TrainingSteps]]
"""Gives the network and its steps for a number of members."""

EpochEnd: TypeAlias = Callable[[int, int, dict[str, float]], bool]
"""(fold, epoch from 0, log row) -> True to stop that fold."""


@dataclass(frozen=True)
class FoldData:
    """One fold's view of the data.

    Attributes
    ----------
    fold : int
        Number of the fold, from 0.
    train, validation : int arrays
        Indices into the polymers of `TrainingData`.
    targets : float array, shape (n, P)
        Targets of all polymers, scaled as this fold scales them; NaN where unmeasured.
    tokens : sequence of (int array, int array)
        Embedding classes of each polymer's atom and bond features, as this fold numbers them.
    weights : dict of str to array
        Initial weights of the fold's network by name.
    kept_rows : tuple of int
        Rows of the atom and bond embeddings that are another model's, for where embeddings are frozen.
    """

    fold: int
    train: np.ndarray
    validation: np.ndarray
    targets: np.ndarray
    tokens: Sequence[tuple[np.ndarray, np.ndarray]]
    weights: dict[str, np.ndarray]
    kept_rows: tuple[int, int] = (0, 0)


@dataclass
class FoldResult:
    """A trained fold: its weights by name, the log of its epochs and the epoch its weights are from (from 1)."""

    weights: dict[str, np.ndarray]
    log: list[dict[str, float]]
    epoch: int


@dataclass
class FoldState:
    """What the trainer remembers of a fold besides the network: kept in checkpoints."""

    updates: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    stopped: bool = False
    log: list[dict[str, float]] = field(default_factory=list)


@dataclass
class FoldGroup:
    """Folds that share every step: where they are, and what they are trained with.

    Attributes
    ----------
    settings : TrainingSettings
    folds : list of FoldData
        M of them.
    network : MessagePassingNetwork
        Of M members.
    steps : TrainingSteps
        Of this network.
    states : list of FoldState
    best : list of dict of str to array
        Weights of each fold's best epoch so far.
    sums : float array, shape (2, M)
        Absolute errors and labels of the epoch so far.
    epoch, step : int
        The next to be done, from 0.
    rate : float
        Learning rate of the last step.
    """

    settings: TrainingSettings
    folds: list[FoldData]
    network: MessagePassingNetwork
    steps: TrainingSteps
    states: list[FoldState]
    best: list[dict[str, np.ndarray]]
    sums: np.ndarray
    epoch: int = 0
    step: int = 0
    rate: float = 0.0

    @classmethod
    def begun(cls, settings: TrainingSettings, folds: list[FoldData], compiled: Compiled) -> FoldGroup:
        """Folds before their first step.

        Parameters
        ----------
        settings : TrainingSettings
        folds : list of FoldData
        compiled : callable
            Network and steps for a number of members.
        """
        network, steps = compiled(len(folds))
        network.set_member_weights([fold.weights for fold in folds])
        zeros = [np.zeros(v.shape, np.float32) for v in network.trainable_variables]
        steps.set_moments(zeros, zeros)
        best = [fold.weights for fold in folds]
        return cls(settings, folds, network, steps, [FoldState() for _ in folds], best, np.zeros((2, len(folds))))

    @classmethod
    def restored(
        cls, settings: TrainingSettings, folds: list[FoldData], compiled: Compiled, saved: dict[str, Any]
    ) -> FoldGroup:
        """The folds of a checkpoint, as `saved_state` and `saved_arrays` describe them."""
        network, steps = compiled(len(folds))
        arrays, names = saved["arrays"], network.weight_names()
        for name, variable in network.named_weights().items():
            variable.assign(arrays[f"weight/{name}"])
        steps.set_moments([arrays[f"first/{n}"] for n in names], [arrays[f"second/{n}"] for n in names])
        return cls(
            settings,
            folds,
            network,
            steps,
            [FoldState(**state) for state in saved["states"]],
            [{n: arrays[f"best{i}/{n}"] for n in names} for i in range(len(folds))],
            arrays["sums"].astype(float),
            saved["epoch"],
            saved["step"],
        )

    def saved_state(self) -> dict[str, Any]:
        """What a checkpoint holds besides arrays, as JSON can hold it."""
        return {
            "folds": [fold.fold for fold in self.folds],
            "epoch": self.epoch,
            "step": self.step,
            "states": [asdict(state) for state in self.states],
        }

    def saved_arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a checkpoint: weights, moments, best weights and the sums of the epoch."""
        names = self.network.weight_names()
        first, second = self.steps.moments()
        arrays = {f"weight/{n}": ops.convert_to_numpy(v) for n, v in self.network.named_weights().items()}
        arrays |= {f"first/{n}": m for n, m in zip(names, first, strict=True)}
        arrays |= {f"second/{n}": m for n, m in zip(names, second, strict=True)}
        for i, weights in enumerate(self.best):
            arrays |= {f"best{i}/{n}": weights[n] for n in names}
        return arrays | {"sums": self.sums}

    def chosen(self, members: list[int], compiled: Compiled) -> FoldGroup:
        """Some members as a group of their own."""
        network, steps = self.network, self.steps
        if members:
            weights = {name: ops.convert_to_numpy(v)[members] for name, v in network.named_weights().items()}
            first, second = ([moment[members] for moment in moments] for moments in steps.moments())
            network, steps = compiled(len(members))
            for name, variable in network.named_weights().items():
                variable.assign(weights[name])
            steps.set_moments(first, second)
        return replace(
            self,
            folds=[self.folds[i] for i in members],
            network=network,
            steps=steps,
            states=[self.states[i] for i in members],
            best=[self.best[i] for i in members],
            sums=self.sums[:, members],
        )

    def advance(self, batches: list[tuple[Batch, Any]], numbers: dict[str, np.ndarray]) -> tuple[Any, np.ndarray]:
        """One update by a batch, its gradients accumulated over its parts; returns summed errors and labels (M,).

        Parameters
        ----------
        batches : list of (batch, targets)
            The parts.
        numbers : dict of str to array
            Of `polyid.training.optimiser.update_numbers`.
        """
        labels = np.sum([np.isfinite(targets).sum(axis=(1, 2)) for _, targets in batches], axis=0).astype(np.float32)
        least_labels = np.maximum(labels, 1.0)
        for part, (batch, _) in enumerate(batches):
            batch["dropout_key"] = np.array(
                [
                    dropout_key(self.settings.seed, fold.fold, state.updates, part)
                    for fold, state in zip(self.folds, self.states, strict=True)
                ]
            )
        if len(batches) == 1:
            return np.asarray(self.steps.advance(*batches[0], least_labels, numbers)), labels
        total, gradients = np.zeros(len(self.folds)), None
        for batch, targets in batches:
            errors, of_part = self.steps.gradients(batch, targets, least_labels)
            total += np.asarray(errors)
            gradients = of_part if gradients is None else self.steps.add(gradients, of_part)
        self.steps.update(gradients, numbers)
        return total, labels

    def count(self, errors: np.ndarray, labels: np.ndarray, active: np.ndarray, rate: float) -> None:
        """Note a step that was done: summed errors and labels (M,), who took part (M,), and the learning rate."""
        self.rate = rate
        self.sums += np.stack([errors, labels]) * active
        for state, took_part in zip(self.states, active, strict=True):
            state.updates += int(took_part)
        self.step += 1

    def end_epoch(self, validation: np.ndarray, epoch_end: EpochEnd | None) -> None:
        """Log an epoch, keep the best weights and mark the folds that are done.

        Parameters
        ----------
        validation : float array, shape (M,)
            Validation loss of each fold, NaN without labels.
        epoch_end : callable, optional
            (fold, epoch from 0, log row) -> True to stop that fold.

        Raises
        ------
        TrainingError
            A loss is no longer a number.
        """
        loss = self.sums[0] / np.maximum(self.sums[1], 1.0)
        for i, (fold, state) in enumerate(zip(self.folds, self.states, strict=True)):
            row = {
                "epoch": self.epoch + 1,
                "loss": float(loss[i]),
                "val_loss": float(validation[i]),
                "learning_rate": float(self.rate),
            }
            state.log.append(row)
            if not np.isfinite(loss[i]):
                raise TrainingError(
                    f"The loss of fold {fold.fold + 1} is no longer a number in epoch {self.epoch + 1}; "
                    "lower the learning rate or check the data for extreme values."
                )
            # A fold without validation labels can't be stopped early: its last weights are its best.
            if validation[i] < state.best_loss or not np.isfinite(validation[i]):
                state.best_loss, state.best_epoch = float(validation[i]), self.epoch + 1
                if self.settings.keep == "best":
                    self.best[i] = trim(self.network.member_weights(i), fold.weights)
            elif self.settings.patience and self.epoch + 1 - state.best_epoch >= self.settings.patience:
                state.stopped = True
            if epoch_end is not None and epoch_end(fold.fold, self.epoch, row):
                state.stopped = True
        self.epoch, self.step, self.sums = self.epoch + 1, 0, np.zeros((2, len(self.folds)))

    def result(self, member: int) -> FoldResult:
        """A trained fold, with the weights that the settings say to keep."""
        fold, state = self.folds[member], self.states[member]
        if self.settings.keep == "best":
            return FoldResult(self.best[member], state.log, state.best_epoch)
        return FoldResult(trim(self.network.member_weights(member), fold.weights), state.log, len(state.log))


def trim(weights: dict[str, np.ndarray], like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights without the rows that pad a fold's embeddings to the widest fold's."""
    return {name: value[tuple(slice(0, n) for n in like[name].shape)].copy() for name, value in weights.items()}


# Graph rows of one step that keep a CPU's cores busy and its caches warm.
_CPU_ROWS_A_STEP = 40_000
LONG_RUN = 1000
"""Steps from which on XLA compiles for a CPU: it costs as much as some hundred, and pays only where members share a step."""


def choose_group(folds: int, settings: TrainingSettings, gpu: bool, rows: float) -> int:
    """Folds to train together: all on a GPU; on a CPU as many as fit a step that is neither too small nor too large.

    Parameters
    ----------
    folds : int
    settings : TrainingSettings
    gpu : bool
    rows : float
        Graph rows of one fold's batch.
    """
    if settings.group is not None:
        return max(1, min(folds, settings.group))
    return folds if gpu else int(np.clip(_CPU_ROWS_A_STEP // max(rows, 1.0), 1, folds))
