"""Which operations the layers compute with: those of the backend that Keras runs on, or NumPy's.

The arithmetic of a few polymers takes a millisecond, the dispatch of some thousand operations of a backend ten. So a network may hold
NumPy arrays for its weights (`on_numpy`): its layers then compute with NumPy, by the same lines of code.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from polyid.nn.tensor import Tensor


def _cast(values: np.ndarray, dtype: Any) -> np.ndarray:
    return values.astype(dtype, copy=False)


def _concatenate(arrays: Any, axis: int) -> np.ndarray:
    """As `np.concatenate` along the last axis, of arrays of which members may share some, with 1 as their number."""
    if len({len(array) for array in arrays}) == 1:
        return np.concatenate(arrays, axis=axis)
    rows = np.broadcast_shapes(*(array.shape[:-1] for array in arrays))
    return np.concatenate([np.broadcast_to(array, (*rows, array.shape[-1])) for array in arrays], axis=axis)


def _same(values: np.ndarray) -> np.ndarray:
    return values


_NUMPY = SimpleNamespace(
    cast=_cast,
    clip=np.clip,
    concatenate=_concatenate,
    convert_to_tensor=_same,
    exp=np.exp,
    expand_dims=np.expand_dims,
    log=np.log,
    matmul=np.matmul,
    maximum=np.maximum,
    relu=lambda values: np.maximum(values, 0),
    shape=np.shape,
    squeeze=np.squeeze,
    stop_gradient=_same,
    where=np.where,
)
"""What the layers use of `keras.ops`, by its names there."""


def operations_on(values: Tensor) -> Any:
    """The namespace of operations for such an array: `keras.ops`, or the same names in NumPy's meaning."""
    return _NUMPY if isinstance(values, np.ndarray) else keras.ops
