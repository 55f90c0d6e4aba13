"""Functions of a batch as a backend runs them fast: TensorFlow's are traced once for all shapes, JAX's are compiled for few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
import numpy as np
from keras import ops

_JAX_SLACK, _JAX_WASTE = 1.25, 2.0
"""Room of a shape beyond the batch that it was made for, and how much larger than a batch a shape may be to be used again."""


def compiled(function: Callable, constants: Any) -> Callable:
    """A function of a batch of arrays, made once: every later table or single SMILES reuses it.

    Parameters
    ----------
    function : callable
        Of `constants` and a batch of tensors.
    constants : nested list or dict of tensors
        What stays the same from batch to batch.
    """
    if keras.backend.backend() == "tensorflow":
        return _Traced(lambda batch: function(constants, batch))
    if keras.backend.backend() == "jax":
        import jax

        # As arguments: what a function merely refers to, XLA writes into each program that it compiles.
        jitted = jax.jit(function)
        return lambda batch: jitted(constants, batch)
    return lambda batch: function(constants, keras.tree.map_structure(ops.convert_to_tensor, batch))


class BatchShapes:
    """Rows that batches are padded to, so that JAX, which compiles each shape for seconds, compiles few.

    A batch takes the smallest of the shapes so far that holds it, unless that is more than twice as large.
    """

    def __init__(self) -> None:
        self._known: list[np.ndarray] = []

    def padded(self, needed: np.ndarray) -> np.ndarray | None:
        """Rows to pad a batch of `needed` rows (L,) to; None where the backend takes all shapes as they come."""
        if keras.backend.backend() != "jax":
            return None
        fitting = [
            rows for rows in self._known if np.all(rows >= needed) and rows.sum() <= _JAX_WASTE * needed.sum() + 512
        ]
        if not fitting:
            fitting = [np.ceil((needed * _JAX_SLACK + 1) / 8).astype(np.int64) * 8]
            self._known += fitting
        return min(fitting, key=lambda rows: int(rows.sum()))


class _Traced:
    """A function of a batch, traced; the batch is handed over as three arrays, which takes a tenth of the time of some sixty.

    Parameters
    ----------
    function : callable
        Of a batch of tensors.
    """

    _KINDS = ("int32", "float32")

    def __init__(self, function: Callable):
        self._function = function
        self._traced: Callable | None = None
        # Of each kind, which of a batch's arrays are of it.
        self._places: list[list[int]] = []

    def __call__(self, batch: dict) -> Any:
        arrays = keras.tree.flatten(batch)
        if self._traced is None:
            kinds = [array.dtype.name for array in arrays]
            self._places = [[place for place, own in enumerate(kinds) if own == kind] for kind in self._KINDS]
            self._traced = self._trace(batch, [len(array) for array in arrays])
        of_kind = [[arrays[place] for place in places] for places in self._places]
        sizes = np.array([array.size for own in of_kind for array in own], np.int32)
        return self._traced(
            *(ops.convert_to_tensor(np.concatenate([a.ravel() for a in own])) for own in of_kind), sizes
        )

    def _trace(self, batch: dict, rows: Sequence[int]) -> Callable:
        """The function of all integers, all other numbers, and how many of them each array of so many rows has."""
        import tensorflow as tf

        form = keras.tree.map_structure(lambda array: 0, batch)
        counts = [len(places) for places in self._places]

        def answer(*given: Any) -> Any:
            *numbers, sizes = given
            tensors: list[Any] = [None] * len(rows)
            of_kind = zip(self._places, numbers, (sizes[: counts[0]], sizes[counts[0] :]), counts, strict=True)
            for places, flat, own, count in of_kind:
                for place, part in zip(places, tf.split(flat, own, num=count), strict=True):
                    tensors[place] = tf.reshape(part, (rows[place], -1))
            return self._function(keras.tree.pack_sequence_as(form, tensors))

        signature = [tf.TensorSpec((None,), kind) for kind in (*self._KINDS, "int32")]
        return cast(Callable, tf.function(answer, input_signature=signature, autograph=False))
