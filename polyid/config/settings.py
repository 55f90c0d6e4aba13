"""Settings of training, checked where they are made, and of prediction."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from polyid.config.parameters import Parameters
from polyid.config.ranges import RANGES, check_number
from polyid.errors import TrainingError

DEGREE_OF_POLYMERISATION = 18
"""Units of an oligomer, where no other number is asked for."""
INTERVAL_LEVEL = 0.9
"""Share of measured values that an interval holds, where no other is asked for."""

EMBEDDINGS, MESSAGES = "embeddings", "messages"
"""What may stay as it is of a model that training starts from: embeddings, or all but the read-out."""
MAY_BE_NONE = frozenset({"clip_norm", "patience", "group"})
"""Parameters that None switches off, or leaves to the package."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; the defaults are those of `polyid.config.parameters.Parameters`.

    Attributes
    ----------
    epochs, batch_size : int
        Passes over the training polymers, and polymers an update.
    learning_rate, decay : float
        Peak rate of AdamW and its decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101).
    schedule : {"constant", "cosine"}
        Rate after the warm-up: kept, or lowered to zero along half a cosine.
    warmup : float
        Share of all updates over which the rate rises from zero.
    clip_norm : float or None
        Largest norm of a member's gradient.
    patience : int or None
        Epochs without a better validation loss after which a fold stops; None trains all epochs.
    keep : {"best", "last"}
        Which weights a fold ends with: those of its best validation loss, or the last.
    seed : int
    group : int or None
        Folds trained together; None chooses by device and batch size.
    mixed_precision : bool or None
        bfloat16 messages; None where the GPU has it.
    checkpoint_seconds : float
        Time between checkpoints.
    freeze : str or None
        What of the model that training starts from stays as it is; see `polyid.training.freezing.is_frozen`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    decay: float
    schedule: str
    warmup: float
    clip_norm: float | None
    patience: int | None
    keep: str
    seed: int
    group: int | None
    mixed_precision: bool | None
    checkpoint_seconds: float
    freeze: str | None = None

    def __post_init__(self) -> None:
        choices = {
            "schedule": (self.schedule in ("constant", "cosine"), "'constant' or 'cosine'"),
            "keep": (self.keep in ("best", "last"), "'best' or 'last'"),
        }
        for name, (right, expected) in choices.items():
            if not right:
                raise TrainingError(f"{name} is {getattr(self, name)!r}; it must be {expected}.")


def settings_from(params: dict[str, Any], seed: int = 0) -> TrainingSettings:
    """The training settings among parameters of a run; their defaults are those of `Parameters`.

    Parameters
    ----------
    params : dict
        Of `Parameters.to_dict`, or some of them.
    seed : int

    Raises
    ------
    TrainingError
        A name is no parameter, or a value can't be.
    """
    every = Parameters.from_dict({**params, "seed": seed}).to_dict()
    for name, value in every.items():
        if name in RANGES and not (value is None and name in MAY_BE_NONE):
            every[name] = check_number(name, value)
    return TrainingSettings(**{setting.name: every[setting.name] for setting in fields(TrainingSettings)})


def check_freeze(freeze: str | None, rounds: int | None) -> None:
    """Refuse what can't be frozen.

    Parameters
    ----------
    freeze : str or None
        `EMBEDDINGS`, `MESSAGES` or so many of the first rounds; None for nothing.
    rounds : int or None
        Of the network, or the most that it can have; None where training starts from no other model.

    Raises
    ------
    TrainingError
        It is none of these, or there is nothing to freeze.
    """
    if freeze is None:
        return
    if rounds is None:
        raise TrainingError(
            f"freeze is {freeze!r}, and training starts from no model whose weights could stay: name one."
        )
    if freeze in (EMBEDDINGS, MESSAGES) or (freeze.isdecimal() and 1 <= int(freeze) <= rounds):
        return
    raise TrainingError(
        f"freeze is {freeze!r}; it must be {EMBEDDINGS!r}, {MESSAGES!r} (embeddings and all rounds) or a number of rounds "
        f"from 1 to {rounds}."
    )
