"""What the arrays of networks and training steps are typed as."""

from __future__ import annotations

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
"""An array of the backend that Keras runs on, or a NumPy array: they share no type, so only docstrings say more."""

Batch: TypeAlias = dict[str, Any]
"""Arrays of one step by name: see `polyid.graphs.batch.pack`."""
