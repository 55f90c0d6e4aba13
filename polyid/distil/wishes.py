"""What is asked of a student: what it is taught on, for how long, and how large it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from polyid.config.settings import TrainingSettings, settings_from

GENERATED = 5_000
"""Units that are generated where no number is given."""
EPOCHS = 20
TRAINING: dict[str, Any] = {
    "batch_size": 16,
    "learning_rate": 1e-3,
    "decay": 1e-5,
    "schedule": "cosine",
    "warmup": 0.02,
    "clip_norm": 1.0,
    "keep": "last",
}
"""Of students; see `polyid.config.parameters.Parameters`."""


@dataclass(frozen=True)
class Size:
    """Width and rounds of message passing of a student; None is the teacher's."""

    features: int | None = None
    messages: int | None = None


AS_THE_TEACHER = Size()


@dataclass(frozen=True)
class Wishes:
    """What is asked of a student.

    Attributes
    ----------
    units : path or None
        A table of polymers to be taught on besides those the teacher was trained on.
    generated : int
        Units to be made of the training polymers' pieces and taught on.
    epochs, seed : int
    size : Size
    """

    units: str | os.PathLike[str] | None = None
    generated: int = GENERATED
    epochs: int = EPOCHS
    seed: int = 0
    size: Size = AS_THE_TEACHER

    def settings(self) -> TrainingSettings:
        """How students are trained."""
        return settings_from({**TRAINING, "epochs": self.epochs}, self.seed)


USUAL_WISHES = Wishes()
