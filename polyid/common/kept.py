"""The last of what was computed, for who asks again soon."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The values of the last keys; several threads may keep and ask.

    Parameters
    ----------
    most : int
        Keys that are kept; what is kept in one call is not dropped by it.
    """

    def __init__(self, most: int):
        self._most, self._lock = most, threading.Lock()
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value of a key, or None."""
        with self._lock:
            return self._values.get(key)

    def keep(self, values: Mapping[K, V]) -> None:
        """Add values; those kept first are dropped."""
        with self._lock:
            self._values.update(values)
            too_many = max(0, len(self._values) - max(self._most, len(values)))
            for key in list(itertools.islice(self._values, too_many)):
                del self._values[key]
