"""Clues of expected errors that vary in one place."""

import numpy as np

from polyid.uncertainty.expected_error import CLUES


def clues_of(n: int, roughness: np.ndarray | float = 0.0) -> np.ndarray:
    """Clues of `n` polymers that differ in the roughness of the property alone, shape (n, 4)."""
    clues = np.zeros((n, len(CLUES)))
    clues[:, 0], clues[:, 3] = 1.0, roughness
    return clues
