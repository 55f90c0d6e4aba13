"""A model answers under JAX as under TensorFlow, and few shapes are compiled for it."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from helpers.paths import program_environment

from polyid import MultiModel
from polyid.inference.traced import BatchShapes

UNITS = ["*CC*", "*CC(*)c1ccccc1", "*OCCOC(=O)c1ccc(cc1)C(*)=O"]
CODE = """
import sys
from polyid import MultiModel
MultiModel.from_pretrained("starter").predict(sys.argv[2:]).to_frame().to_json(sys.argv[1], double_precision=15)
"""


@pytest.mark.slow
@pytest.mark.jax
def test_a_model_answers_under_jax_as_under_tensorflow(tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    out = tmp_path / "answers.json"
    env = program_environment(KERAS_BACKEND="jax")
    subprocess.run([sys.executable, "-c", CODE, str(out), *UNITS], env=env, check=True, timeout=600)
    expected = MultiModel.from_pretrained("starter").predict(UNITS).to_frame().select_dtypes("number")
    assert expected.shape[1] > 9
    np.testing.assert_allclose(pd.read_json(out)[list(expected)], expected, rtol=1e-4, atol=1e-4)


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
