"""Gathering and summing rows of flat batches, with the gradients written out where Keras's are slow."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from polyid.nn.operations import operations_on
from polyid.nn.tensor import Tensor


def _gather(flat: Tensor, index: Tensor) -> Tensor:
    """Rows `index` of `flat`; no index is negative."""
    if keras.backend.backend() == "tensorflow":
        # Keras looks for negative indices first, in passes of their own.
        import tensorflow as tf

        return tf.gather(flat, index)
    return ops.take(flat, index, axis=0)


def _segment_sum(flat: Tensor, index: Tensor, rows: int, ascending: bool) -> Tensor:
    """Sum rows of `flat` into `rows` rows by `index`. If that is `ascending`, TensorFlow is faster, but XLA can't do it."""
    if not ascending:
        return ops.segment_sum(flat, index, num_segments=rows)
    import tensorflow as tf

    sums = tf.math.segment_sum(flat, index)
    return tf.pad(sums, [[0, rows - tf.shape(sums)[0]], [0, 0]])


def _shared(index: np.ndarray) -> np.ndarray:
    """What all members share, as NumPy's arrays (1, m) say; shape (m,)."""
    (of_all,) = index
    return of_all


def _multiplied(
    states: np.ndarray, taken: np.ndarray, count: np.ndarray | float, index: np.ndarray, rows: int
) -> np.ndarray:
    """As `sum_taken_rows`, by a product with a matrix of counts (rows, n): NumPy's sums by index take five times as long."""
    counts = np.zeros((rows, states.shape[1]), states.dtype)
    np.add.at(counts, (index, taken), count)
    return counts @ states


def take_rows(states: Tensor, index: Tensor, ascending: bool = False) -> Tensor:
    """Rows `index` (M, m) of each member's `states` (M, n, F); shape (M, m, F). For `ascending` see `sum_rows`."""
    if isinstance(states, np.ndarray):
        # Tokens are each member's own.
        return states.take(index[0], axis=1) if len(index) == 1 else states[np.arange(len(index))[:, None], index]
    members, rows, features = ops.shape(states)
    offset = ops.expand_dims(ops.arange(members, dtype="int32") * rows, 1)
    flat_index = ops.reshape(index + offset, (-1,))

    @ops.custom_gradient
    def taken(flat: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> Tensor:
            return _segment_sum(upstream, flat_index, members * rows, ascending)

        return _gather(flat, flat_index), gradient

    return ops.reshape(taken(ops.reshape(states, (members * rows, features))), (members, -1, features))


def sum_rows(values: Tensor, index: Tensor, rows: int, ascending: bool = False) -> Tensor:
    """Sum `values` (M, m, F) into `rows` rows of each member by `index` (M, m), none negative; shape (M, rows, F).

    With `ascending`, which promises an ascending index, the sum or its transpose is cheaper; on TensorFlow, not under XLA.
    """
    if isinstance(values, np.ndarray):
        return _multiplied(values, np.arange(values.shape[1]), 1.0, _shared(index), rows)
    members, _, features = ops.shape(values)
    offset = ops.expand_dims(ops.arange(members, dtype="int32") * rows, 1)
    flat_index = ops.reshape(index + offset, (-1,))

    # TensorFlow's own gradient guards against negative indices, with several passes over all values.
    @ops.custom_gradient
    def summed(flat: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> Tensor:
            return _gather(upstream, flat_index)

        return _segment_sum(flat, flat_index, members * rows, ascending), gradient

    return ops.reshape(summed(ops.reshape(values, (-1, features))), (members, rows, features))


def sum_taken_rows(states: Tensor, taken: Tensor, count: Tensor, index: Tensor, rows: int) -> Tensor:
    """Sum rows `taken` (M, m) of `states` (M, n, F), each `count` (M, m) times, by `index` (M, m); shape (M, rows, F)."""
    if isinstance(states, np.ndarray):
        return _multiplied(states, _shared(taken), _shared(count), _shared(index), rows)
    return sum_rows(take_rows(states, taken) * ops.expand_dims(ops.cast(count, states.dtype), -1), index, rows)


def sum_taken_rows_sparsely(states: Tensor, taken: Tensor, count: Tensor, index: Tensor, rows: int) -> Tensor:
    """As `sum_taken_rows`, for whole counts and ascending `index`, in one pass: on TensorFlow, but not under XLA."""
    import tensorflow as tf

    members, states_each, features = ops.shape(states)
    member = ops.expand_dims(ops.arange(members, dtype="int32"), 1)
    times = tf.cast(tf.reshape(count, (-1,)), "int32")
    taken, index = (
        tf.repeat(tf.reshape(i + member * n, (-1,)), times) for i, n in ((taken, states_each), (index, rows))
    )
    flat = tf.sparse.segment_sum(tf.reshape(states, (-1, features)), taken, index, num_segments=members * rows)
    return ops.reshape(flat, (members, rows, features))


def largest_rows(values: Tensor, index: Tensor, rows: int) -> Tensor:
    """Largest of `values` (M, m) for each of `rows` rows by the ascending `index` (M, m), -1e30 at least; shape (M, rows, 1)."""
    if isinstance(values, np.ndarray):
        present, first = np.unique(_shared(index), return_index=True)
        found = np.full((len(values), rows, 1), -1e30, values.dtype)
        if len(present):
            found[:, present, 0] = np.maximum.reduceat(values, first, axis=1)
        return found
    members = ops.shape(values)[0]
    offset = ops.expand_dims(ops.arange(members, dtype="int32") * rows, 1)
    largest = ops.segment_max(
        ops.reshape(values, (-1,)), ops.reshape(index + offset, (-1,)), num_segments=members * rows
    )
    return ops.reshape(ops.maximum(largest, -1e30), (members, rows, 1))


def mean_rows(values: Tensor, count: Tensor, graph: Tensor, graphs: int, ascending: bool = False) -> Tensor:
    """Mean of `values` (M, e, F) over the rows of each graph, each as often as `count` (M, e) says; shape (M, G, F)."""
    ops = operations_on(values)
    weight = ops.expand_dims(count, -1)
    sums = sum_rows(ops.concatenate([values * weight, weight], axis=-1), graph, graphs, ascending)
    return sums[..., :-1] / ops.maximum(sums[..., -1:], 1.0)
