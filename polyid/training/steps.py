"""What a training step is, whatever the backend: the one interface a new backend has to fill."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch, Tensor


class TrainingSteps(ABC):
    """Compiled training and validation steps of a network, with the moments of its optimiser.

    Parameters
    ----------
    network : MessagePassingNetwork
        Its weights are what the steps change.
    settings : TrainingSettings
    static : bool
        Whether each padded shape is compiled for itself.
    xla : bool
        Whether XLA compiles.

    Notes
    -----
    Shapes: M members, G graphs, P properties. ``targets`` are (M, G, P), NaN where unmeasured, ``labels`` (M,) are the
    labels each member's loss is divided by, and ``numbers`` are those of `polyid.training.optimiser.update_numbers`.
    """

    @abstractmethod
    def __init__(self, network: MessagePassingNetwork, settings: TrainingSettings, static: bool, xla: bool): ...

    @abstractmethod
    def gradients(self, batch: Batch, targets: Tensor, labels: np.ndarray) -> tuple[Tensor, Any]:
        """Summed absolute errors (M,), and the gradients as the backend holds them; weights stay as they are."""

    @abstractmethod
    def add(self, gradients: Any, others: Any) -> Any:
        """Sum of the gradients of two parts of a batch."""

    @abstractmethod
    def update(self, gradients: Any, numbers: dict[str, np.ndarray]) -> None:
        """One AdamW update of weights and moments."""

    @abstractmethod
    def advance(self, batch: Batch, targets: Tensor, labels: np.ndarray, numbers: dict[str, np.ndarray]) -> Tensor:
        """Gradients and update of a whole batch; returns summed absolute errors (M,)."""

    @abstractmethod
    def evaluate(self, batch: Batch, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Summed absolute errors and number of labels, (M,) each, without dropout."""

    @abstractmethod
    def moments(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """First and second moments, in the order of the network's trainable variables."""

    @abstractmethod
    def set_moments(self, first: list[np.ndarray], second: list[np.ndarray]) -> None:
        """Go on from these moments."""
