"""What a network says of its own predictions, if it was taught to: a distilled one has three outputs a property.

The first is the prediction. The others are logarithms of what the ensemble would have said besides: the standard deviation over
its members, and the expected absolute error, both in units of the scaler. They count a quarter of the first in the loss, so that a
network is as right about them as it is cheap to be.

Shapes: n polymers, P properties.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.preprocessing import RobustScaler

OUTPUTS = 3
"""Of a distilled network, a property."""
_WEIGHT = 0.25
# Of the scaler's unit: below it neither is told from zero.
_LEAST = 1e-4
_MOST_LOGARITHM = 12.0


def stated_targets(mean: np.ndarray, std: np.ndarray, expected: np.ndarray, scaler: RobustScaler | None) -> np.ndarray:
    """What a network learns to say, shape (n, 3 P), of predictions (n, P) with their standard deviations and expected errors."""
    center, scale = _units(scaler, mean.shape[1])
    parts = [(mean - center) / scale]
    parts += [_WEIGHT * np.log(np.maximum(values / scale, _LEAST)) for values in (std, expected)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def stated_errors(outputs: np.ndarray, scalers: Sequence[RobustScaler | None]) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations and expected errors, (M, n, P) each and in the units of the properties.

    Parameters
    ----------
    outputs : float array, shape (M, n, 3 P)
        Of M networks.
    scalers : sequence of RobustScaler or None
        One for each of them.
    """
    properties = outputs.shape[2] // OUTPUTS
    scale = np.stack([_units(scaler, properties)[1] for scaler in scalers])[:, None]
    std, expected = np.exp(np.minimum(np.split(outputs[..., properties:] / _WEIGHT, 2, axis=2), _MOST_LOGARITHM))
    return scale * std, scale * expected


def _units(scaler: RobustScaler | None, properties: int) -> tuple[np.ndarray, np.ndarray]:
    return (np.zeros(properties), np.ones(properties)) if scaler is None else (scaler.center_, scaler.scale_)
