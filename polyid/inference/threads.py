"""How many threads NumPy's products may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

_state = threading.Lock()
_within = 0
_limited: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's products take one thread, in the whole process, until the last of those who asked for it is done.

    `threadpoolctl` alone takes 50 times as long, and leaves the limit on where two threads ask for it at once.
    """
    global _within, _limited
    with _state:
        if _within == 0:
            _limited = _controller().limit(limits=1, user_api="blas")
        _within += 1
    try:
        yield
    finally:
        with _state:
            _within -= 1
            if _within == 0:
                _limited.restore_original_limits()


@cache
def _controller() -> ThreadpoolController:
    """Looks for the libraries once."""
    return ThreadpoolController()
