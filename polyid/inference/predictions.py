"""Predictions as people get them: numbers with their uncertainty, verdict and neighbours, for every input in its order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from polyid.chemistry.polymer import Polymer
from polyid.inference.columns import (
    DOMAIN,
    DOMAIN_REASON,
    FIGURES,
    MARKS_IGNORED,
    MEASURED,
    NEAREST,
    held_out_column,
    prediction_column,
)
from polyid.uncertainty.domain.verdict import nearest_in_words


@dataclass(frozen=True, eq=False)
class Predictions:
    """What an ensemble says of n inputs about P properties.

    Attributes
    ----------
    properties : tuple of str
    level : float
        Share of measured values that the intervals are to hold.
    smiles : list of str, length n
        The inputs as they were given.
    form : list of str or None
        How each was read; None where it couldn't be.
    polymer : list of str or None
        The `polyid.chemistry.polymer.Polymer.key` of what the networks were given.
    error : list of str or None
        Why an input can't be predicted, in a sentence.
    read_as : list of str or None
        What was turned into something else to read an input, such as a name into its repeat unit.
    mean, std : float arrays, shape (n, P)
        Over the members, in the units of the properties; NaN where there is an error, and the standard deviation also where
        there is one member.
    expected_error, lower, upper : float arrays, shape (n, P), or None
        Absolute error to expect and bounds of the interval; None of an ensemble that is not calibrated.
    verdict, reason : lists of str or None, or None
        Domain of validity; None of an ensemble that doesn't know it.
    nearest : list of lists of dict, or None
        The nearest training polymers, as `polyid.uncertainty.domain.domain.ShownPolymers` records them.
    measured : list of dict of str to float, or None
        What was measured of each input that is a training polymer, by property: the mean where there are several values.
    ignored : list of dict of str to str, or None
        Of each input the properties that are predicted as without its stereo marks and pm, and why, in a sentence.
    source : str or None
        Name of the training table, where what was measured is from.
    """

    properties: tuple[str, ...]
    level: float
    smiles: list[str]
    form: list[str | None]
    polymer: list[str | None]
    error: list[str | None]
    read_as: list[str | None]
    mean: np.ndarray
    std: np.ndarray
    expected_error: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    verdict: list[str | None] | None = None
    reason: list[str | None] | None = None
    nearest: list[list[dict[str, Any]] | None] | None = None
    measured: list[dict[str, float] | None] | None = None
    ignored: list[dict[str, str] | None] | None = None
    source: str | None = None

    def __len__(self) -> int:
        return len(self.smiles)

    @property
    def calibrated(self) -> bool:
        """Whether there are expected errors and intervals."""
        return self.lower is not None

    @property
    def predicted(self) -> list[int]:
        """Numbers of the inputs that could be read."""
        return [i for i, error in enumerate(self.error) if error is None]

    @cached_property
    def oligomer(self) -> list[str | None]:
        """SMILES of the chains that stand for the polymers, written when first asked for: that takes longer than to predict."""
        smiles = {key: Polymer.read(key).smiles() for key in dict.fromkeys(self.polymer) if key is not None}
        return [None if key is None else smiles[key] for key in self.polymer]

    def chosen(self, rows: Sequence[int]) -> Predictions:
        """Those of some inputs, in the order of their numbers `rows`."""
        of_rows: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            if field.name in ("properties", "level", "source") or values is None:
                of_rows[field.name] = values
            else:
                of_rows[field.name] = (
                    values[list(rows)] if isinstance(values, np.ndarray) else [values[row] for row in rows]
                )
        return replace(self, **of_rows)

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """The inputs of all parts, one part behind the other; at least one part, all of one ensemble."""
        first = parts[0]
        together: dict[str, Any] = {}
        for field in fields(cls):
            columns = [getattr(part, field.name) for part in parts]
            if field.name in ("properties", "level", "source") or columns[0] is None:
                together[field.name] = columns[0]
            elif isinstance(columns[0], np.ndarray):
                together[field.name] = np.concatenate(columns) if len(parts) > 1 else columns[0]
            else:
                together[field.name] = [value for column in columns for value in column]
        return cls(**together) if len(parts) > 1 else first

    def figures(self) -> dict[str, np.ndarray]:
        """Arrays (n, P) by the names of `polyid.inference.columns.FIGURES`, as far as they are known."""
        arrays = zip(FIGURES, (self.mean, self.std, self.expected_error, self.lower, self.upper), strict=True)
        return {figure: array for figure, array in arrays if array is not None}

    def to_frame(self, in_words: bool = True, oligomers: bool = False) -> pd.DataFrame:
        """A table, one row an input.

        Parameters
        ----------
        in_words : bool
            Name the nearest training polymers in a text; otherwise as records.
        oligomers : bool
            With `oligomer` as the column ``smiles_polymer``.
        """
        texts = {"smiles": self.smiles, "form": self.form}
        if oligomers:
            texts["smiles_polymer"] = self.oligomer
        texts |= {"error": self.error, "read_as": self.read_as}
        texts[MEASURED] = [self._said_of_measured(i) for i in range(len(self))]
        texts[MARKS_IGNORED] = [_said_of_marks(self._ignored(i)) for i in range(len(self))]
        columns: dict[str, Any] = {name: pd.Series(values, dtype=object) for name, values in texts.items()}
        columns |= figure_columns(self.properties, self.figures())
        if self.verdict is not None and self.reason is not None and self.nearest is not None:
            nearest: list = self.nearest
            if in_words:
                nearest = [None if polymers is None else nearest_in_words(polymers) for polymers in nearest]
            judged = {DOMAIN: self.verdict, DOMAIN_REASON: self.reason, NEAREST: nearest}
            as_text = {DOMAIN: True, DOMAIN_REASON: True, NEAREST: in_words}
            columns |= {
                name: pd.Series(values, dtype="str" if as_text[name] else object) for name, values in judged.items()
            }
        return pd.DataFrame(columns)

    def records(self) -> list[dict[str, Any]]:
        """What programs get, as JSON can hold it: one record an input, numbers that aren't finite as None."""
        return [self.record(i) for i in range(len(self))]

    def record(self, number: int) -> dict[str, Any]:
        """The record of one input."""
        error = self.error[number]
        judged = {DOMAIN: self.verdict, DOMAIN_REASON: self.reason, NEAREST: self.nearest}
        return {
            "smiles": self.smiles[number],
            "form": self.form[number],
            "error": error,
            "read_as": self.read_as[number],
            MARKS_IGNORED: _said_of_marks(self._ignored(number)),
            MEASURED: self._said_of_measured(number),
            "properties": [] if error is not None else [self.reading(number, p) for p in range(len(self.properties))],
            **{name: None if values is None else values[number] for name, values in judged.items()},
        }

    def _measured(self, number: int) -> dict[str, float]:
        return (None if self.measured is None else self.measured[number]) or {}

    def _said_of_measured(self, number: int) -> str | None:
        """What was measured of an input, and where that is from; None where it is no training polymer."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self._measured(number).items())
        return f"measured: {values}, from {self.source or 'the training table'}" if values else None

    def _ignored(self, number: int) -> dict[str, str]:
        return (None if self.ignored is None else self.ignored[number]) or {}

    def reading(self, number: int, p: int) -> dict[str, Any]:
        """What is said of one property of one input: ``name``, ``value``, ``std``, ``expected_error``, ``lower``, ``upper``,
        ``marks_ignored``, why it is predicted as without stereo marks.

        An interval has both bounds or none.
        """
        arrays = (self.mean, self.std, self.expected_error, self.lower, self.upper)
        value, std, expected_error, lower, upper = (None if a is None else _finite(a[number, p]) for a in arrays)
        if lower is None or upper is None:
            lower = upper = None
        return {
            "name": self.properties[p],
            "value": value,
            "std": std,
            "expected_error": expected_error,
            "lower": lower,
            "upper": upper,
            MEASURED: self._measured(number).get(self.properties[p]),
            MARKS_IGNORED: self._ignored(number).get(self.properties[p]),
        }


def _said_of_marks(ignored: Mapping[str, str]) -> str | None:
    """Which properties are predicted as without stereo marks, and why; None where all have learnt them, or there are none."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in ignored.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()) or None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def figure_columns(properties: Sequence[str], figures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of a table: for each property its figures, shape (n,) each, of arrays (n, P)."""
    return {
        prediction_column(name, figure): array[:, p]
        for p, name in enumerate(properties)
        for figure, array in figures.items()
    }


def judged_columns(predictions: Predictions, measured: Sequence[str]) -> dict[str, np.ndarray | list]:
    """Columns of predictions as a table of held-out rows has them, for the measured properties; the verdict besides."""
    parts = {
        "pred": predictions.mean,
        "expected_error": predictions.expected_error,
        "lower": predictions.lower,
        "upper": predictions.upper,
    }
    columns: dict[str, np.ndarray | list] = {
        held_out_column(name, part): array[:, p]
        for p, name in enumerate(predictions.properties)
        for part, array in parts.items()
        if name in measured and array is not None
    }
    if predictions.verdict is not None:
        columns[DOMAIN] = predictions.verdict
    return columns
