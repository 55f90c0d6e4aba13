"""Training steps of the exported polymers, their times and their arithmetic."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from polyid.nn.config import NetworkConfig


def forward_flops(sizes: Any, config: Any) -> Any:
    """Operations of the network's matrix products, two for a multiplication and its addition; a prediction of one member.

    Parameters
    ----------
    sizes : int array, shape (..., 3R)
        Graph rows of each level, as of `QuotientGraph.sizes`.
    config : NetworkConfig

    Returns
    -------
    int array, shape (...)
    """
    rounds, width, units = config.num_messages, config.features, config.mol_features
    atoms, bonds = sizes[..., :rounds], sizes[..., rounds : 2 * rounds + 1]
    square = 2 * width * width
    products = (atoms[..., 0] + bonds[..., 0]) * width * (units + 1)
    for i in range(rounds):
        products = products + (atoms[..., i] + bonds[..., i]) * width * (units + 1)
        # The change of bonds: bond, source and target to the hidden layer, and that to the change.
        products = products + (2 * atoms[..., i] + 2 * bonds[..., i + 1]) * square
        if i < rounds - 1:
            # Messages from bonds and targets; of their sums three more layers on atoms.
            products = products + (bonds[..., i + 1] + atoms[..., i] + 3 * atoms[..., i + 1]) * square
    products = products + bonds[..., rounds] * width * config.properties
    return 2 * products


def network_config(atom_classes: int, bond_classes: int, properties: int, parameters: dict[str, Any]) -> NetworkConfig:
    """Sizes of a preset's network for so many classes and properties."""
    return NetworkConfig(
        atom_classes,
        bond_classes,
        parameters["atom_features"],
        parameters["mol_features"],
        parameters["num_messages"],
        properties,
        parameters["dropout"],
    )


def trainer_factory(
    data: dict[str, Any], parameters: dict[str, Any], members: int, arguments: argparse.Namespace
) -> tuple[Callable[..., Any], Any]:
    """A maker of trainers of so many folds of the exported polymers, and the network's configuration."""
    import numpy as np

    from polyid.config.settings import settings_from
    from polyid.nn.network import MessagePassingNetwork
    from polyid.training.group import FoldData
    from polyid.training.trainer import EnsembleTrainer

    config = network_config(data["atom_classes"], data["bond_classes"], data["targets"].shape[1], parameters)
    order = np.random.default_rng(0).permutation(len(data["graphs"]))
    fresh = MessagePassingNetwork(config)
    folds = []
    for i in range(members):
        fresh.initialise([i])
        folds.append(
            FoldData(
                i,
                np.sort(np.delete(order, np.s_[i::10])),
                np.sort(order[i::10]),
                data["targets"],
                data["tokens"],
                fresh.member_weights(0),
            )
        )
    precision = {"auto": None, "float32": False, "bfloat16": True}[arguments.precision]
    run = {"epochs": max(1, (arguments.epochs or 0) + 1), "keep": "last", "group": members}
    batch_size = arguments.batch_size or parameters["batch_size"]
    settings = settings_from({**parameters, **run, "batch_size": batch_size, "mixed_precision": precision})

    def make_network(count: int, dtype: str, xla: bool) -> MessagePassingNetwork:
        return MessagePassingNetwork(config, count, dtype, xla)

    def make_trainer(**hooks: Any) -> EnsembleTrainer:
        return EnsembleTrainer(data["graphs"], folds, make_network, settings, **hooks)

    return make_trainer, config


def time_steps(trainer: Any, config: Any, steps: int) -> dict[str, float]:
    """Mean time and arithmetic of a training step over the size classes, each as often as an epoch has it.

    Parameters
    ----------
    trainer : EnsembleTrainer
    config : NetworkConfig
    steps : int
        Steps to time, spread over the size classes.

    Returns
    -------
    dict of str to float
        ``seconds`` and ``packing`` of a step, ``compiling`` of all shapes, ``polymers`` and ``flops`` of a step.
    """
    import numpy as np
    from keras import ops

    from polyid.training.group import FoldGroup

    layout, folds = trainer.layout, trainer.folds
    group = FoldGroup.begun(trainer.settings, folds, trainer.compiled)
    members = len(folds)
    by_class = layout.buckets(0)
    orders = [layout.epoch(f.fold, f.train, 0) for f in folds]
    found = [int(c) for c in np.unique(by_class)]
    # Too few steps for all classes: the middle of equally many each.
    chosen = found if steps >= len(found) else [found[int((i + 0.5) * len(found) / steps)] for i in range(steps)]
    each = max(1, steps // len(chosen))

    def pack(position: int) -> tuple[list, list]:
        polymers = [order[position] for order in orders]
        return [trainer.packer.training_batch(folds, polymers, int(by_class[position]))], polymers

    ones = np.ones(members, np.float32)
    numbers = {"rate": 1e-6 * ones, "correct_first": ones, "correct_second": ones, "active": ones}

    def step(batches: list) -> None:
        group.advance(batches, numbers)

    def wait() -> None:
        ops.convert_to_numpy(group.network.trainable_variables[0])

    totals = dict.fromkeys(("seconds", "packing", "polymers", "flops"), 0.0)
    weights, compiling = 0.0, 0.0
    for size_class in chosen:
        positions = np.flatnonzero(by_class == size_class)
        weight = float(len(positions))
        started = time.perf_counter()
        packed = [pack(int(position)) for position in positions[:each]]
        packing = (time.perf_counter() - started) / len(packed)
        started = time.perf_counter()
        for batches, _ in packed if not trainer.static else packed[:1]:
            step(batches)
        wait()
        compiling += time.perf_counter() - started
        started = time.perf_counter()
        for i in range(each):
            step(packed[i % len(packed)][0])
        wait()
        seconds = (time.perf_counter() - started) / each
        polymers = np.mean([sum(len(p) for p in chosen_polymers) for _, chosen_polymers in packed])
        flops = 3 * np.mean([sum(forward_flops(trainer.sizes[p], config).sum() for p in own) for _, own in packed])
        weights += weight
        for name, value in (("seconds", seconds), ("packing", packing), ("polymers", polymers), ("flops", flops)):
            totals[name] += weight * float(value)
    return {name: value / weights for name, value in totals.items()} | {"compiling": compiling}


class Epochs:
    """Times the epochs of a run, validation left out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._epoch, self._mark = 0, time.perf_counter()

    def progress(self, record: Any) -> None:
        if record.epoch > self._epoch:
            self._epoch = record.epoch
            self.seconds.append(time.perf_counter() - self._mark)

    def epoch_end(self, fold: int, epoch: int, row: dict[str, float]) -> bool:
        self._mark = time.perf_counter()
        return False


def device_name() -> tuple[str, bool]:
    """Name of the device that Keras computes on, and whether it is a GPU."""
    import keras

    from polyid.nn.device import has_gpu

    if keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        return f"{device.device_kind} (JAX {jax.__version__})", has_gpu()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return f"{details.get('device_name', 'CPU')} (TensorFlow {tf.__version__})", has_gpu()


def peak_device_memory() -> str:
    """Most memory that JAX held on the device, where it says so."""
    import keras

    if keras.backend.backend() != "jax":
        return ""
    import jax

    found = jax.local_devices()[0].memory_stats() or {}
    return f"{found['peak_bytes_in_use'] / 2**30:.2f} GiB" if "peak_bytes_in_use" in found else ""
