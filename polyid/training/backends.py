"""Which class computes the training steps on which Keras backend: a new backend is a class and a line here."""

from __future__ import annotations

import keras

from polyid.errors import TrainingError
from polyid.training.steps import TrainingSteps
from polyid.training.steps_jax import JaxSteps
from polyid.training.steps_tensorflow import TensorFlowSteps

BACKENDS: dict[str, type[TrainingSteps]] = {"tensorflow": TensorFlowSteps, "jax": JaxSteps}


def steps_class() -> type[TrainingSteps]:
    """The class of training steps of the backend that Keras runs on.

    Raises
    ------
    TrainingError
        There is none for it.
    """
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise TrainingError(
            f"Training runs on the Keras backends {' and '.join(BACKENDS)}, not {backend!r}; set KERAS_BACKEND."
        )
    return BACKENDS[backend]
