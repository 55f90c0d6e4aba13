"""What the backend computes on."""

from __future__ import annotations

import os
import platform

import keras


def has_gpu() -> bool:
    """Whether the backend computes on a GPU."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "gpu"
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return False


def is_out_of_memory(error: Exception) -> bool:
    """Whether a backend failed because its device's memory was too small."""
    return type(error).__name__ == "ResourceExhaustedError" or "RESOURCE_EXHAUSTED" in str(error)


def hardware() -> str:
    """What the model was trained on, in a few words."""
    if has_gpu():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            device = tf.config.list_physical_devices("GPU")[0]
            return tf.config.experimental.get_device_details(device).get("device_name", "GPU")
        import jax

        return jax.devices()[0].device_kind
    return f"{os.cpu_count()} CPU cores ({platform.machine()})"
