"""The least values of each row of a wide table, without sorting all of it."""

from __future__ import annotations

import numpy as np


def places_of_least(values: np.ndarray, count: int) -> np.ndarray:
    """Columns of the `count` least values of each row, ascending, as a stable sort of the whole row has them.

    Parameters
    ----------
    values : float array, shape (n, N)
        No NaN.
    count : int
        From 1 to N.

    Returns
    -------
    int array, shape (n, count)
    """
    rows, columns = values.shape
    if not rows or columns <= 4 * count:
        return np.argsort(values, axis=1, kind="stable")[:, :count]
    bound = np.partition(values, count - 1, axis=1)[:, count - 1]
    # Of the same value as the last of them there may be more.
    row, column = np.nonzero(values <= bound[:, None])
    length = np.bincount(row, minlength=rows)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    candidates = np.full((rows, length.max()), np.inf, values.dtype)
    place = np.zeros(candidates.shape, np.int64)
    candidates[row, slot], place[row, slot] = values[row, column], column
    # What fills a short row stands behind all of its own, even where these are infinite.
    order = np.argsort(candidates, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(place, order, axis=1)
