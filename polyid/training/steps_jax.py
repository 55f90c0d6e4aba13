"""Compiled training and validation steps on JAX."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch, Tensor
from polyid.training.optimiser import masked_absolute_error, updated
from polyid.training.steps import TrainingSteps


class JaxSteps(TrainingSteps):
    """Compiled training and validation steps on JAX: weights and moments live on the device and are replaced in place."""

    def __init__(self, network: MessagePassingNetwork, settings: TrainingSettings, static: bool, xla: bool):
        import jax

        self._jax, self._network = jax, network
        self._first = [jax.numpy.zeros(v.shape, "float32") for v in network.trainable_variables]
        self._second = [jax.numpy.zeros(v.shape, "float32") for v in network.trainable_variables]

        def predict(weights: list, batch: Batch, training: bool) -> Tensor:
            return network.stateless_call(weights, [], batch, training=training)[0]

        def loss(weights: list, batch: Batch, targets: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            total, _ = masked_absolute_error(predict(weights, batch, True), targets)
            return ops.sum(total / labels), total

        def gradients(weights: list, batch: Batch, targets: Tensor, labels: Tensor) -> tuple[Tensor, list]:
            gradient, total = jax.grad(loss, has_aux=True)(weights, batch, targets, labels)
            return total, gradient

        def update(weights: list, first: list, second: list, gradients: list, numbers: dict) -> tuple[list, list, list]:
            return updated(network, settings, weights, gradients, first, second, numbers)

        def evaluate(weights: list, batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
            return masked_absolute_error(predict(weights, batch, False), targets)

        self._gradients = jax.jit(gradients)
        self._update = jax.jit(update, donate_argnums=(0, 1, 2, 3))
        self._evaluate = jax.jit(evaluate)

    @property
    def _weights(self) -> list:
        return [v.value for v in self._network.trainable_variables]

    def gradients(self, batch: Batch, targets: Tensor, labels: np.ndarray) -> tuple[Tensor, list]:
        return self._gradients(self._weights, batch, targets, labels)

    def add(self, gradients: list, others: list) -> list:
        return [a + b for a, b in zip(gradients, others, strict=True)]

    def advance(self, batch: Batch, targets: Tensor, labels: np.ndarray, numbers: dict[str, Any]) -> Tensor:
        # In two calls: the memory is exhausted, if at all, in the first, which keeps the weights for another try.
        total, gradients = self.gradients(batch, targets, labels)
        self.update(gradients, numbers)
        return total

    def update(self, gradients: list, numbers: dict[str, Any]) -> None:
        weights, self._first, self._second = self._update(self._weights, self._first, self._second, gradients, numbers)
        for variable, value in zip(self._network.trainable_variables, weights, strict=True):
            variable.assign(value)

    def evaluate(self, batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self._evaluate(self._weights, batch, targets)

    def moments(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [np.asarray(v) for v in self._first], [np.asarray(v) for v in self._second]

    def set_moments(self, first: list[np.ndarray], second: list[np.ndarray]) -> None:
        self._first = [self._jax.numpy.asarray(v) for v in first]
        self._second = [self._jax.numpy.asarray(v) for v in second]
