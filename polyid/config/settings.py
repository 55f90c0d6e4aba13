"""Settings of training, checked where they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyid.errors import TrainingError


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

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
    """

    epochs: int = 60
    batch_size: int = 16
    learning_rate: float = 1e-3
    decay: float = 1e-5
    schedule: str = "cosine"
    warmup: float = 0.02
    clip_norm: float | None = 1.0
    patience: int | None = None
    keep: str = "last"
    seed: int = 0
    group: int | None = None
    mixed_precision: bool | None = None
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        checks = {
            "epochs": (self.epochs >= 1, "at least 1"),
            "batch_size": (self.batch_size >= 1, "at least 1"),
            "learning_rate": (self.learning_rate > 0, "above 0"),
            "decay": (self.decay >= 0, "0 or more"),
            "schedule": (self.schedule in ("constant", "cosine"), "'constant' or 'cosine'"),
            "warmup": (0 <= self.warmup < 1, "a share from 0 up to 1"),
            "patience": (self.patience is None or self.patience >= 1, "at least 1, or none"),
            "keep": (self.keep in ("best", "last"), "'best' or 'last'"),
        }
        for name, (right, expected) in checks.items():
            if not right:
                raise TrainingError(f"{name} is {getattr(self, name)!r}; it must be {expected}.")


def settings_from(params: dict[str, Any], seed: int = 0) -> TrainingSettings:
    """Training settings of upstream's parameters; those upstream doesn't have default to what upstream does."""
    chosen = {
        "schedule": "constant",
        "warmup": 0.0,
        "clip_norm": None,
        "keep": "best",
        **{k: v for k, v in params.items() if k in TrainingSettings.__dataclass_fields__},
        "seed": seed,
    }
    return TrainingSettings(**chosen)
