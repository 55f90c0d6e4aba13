"""Dropout that depends on a key and on nothing else, so that folds trained together or alone drop the same."""

from __future__ import annotations

import numpy as np
from keras import ops

from polyid.nn.tensor import Tensor


def counted_uniform(key: Tensor, rows: int, features: int) -> Tensor:
    """Uniform random numbers in [0, 1) that depend on the member's key, the row and the feature alone.

    Libraries' generators give other numbers under XLA, on another device, or with more padding beside; a counter through
    the finaliser of MurmurHash3 (A. Appleby, public domain) gives the same everywhere, which makes a run independent of
    the folds it shares a step with.

    Parameters
    ----------
    key : int32 tensor, shape (M,)
    rows, features : int

    Returns
    -------
    tensor, shape (M, rows, features)
    """

    def mixed(h: Tensor) -> Tensor:
        for shift, factor in ((16, -2048144789), (13, -1028477387)):
            h = ops.bitwise_xor(h, ops.bitwise_and(ops.right_shift(h, shift), (1 << (32 - shift)) - 1)) * factor
        return ops.bitwise_xor(h, ops.bitwise_and(ops.right_shift(h, 16), 0xFFFF))

    counter = ops.arange(rows, dtype="int32")[None, :, None] * features + ops.arange(features, dtype="int32")
    bits = mixed(mixed(counter * -1640531535) + key[:, None, None])
    return ops.cast(ops.bitwise_and(bits, 0x7FFFFF), "float32") / float(1 << 23)


def binomial_keep(count: Tensor, rate: float, uniform: Tensor, most: int = 12) -> Tensor:
    """Share of `count` equal rows that dropout at `rate` keeps, for each feature, divided by ``1 - rate``.

    Of k equal bonds dropout keeps a binomial number, so the class is scaled by a binomial draw over k: what dropout does to
    the whole graph. Drawn by inversion, exactly for up to `most` dropped rows, which the draw exceeds with a probability
    below 1e-7 for ``count * rate <= 1.5``; larger classes use a uniform law of the same mean and variance.

    Parameters
    ----------
    count : tensor, shape (M, e)
    rate : float
    uniform : tensor, shape (M, e, F)
        Uniform random numbers in [0, 1).

    Returns
    -------
    tensor, shape (M, e, F)
    """
    k = ops.maximum(ops.expand_dims(count, -1), 1.0)
    # P(0 dropped) = (1-rate)^k, then the recurrence P(j+1) = P(j) (k-j)/(j+1) rate/(1-rate).
    mass = ops.exp(k * np.log1p(-rate))
    cumulative = mass
    dropped = ops.zeros_like(uniform)
    for j in range(most):
        dropped = dropped + ops.cast(uniform > cumulative, "float32")
        mass = mass * ops.maximum(k - j, 0.0) * (rate / (1.0 - rate) / (j + 1))
        cumulative = cumulative + mass
    # Of a large class only mean and variance can be felt: its draw is one of many in a sum.
    spread = k * rate + ops.sqrt(12.0 * k * rate * (1.0 - rate)) * (uniform - 0.5)
    dropped = ops.where(k * rate <= 1.5, ops.minimum(dropped, k), spread)
    return (1.0 - dropped / k) / (1.0 - rate)
