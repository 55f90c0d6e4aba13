"""Figures of merit of predictions."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error


def regression_metrics(measured: np.ndarray, predicted: np.ndarray) -> dict[str, float | int | None]:
    """Number of pairs, mean absolute error, root mean square error and R², pairs with a NaN left out.

    Parameters
    ----------
    measured, predicted : float arrays, shape (n,)

    Returns
    -------
    dict
        ``n``, ``MAE``, ``RMSE`` (in the units of the values) and ``R2``; None where too few pairs define it.
    """
    measured, predicted = np.asarray(measured, float), np.asarray(predicted, float)
    both = np.isfinite(measured) & np.isfinite(predicted)
    n = int(both.sum())
    if n == 0:
        return {"n": 0, "MAE": None, "RMSE": None, "R2": None}
    a, b = measured[both], predicted[both]
    return {
        "n": n,
        "MAE": float(mean_absolute_error(a, b)),
        "RMSE": float(root_mean_squared_error(a, b)),
        "R2": float(r2_score(a, b)) if n > 1 and np.ptp(a) > 0 else None,
    }
