"""Predictions as people get them: numbers with their uncertainty, verdict and neighbours, for every input in its order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.inference.answers import Answers
from polyid.inference.columns import DOMAIN, DOMAIN_REASON, FIGURES, NEAREST, held_out_column, prediction_column
from polyid.inference.predictor import EnsemblePredictor
from polyid.inference.reader import ReadTable, TableReader, parts_of, read_parts
from polyid.uncertainty.conformal import IntervalCalibration, check_level
from polyid.uncertainty.domain.domain import TrainingDomain
from polyid.uncertainty.domain.verdict import nearest_in_words

_ROWS_A_CALL = 1000


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
    oligomer : list of str or None
        SMILES that the networks were given.
    error : list of str or None
        Why an input can't be predicted, in a sentence.
    mean, std : float arrays, shape (n, P)
        Over the members, in the units of the properties; NaN where there is an error, and the standard deviation also where
        there is one member.
    expected_error, lower, upper : float arrays, shape (n, P), or None
        Absolute error to expect and bounds of the interval; None of an ensemble that is not calibrated.
    verdict, reason : lists of str or None, or None
        Domain of validity; None of an ensemble that doesn't know it.
    nearest : list of lists of dict, or None
        The nearest training polymers, as `polyid.uncertainty.domain.domain.ShownPolymers` records them.
    """

    properties: tuple[str, ...]
    level: float
    smiles: list[str]
    form: list[str | None]
    oligomer: list[str | None]
    error: list[str | None]
    mean: np.ndarray
    std: np.ndarray
    expected_error: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    verdict: list[str | None] | None = None
    reason: list[str | None] | None = None
    nearest: list[list[dict[str, Any]] | None] | None = None

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

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """The inputs of all parts, one part behind the other; at least one part, all of one ensemble."""
        first = parts[0]
        together: dict[str, Any] = {}
        for field in fields(cls):
            columns = [getattr(part, field.name) for part in parts]
            if field.name in ("properties", "level") or columns[0] is None:
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

    def to_frame(self, in_words: bool = True) -> pd.DataFrame:
        """A table, one row an input.

        Parameters
        ----------
        in_words : bool
            Name the nearest training polymers in a text; otherwise as records.
        """
        texts = {"smiles": self.smiles, "form": self.form, "smiles_polymer": self.oligomer, "error": self.error}
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
            "properties": [] if error is not None else [self.reading(number, p) for p in range(len(self.properties))],
            **{name: None if values is None else values[number] for name, values in judged.items()},
        }

    def reading(self, number: int, p: int) -> dict[str, Any]:
        """What is said of one property of one input: ``name``, ``value``, ``std``, ``expected_error``, ``lower``, ``upper``.

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
        }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True, eq=False)
class PredictionMaker:
    """Turns what an ensemble answers into predictions.

    Attributes
    ----------
    predictor : EnsemblePredictor
    properties : tuple of str
    members : tuple of str
        Id of each member, by which the calibration knows it.
    calibration : IntervalCalibration or None
    domain : TrainingDomain or None
    numbers : sequence of int or None
        Which members of the whole ensemble these are; None for all.
    """

    predictor: EnsemblePredictor
    properties: tuple[str, ...]
    members: tuple[str, ...]
    calibration: IntervalCalibration | None
    domain: TrainingDomain | None
    numbers: Sequence[int] | None

    def in_parts(
        self,
        smiles: Sequence[str],
        level: float,
        chain: ChainSettings,
        pm: Sequence[float | None] | None = None,
    ) -> Iterator[Predictions]:
        """Predictions of SMILES as people type them, some hundred at a time; at least one part.

        Parameters
        ----------
        smiles : sequence of str
        level : float
        chain : ChainSettings
        pm : sequence of float or None, optional
            Probability of meso dyads of each polymer.
        """
        check_level(level)
        smiles = list(smiles)
        meso = [None] * len(smiles) if pm is None else list(pm)
        known = None if self.domain is None else self.domain.training_fragments
        reader = TableReader(self.predictor.reader(), known, chain)
        read = read_parts(reader, [(smiles[part], meso[part]) for part in parts_of(len(smiles))], len(smiles))
        for part, answers in self.predictor.each_answer(read, fingerprints=known is not None):
            yield self._of_part(part, answers, level)

    def of_answers(self, answers: Answers, level: float) -> dict[str, np.ndarray]:
        """Figures (n, P) of answers, by the names of `polyid.inference.columns.FIGURES`."""
        check_level(level)
        members = answers.members
        n, properties = members.shape[1:]
        figures = {figure: np.empty((n, properties)) for figure in FIGURES[: 2 if self.calibration is None else 5]}
        clues = None if self.calibration is None else answers.clues
        for p, name in enumerate(self.properties):
            for figure, values in summary(members[:, :, p]).items():
                figures[figure][:, p] = values
            if self.calibration is None or clues is None:
                continue
            figures["error"][:, p] = self.calibration.expected(name, clues[:, p])
            for start in range(0, n, _ROWS_A_CALL):
                rows = slice(start, start + _ROWS_A_CALL)
                bounds = self.calibration.interval(name, members[:, rows, p], self.members, clues[rows, p], level)
                figures["lower"][rows, p], figures["upper"][rows, p] = bounds
        return figures

    def table_columns(self, answers: Answers, level: float) -> dict[str, np.ndarray]:
        """Columns of a table: for each property its figures, shape (n,) each."""
        return figure_columns(self.properties, self.of_answers(answers, level))

    def aggregates(self, answers: Answers, funcs: Sequence[str]) -> dict[str, np.ndarray]:
        """Columns of a table: pandas aggregations of each property over the members, shape (n,) each."""
        members = answers.members
        return {
            prediction_column(name, func): aggregated(members[:, :, p], func)
            for p, name in enumerate(self.properties)
            for func in funcs
        }

    def _of_part(self, part: ReadTable, answers: Answers, level: float) -> Predictions:
        """Predictions of a part of the inputs, from the answers to its polymers."""
        texts = {name: [row[name] for row in part.rows] for name in ("smiles", "form", "smiles_polymer", "error")}
        good = [i for i, error in enumerate(texts["error"]) if error is None]
        figures = {}
        for figure, values in self.of_answers(answers.chosen(part.polymer), level).items():
            figures[figure] = np.full((len(part.rows), len(self.properties)), np.nan)
            figures[figure][good] = values
        judged: dict[str, list] = {}
        if self.domain is not None:
            assessed = self.domain.assess(part.oligomers, answers.fingerprints, self.numbers, unseen=part.unseen)
            for name in ("verdict", "reason", "nearest"):
                judged[name] = [None] * len(part.rows)
                for i, polymer in zip(good, part.polymer, strict=True):
                    judged[name][i] = getattr(assessed, name)[polymer]
        return Predictions(
            self.properties,
            level,
            texts["smiles"],
            texts["form"],
            texts["smiles_polymer"],
            texts["error"],
            figures["mean"],
            figures["std"],
            figures.get("error"),
            figures.get("lower"),
            figures.get("upper"),
            **judged,
        )


def figure_columns(properties: Sequence[str], figures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of a table: for each property its figures, shape (n,) each, of arrays (n, P)."""
    return {
        prediction_column(name, figure): array[:, p]
        for p, name in enumerate(properties)
        for figure, array in figures.items()
    }


def summary(members: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and standard deviation (with n - 1; NaN for one member) of one property over the members (M, n)."""
    std = members.std(axis=0, ddof=1) if len(members) > 1 else np.full(members.shape[1], np.nan)
    return {"mean": members.mean(axis=0), "std": std}


def aggregated(members: np.ndarray, func: str) -> np.ndarray:
    """Any pandas aggregation of one property over the members (M, n), shape (n,)."""
    known = summary(members)
    return known[func] if func in known else pd.DataFrame(members.T).agg(func, axis=1).to_numpy()


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
