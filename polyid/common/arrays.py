"""Arrays read from files, checked."""

from __future__ import annotations

import numpy as np

from polyid.errors import BundleError


def array_of(arrays: dict[str, np.ndarray], name: str, *shape: int | None) -> np.ndarray:
    """An array of a stored regression, of the shape it must have; None is any length."""
    found = arrays.get(name)
    if (
        found is None
        or found.ndim != len(shape)
        or any(wanted not in (None, own) for own, wanted in zip(found.shape, shape, strict=True))
    ):
        seen = "is missing" if found is None else f"has the shape {found.shape}"
        raise BundleError(
            f"The model's kernel regression can't be used: its array {name} {seen}. It is damaged or of another version of "
            "polyid-spaces; download or train the model again."
        )
    return found
