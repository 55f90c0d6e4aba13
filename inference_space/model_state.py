"""A model at hand, and what the page says of the one it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from polyid.hub.fetch import FetchedBundle
from polyid.inference.training_values import TrainingValues
from polyid.serving.shared_model import SharedModel


@dataclass(frozen=True)
class Loaded:
    """A model that answers, where it came from, what was there when it was loaded, and the model in front of all who ask at once."""

    model: Any
    bundle: FetchedBundle
    content: tuple[Path, str] | None = None
    shared: SharedModel = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        # A copy of the same model keeps what it answered.
        if self.shared is None or self.shared.model is not self.model:
            object.__setattr__(self, "shared", SharedModel(self.model))

    @cached_property
    def training_columns(self) -> dict[str, np.ndarray]:
        """Measured values of the n training polymers, shape (n,), by property, NaN where there is none; empty if unknown."""
        shown = getattr(self.model.domain, "polymers", None)
        return {} if shown is None else {name: np.array(column, float) for name, column in shown.values.items()}

    @cached_property
    def training_values(self) -> dict[str, TrainingValues]:
        """Where values stand among those of the training polymers, by property; none of a model that doesn't know them."""
        found = {name: TrainingValues.of(column.tolist()) for name, column in self.training_columns.items()}
        return {name: values for name, values in found.items() if values is not None}


@dataclass(frozen=True)
class Status:
    """What the page shows about the model.

    Attributes
    ----------
    phase : {"waiting", "downloading", "loading", "ready"}
        What is going on.
    sentence : str
        The same in words.
    share : float or None
        How much of a download is done, between 0 and 1; None when unknown.
    loaded : Loaded or None
        The model that answers.
    trouble : str or None
        What the last look ended with: why there is no model yet, or no newer one.

    Until the phase is "ready", `loaded` is the starter model, if there is one.
    """

    phase: str
    sentence: str
    share: float | None = None
    loaded: Loaded | None = None
    trouble: str | None = None
