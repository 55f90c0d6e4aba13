"""JAX, which compiles every shape for itself, is given few."""

from __future__ import annotations

import keras
import numpy as np

from polyid.inference.traced import BatchShapes


def test_a_batch_takes_a_shape_that_was_compiled_for_one_like_it(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    shapes = BatchShapes()
    first = shapes.padded(np.array([1000, 2000, 40]))
    assert np.all(first >= [1000, 2000, 40])
    assert shapes.padded(np.array([1100, 1900, 44])) is first
    larger = shapes.padded(np.array([4000, 8000, 160]))
    assert larger is not first and np.all(larger >= [4000, 8000, 160])
    # Not one of ten times its size.
    small = shapes.padded(np.array([100, 200, 4]))
    assert small.sum() < 1000


def test_tensorflow_takes_batches_as_they_come():
    assert BatchShapes().padded(np.array([1000, 2000, 40])) is None
