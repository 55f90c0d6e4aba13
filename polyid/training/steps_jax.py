"""Compiled training and validation steps on JAX."""

from __future__ import annotations

import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.training.optimiser import adamw, masked_absolute_error


class JaxSteps:
    """Compiled training and validation steps on JAX: weights and moments live on the device and are replaced in place."""

    def __init__(self, network: MessagePassingNetwork, settings: TrainingSettings, static: bool, xla: bool):
        import jax

        self._jax, self._network = jax, network
        self._first = [jax.numpy.zeros(v.shape, "float32") for v in network.trainable_variables]
        self._second = [jax.numpy.zeros(v.shape, "float32") for v in network.trainable_variables]

        def predict(weights, batch, training):
            return network.stateless_call(weights, [], batch, training=training)[0]

        def loss(weights, batch, targets, labels):
            total, _ = masked_absolute_error(predict(weights, batch, True), targets)
            return ops.sum(total / labels), total

        def gradients(weights, batch, targets, labels):
            found, total = jax.grad(loss, has_aux=True)(weights, batch, targets, labels)
            return total, found

        def update(weights, first, second, found, numbers):
            return adamw(weights, found, first, second, decay=settings.decay, clip_norm=settings.clip_norm, **numbers)

        self._gradients = jax.jit(gradients)
        self._update = jax.jit(update, donate_argnums=(0, 1, 2, 3))
        self._evaluate = jax.jit(lambda w, batch, targets: masked_absolute_error(predict(w, batch, False), targets))

    @property
    def _weights(self) -> list:
        return [v.value for v in self._network.trainable_variables]

    def gradients(self, batch, targets, labels):
        return self._gradients(self._weights, batch, targets, labels)

    def add(self, one, other):
        return [a + b for a, b in zip(one, other, strict=True)]

    def advance(self, batch, targets, labels, numbers):
        # In two calls: the memory is exhausted, if at all, in the first, which keeps the weights for another try.
        total, found = self.gradients(batch, targets, labels)
        self.update(found, numbers)
        return total

    def update(self, found, numbers) -> None:
        weights, self._first, self._second = self._update(self._weights, self._first, self._second, found, numbers)
        for variable, value in zip(self._network.trainable_variables, weights, strict=True):
            variable.assign(value)

    def evaluate(self, batch, targets):
        return self._evaluate(self._weights, batch, targets)

    def moments(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [np.asarray(v) for v in self._first], [np.asarray(v) for v in self._second]

    def set_moments(self, first: list[np.ndarray], second: list[np.ndarray]) -> None:
        self._first = [self._jax.numpy.asarray(v) for v in first]
        self._second = [self._jax.numpy.asarray(v) for v in second]
