"""Arrays read from files, checked: their names, types, shapes and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polyid.errors import BundleError


@dataclass(frozen=True)
class ArrayRule:
    """What a stored array must be.

    Attributes
    ----------
    dtype : str
        NumPy's name.
    shape : tuple of int and str
        A letter stands for a length that all arrays of a file share; none is zero.
    low, high : float
        Range of the values.
    missing : bool
        Whether NaN stands for a value that is not known.
    infinite : bool
        Whether values may be infinite.
    """

    dtype: str
    shape: tuple[int | str, ...]
    low: float = -np.inf
    high: float = np.inf
    missing: bool = False
    infinite: bool = False


POSITIVE = float(np.finfo(np.float32).tiny)
"""The least value of what is divided by."""


def check_arrays(
    arrays: Mapping[str, np.ndarray], rules: Mapping[str, ArrayRule], lengths: Mapping[str, int], file: str
) -> None:
    """Refuse arrays that are not what they must be.

    Parameters
    ----------
    arrays : mapping of str to array
    rules : mapping of str to ArrayRule
        Of every array that there must be, and no other may be.
    lengths : mapping of str to int
        Lengths that are known from elsewhere, by letter.
    file : str
        What the arrays were read from.

    Raises
    ------
    BundleError
        Names file and array.
    """
    if missing := sorted(rules.keys() - arrays.keys()):
        raise BundleError.damaged(file, f"its array {missing[0]!r} is missing")
    if extra := sorted(arrays.keys() - rules.keys()):
        raise BundleError.damaged(file, f"it has an array {extra[0]!r} that no such file has")
    seen = dict(lengths)
    for name, rule in rules.items():
        array = arrays[name]
        if array.dtype.name != rule.dtype:
            raise BundleError.damaged(file, f"its array {name!r} is of {array.dtype.name}, not of {rule.dtype}")
        if array.ndim == len(rule.shape):
            for length, mark in zip(array.shape, rule.shape, strict=True):
                if isinstance(mark, str):
                    seen.setdefault(mark, length)
        expected = tuple(mark if isinstance(mark, int) else seen.get(mark, mark) for mark in rule.shape)
        if array.shape != expected or not array.size:
            raise BundleError.damaged(file, f"its array {name!r} has the shape {array.shape}, not {expected}")
        _check_values(array, rule, f"its array {name!r}", file)


def _check_values(array: np.ndarray, rule: ArrayRule, name: str, file: str) -> None:
    if array.dtype.kind == "f":
        if not rule.missing and np.isnan(array).any():
            raise BundleError.damaged(file, f"{name} has NaN among its values")
        if not rule.infinite and np.isinf(array).any():
            raise BundleError.damaged(file, f"{name} has infinite values")
    low, high = np.nanmin(array), np.nanmax(array)
    if low < rule.low or high > rule.high:
        raise BundleError.damaged(
            file,
            f"{name} reaches from {low:.4g} to {high:.4g}, outside the range from {rule.low:.4g} to {rule.high:.4g}",
        )
