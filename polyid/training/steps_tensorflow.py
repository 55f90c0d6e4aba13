"""Compiled training and validation steps on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch, Tensor
from polyid.training.optimiser import masked_absolute_error, updated
from polyid.training.steps import TrainingSteps


class TensorFlowSteps(TrainingSteps):
    """Compiled training and validation steps on TensorFlow.

    With `static` each padded shape is traced for itself, which makes it faster; else one trace with open shapes serves every
    batch. XLA compiles static shapes only.
    """

    def __init__(self, network: MessagePassingNetwork, settings: TrainingSettings, static: bool, xla: bool):
        import tensorflow as tf

        self._tf, self._static = tf, static
        self._weights = [v.value for v in network.trainable_variables]
        self._first = [tf.Variable(tf.zeros_like(w)) for w in self._weights]
        self._second = [tf.Variable(tf.zeros_like(w)) for w in self._weights]
        self._compiled: dict[Callable, Callable] = {}

        def gradients(batch: Batch, targets: Tensor, labels: Tensor) -> tuple[Tensor, list]:
            with tf.GradientTape() as tape:
                total, _ = masked_absolute_error(network(batch, training=True), targets)
                # Members share no weights, so the gradient of the sum holds each member's own.
                loss = tf.reduce_sum(total / labels)
            return total, [tf.convert_to_tensor(g) for g in tape.gradient(loss, self._weights)]

        def evaluate(batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
            return masked_absolute_error(network(batch, training=False), targets)

        def update(gradients: list, numbers: dict) -> None:
            new = updated(network, settings, self._weights, gradients, self._first, self._second, numbers)
            for variables, values in zip((self._weights, self._first, self._second), new, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)

        def advance(batch: Batch, targets: Tensor, labels: Tensor, numbers: dict) -> Tensor:
            total, new = self._gradients(batch, targets, labels)
            self._update(new, numbers)
            return total

        def fused(function: Callable) -> Callable:
            return tf.function(function, jit_compile=True, autograph=False)

        self._gradients: Callable = fused(gradients) if static and xla else gradients
        self._evaluate: Callable = fused(evaluate) if static and xla else evaluate
        self._advance = advance
        # One pass over the weights: unfused, the update would cost as much as the gradients at batch size 1.
        self._update = fused(update)
        self._add = fused(lambda a, b: [x + y for x, y in zip(a, b, strict=True)])

    def _run(self, function: Callable, *arguments: Any) -> Any:
        """Call a function compiled for these shapes, or for any of their kind."""
        if function not in self._compiled:
            signature = None if self._static else self._tf.nest.map_structure(self._open_shape, arguments)
            self._compiled[function] = self._tf.function(function, input_signature=signature, autograph=False)
        return self._compiled[function](*arguments)

    def _open_shape(self, array: Tensor) -> Any:
        return self._tf.TensorSpec((array.shape[0], *[None] * (array.ndim - 1)), self._tf.as_dtype(array.dtype))

    def gradients(self, batch: Batch, targets: Tensor, labels: np.ndarray) -> tuple[np.ndarray, list]:
        total, gradients = self._run(self._gradients, batch, targets, labels)
        return total.numpy(), gradients

    def advance(self, batch: Batch, targets: Tensor, labels: np.ndarray, numbers: dict[str, Any]) -> np.ndarray:
        # In one call, because to hand hundreds of gradients to Python and back costs a twentieth of it at batch size 1.
        return self._run(self._advance, batch, targets, labels, numbers).numpy()

    def add(self, gradients: list, others: list) -> list:
        return self._add(gradients, others)

    def update(self, gradients: list, numbers: dict[str, Any]) -> None:
        self._update(gradients, keras.tree.map_structure(ops.convert_to_tensor, numbers))

    def evaluate(self, batch: Batch, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
        total, count = self._run(self._evaluate, batch, targets)
        return total.numpy(), count.numpy()

    def moments(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [v.numpy() for v in self._first], [v.numpy() for v in self._second]

    def set_moments(self, first: list[np.ndarray], second: list[np.ndarray]) -> None:
        for variables, values in ((self._first, first), (self._second, second)):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
