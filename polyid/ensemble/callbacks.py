"""Keras callbacks for members that train side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class KerasCallbacks:
    """Runs Keras callbacks for each member at the end of its epochs."""

    def __init__(self, callbacks: Sequence[Any], names: Sequence[str | None]):
        self._callbacks, self._names = list(callbacks), names
        self._begun: set[int] = set()

    def __call__(self, fold: int, epoch: int, row: dict[str, float]) -> bool:
        stop = False
        for callback in self._callbacks:
            model = _Stoppable(self._names[fold])
            callback.set_model(model)
            if fold not in self._begun:
                callback.on_train_begin({})
            callback.on_epoch_end(epoch, {k: v for k, v in row.items() if k != "epoch"})
            stop = stop or model.stop_training
        self._begun.add(fold)
        return stop


class _Stoppable:
    """What a Keras callback sees as its model while members train side by side."""

    def __init__(self, name: str | None):
        self.name = name
        self.stop_training = False
