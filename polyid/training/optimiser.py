"""Loss, learning rate and AdamW of members that share a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from keras import ops

from polyid.config.settings import TrainingSettings
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Tensor
from polyid.training.freezing import tuned_parts


def learning_rate(settings: TrainingSettings, update: int, updates: int) -> float:
    """Rate of update `update` (from 0) of `updates`."""
    warmup = max(1, round(settings.warmup * updates)) if settings.warmup else 0
    if update < warmup:
        return settings.learning_rate * (update + 1) / warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    share = (update - warmup) / max(1, updates - warmup)
    return settings.learning_rate * 0.5 * (1.0 + float(np.cos(np.pi * min(1.0, share))))


def dropout_key(seed: int, fold: int, update: int, part: int = 0) -> np.int32:
    """Key of the dropout of one update of one fold, or of a part of its batch."""
    return np.random.SeedSequence([seed, 3, fold, update, part]).generate_state(1)[0].astype(np.int32)


def masked_absolute_error(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of absolute errors over the labels present, and their number, a member: shapes (M,) and (M,).

    NaN marks a missing label, as in nfp's `masked_mean_absolute_error`.
    """
    present = ops.logical_not(ops.isnan(targets))
    error = ops.where(present, ops.abs(predictions - ops.where(present, targets, 0.0)), 0.0)
    return ops.sum(error, axis=(1, 2)), ops.sum(ops.cast(present, "float32"), axis=(1, 2))


def update_numbers(rate: float, updates: np.ndarray, active: np.ndarray) -> dict[str, np.ndarray]:
    """What `adamw` is told of each member, shape (M,) each: rate, corrections of the moments' bias, and who takes part.

    Parameters
    ----------
    rate : float
    updates : int array, shape (M,)
        Updates each member has had.
    active : float32 array, shape (M,)
        1 for a member that takes part, 0 for one that sits out.
    """
    return {
        "rate": np.full(len(active), rate, np.float32),
        "correct_first": (1.0 / (1.0 - 0.9 ** (updates + 1.0))).astype(np.float32),
        "correct_second": (1.0 / (1.0 - 0.999 ** (updates + 1.0))).astype(np.float32),
        "active": active,
    }


def adamw(
    weights: list[Tensor],
    gradients: list[Tensor],
    first: list[Tensor],
    second: list[Tensor],
    *,
    rate: Tensor,
    correct_first: Tensor,
    correct_second: Tensor,
    active: Tensor,
    decay: float,
    clip_norm: float | None,
    tuned: Sequence[Tensor | float] | None = None,
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """One AdamW update of every member, in Keras operations; an inactive member is left as it is.

    Moments have decay rates 0.9 and 0.999 and epsilon is 1e-7, as in Keras. `rate`, the bias corrections and `active` have
    shape (M,). Gradients are clipped member by member. `tuned` is that of `polyid.training.freezing.tuned_parts`; without it
    every weight is trained.

    Returns
    -------
    tuple of lists
        New weights, first and second moments.
    """
    if tuned is not None:
        gradients = [gradient * part for gradient, part in zip(gradients, tuned, strict=True)]
    scale = active
    if clip_norm is not None:
        norm = ops.sqrt(sum(ops.sum(ops.square(g), axis=tuple(range(1, len(g.shape)))) for g in gradients))
        scale = active * ops.minimum(1.0, clip_norm / ops.maximum(norm, 1e-12))
    new_weights, new_first, new_second = [], [], []
    for i, (weight, gradient, m, v) in enumerate(zip(weights, gradients, first, second, strict=True)):
        shape = (-1,) + (1,) * (len(weight.shape) - 1)
        on = ops.reshape(active, shape)
        gradient = gradient * ops.reshape(scale, shape)
        m_next = m + on * 0.1 * (gradient - m)
        v_next = v + on * 0.001 * (ops.square(gradient) - v)
        moved = on if tuned is None else on * tuned[i]
        correction = ops.reshape(correct_first / ops.sqrt(correct_second), shape)
        step = m_next * correction / (ops.sqrt(v_next) + 1e-7)
        new_weights.append(weight - moved * ops.reshape(rate, shape) * (step + decay * weight))
        new_first.append(m_next)
        new_second.append(v_next)
    return new_weights, new_first, new_second


def updated(
    network: MessagePassingNetwork,
    settings: TrainingSettings,
    weights: list[Tensor],
    gradients: list[Tensor],
    first: list[Tensor],
    second: list[Tensor],
    numbers: Mapping[str, Tensor],
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """What `adamw` makes of the weights and moments of a network.

    Parameters
    ----------
    network : MessagePassingNetwork
    settings : TrainingSettings
        Decay, clipping, and what is frozen.
    weights, gradients, first, second : lists of Tensor
        In the order of the network's trainable variables.
    numbers : mapping of str to Tensor
        Of `update_numbers`, and where weights are frozen of `polyid.training.freezing.rows_to_keep`.
    """
    tuned = None
    if settings.freeze is not None:
        rounds = network.config.num_messages
        tuned = tuned_parts(network.weight_names(), weights, settings.freeze, rounds, numbers)
    return adamw(
        weights,
        gradients,
        first,
        second,
        rate=numbers["rate"],
        correct_first=numbers["correct_first"],
        correct_second=numbers["correct_second"],
        active=numbers["active"],
        decay=settings.decay,
        clip_norm=settings.clip_norm,
        tuned=tuned,
    )
