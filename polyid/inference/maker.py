"""From what networks and kernel answer to predictions: mean and deviation, expected error, interval, verdict, neighbours."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.config.ranges import check_level
from polyid.data.learnt_marks import AskedPolymer
from polyid.inference.answers import Answers
from polyid.inference.columns import FIGURES, prediction_column
from polyid.inference.marked import with_marks
from polyid.inference.predictions import Predictions, figure_columns
from polyid.inference.predictor import EnsemblePredictor
from polyid.inference.reader import ReadTable, TableReader, parts_of, read_parts
from polyid.uncertainty.conformal import IntervalCalibration
from polyid.uncertainty.domain.domain import TrainingDomain

_ROWS_A_CALL = 1000


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
    source : str or None
        Name of the training table.
    """

    predictor: EnsemblePredictor
    properties: tuple[str, ...]
    members: tuple[str, ...]
    calibration: IntervalCalibration | None
    domain: TrainingDomain | None
    numbers: Sequence[int] | None
    source: str | None = None

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
        reader = self.table_reader(chain)
        parts = [(smiles[part], meso[part]) for part in parts_of(len(smiles))]
        yield from self._of_parts(read_parts(reader, parts, len(smiles)), len(parts), level)

    def table_reader(self, chain: ChainSettings) -> TableReader:
        """How SMILES as people type them are read for `in_parts`."""
        known = None if self.domain is None else self.domain.training_fragments
        return TableReader(self.predictor.reader(), known, chain, self.predictor.members[0].marks)

    def of_polymers(self, reader: TableReader, asked: Sequence[AskedPolymer], level: float) -> Predictions:
        """Predictions of different polymers by what is asked of them, at most `POLYMERS_A_PART`; their texts are their keys.

        Parameters
        ----------
        reader : TableReader
            Of `table_reader`; its `asked` gives `asked`.
        asked : sequence of AskedPolymer
        level : float
        """
        row = {"form": None, "error": None, "read_as": None}
        rows = [{"smiles": one.plain, "polymer": one.plain, **row} for one in asked]
        read = read_parts(reader.polymers, [(rows, list(asked))], len(rows))
        return Predictions.joined(list(self._of_parts(read, 1, level)))

    def _of_parts(self, read: Generator[ReadTable, None, None], parts: int, level: float) -> Iterator[Predictions]:
        for part, answers in self.predictor.each_answer(read, self.domain is not None, parts):
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
            if answers.std is not None:
                figures["std"][:, p] = answers.std[:, :, p].mean(axis=0)
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
        texts = {name: [row[name] for row in part.rows] for name in ("smiles", "form", "polymer", "error", "read_as")}
        good = [i for i, error in enumerate(texts["error"]) if error is None]
        figures = {}
        by_row = with_marks(answers, part.polymer, part.marked, part.asked)
        for figure, values in self.of_answers(by_row, level).items():
            figures[figure] = np.full((len(part.rows), len(self.properties)), np.nan)
            figures[figure][good] = values
        judged: dict[str, list] = {}
        if self.domain is not None and answers.fingerprints is not None:
            novelty = None if answers.novelty is None else answers.novelty.min(axis=1)
            assessed = self.domain.assess(
                part.keys, answers.fingerprints, self.numbers, unseen=part.unseen, novelty=novelty
            )
            for name in ("verdict", "reason", "nearest", "measured"):
                judged[name] = [None] * len(part.rows)
                for i, polymer in zip(good, part.polymer, strict=True):
                    judged[name][i] = getattr(assessed, name)[polymer]
        ignored: list[dict[str, str] | None] = [None] * len(part.rows)
        marks = self.predictor.members[0].marks
        if marks is not None:
            for i, asked in zip(good, part.asked, strict=True):
                ignored[i] = marks.ignored(asked.kinds)
        return Predictions(
            self.properties,
            level,
            texts["smiles"],
            texts["form"],
            texts["polymer"],
            texts["error"],
            texts["read_as"],
            figures["mean"],
            figures["std"],
            figures.get("error"),
            figures.get("lower"),
            figures.get("upper"),
            ignored=ignored,
            source=self.source,
            **judged,
        )


def summary(members: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and standard deviation (with n - 1; NaN for one member) of one property over the members (M, n)."""
    std = members.std(axis=0, ddof=1) if len(members) > 1 else np.full(members.shape[1], np.nan)
    return {"mean": members.mean(axis=0), "std": std}


def aggregated(members: np.ndarray, func: str) -> np.ndarray:
    """Any pandas aggregation of one property over the members (M, n), shape (n,)."""
    known = summary(members)
    return known[func] if func in known else pd.DataFrame(members.T).agg(func, axis=1).to_numpy()
