"""The backend loaded without the lines that it writes on its way: for programs, whose messages are for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_backend() -> None:
    """Import TensorFlow, unless it is or Keras is to run on another; what its C++ code writes to standard error is dropped.

    Some of these lines come before its log has a level (``TF_CPP_MIN_LOG_LEVEL``) to obey. Errors are raised as ever.
    """
    if "tensorflow" in sys.modules or os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    with _silent():
        import tensorflow as tf

        # Looks for GPUs, of which it also tells once.
        tf.config.list_physical_devices()


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches standard error, not even from C++."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
