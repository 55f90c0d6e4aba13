"""Compiled training and validation steps on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.training.optimiser import adamw, masked_absolute_error


class TensorFlowSteps:
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

        def gradients(batch, targets, labels):
            with tf.GradientTape() as tape:
                total, _ = masked_absolute_error(network(batch, training=True), targets)
                # Members share no weights, so the gradient of the sum holds each member's own.
                loss = tf.reduce_sum(total / labels)
            found = tape.gradient(loss, self._weights)
            return total, [tf.convert_to_tensor(g) for g in found]

        def evaluate(batch, targets):
            return masked_absolute_error(network(batch, training=False), targets)

        def update(found, numbers):
            new = adamw(
                self._weights,
                found,
                self._first,
                self._second,
                decay=settings.decay,
                clip_norm=settings.clip_norm,
                **numbers,
            )
            for variables, values in zip((self._weights, self._first, self._second), new, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)

        def advance(batch, targets, labels, numbers):
            total, found = self._gradients(batch, targets, labels)
            self._update(found, numbers)
            return total

        def fused(function: Callable) -> Callable:
            return tf.function(function, jit_compile=True, autograph=False)

        self._gradients, self._evaluate = (fused(f) if static and xla else f for f in (gradients, evaluate))
        self._advance = advance
        # One pass over the weights: unfused, the update would cost as much as the gradients at batch size 1.
        self._update = fused(update)
        self._add = fused(lambda a, b: [x + y for x, y in zip(a, b, strict=True)])

    def _run(self, function: Callable, *arguments):
        """Call a function compiled for these shapes, or for any of their kind."""
        if function not in self._compiled:
            signature = None if self._static else self._tf.nest.map_structure(self._open_shape, arguments)
            self._compiled[function] = self._tf.function(function, input_signature=signature, autograph=False)
        return self._compiled[function](*arguments)

    def _open_shape(self, array):
        return self._tf.TensorSpec((array.shape[0], *[None] * (array.ndim - 1)), self._tf.as_dtype(array.dtype))

    def gradients(self, batch, targets, labels):
        total, found = self._run(self._gradients, batch, targets, labels)
        return total.numpy(), found

    def advance(self, batch, targets, labels, numbers) -> np.ndarray:
        # In one call, because to hand hundreds of gradients to Python and back costs a twentieth of it at batch size 1.
        return self._run(self._advance, batch, targets, labels, numbers).numpy()

    def add(self, one, other):
        return self._add(one, other)

    def update(self, found, numbers) -> None:
        self._update(found, keras.tree.map_structure(ops.convert_to_tensor, numbers))

    def evaluate(self, batch, targets):
        total, count = self._run(self._evaluate, batch, targets)
        return total.numpy(), count.numpy()

    def moments(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [v.numpy() for v in self._first], [v.numpy() for v in self._second]

    def set_moments(self, first: list[np.ndarray], second: list[np.ndarray]) -> None:
        for variables, values in ((self._first, first), (self._second, second)):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
