"""A model's answers to rows: every polymer asked once, however often it stands there and in whichever way it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyid.data.learnt_marks import AskedPolymer
from polyid.ensemble.multi_model import MultiModel
from polyid.inference.predictions import Predictions
from polyid.inference.reader import POLYMERS_A_PART


@dataclass(frozen=True)
class Answered:
    """Answers to the rows that could be read.

    Attributes
    ----------
    predictions : Predictions or None
        Of n rows; None where n is 0.
    rows : list of int, length n
        Which rows they are.
    reasons : dict of int to str
        Why the other rows have none.
    repeated : int
        Rows whose polymer had been asked before.
    """

    predictions: Predictions | None
    rows: list[int]
    reasons: dict[int, str]
    repeated: int


class PolymerAnswers:
    """A model that is asked for the rows of chunks.

    Nothing is remembered from one chunk to the next: in its last bits an answer depends on the polymers that are asked with it, and
    the result of a screen is not to depend on who answered which chunk, and when.

    Parameters
    ----------
    model : MultiModel
    level : float
        Of the intervals.
    """

    def __init__(self, model: MultiModel, level: float) -> None:
        self._maker, self._level = model.maker, level
        self._reader = self._maker.table_reader(model.chain)

    def __call__(self, texts: Sequence[str], pm: Sequence[float | None]) -> Answered:
        """Answers to the rows of a chunk: texts, and their probabilities of meso dyads."""
        known: dict[AskedPolymer, Predictions] = {}
        answers: list[Predictions] = []
        rows: list[int] = []
        reasons: dict[int, str] = {}
        for start in range(0, len(texts), POLYMERS_A_PART):
            part = slice(start, start + POLYMERS_A_PART)
            read, asked = self._reader.asked(texts[part], pm[part])
            good = [place for place, row in enumerate(read) if row["error"] is None]
            reasons |= {start + place: str(row["error"]) for place, row in enumerate(read) if row["error"] is not None}
            if good:
                known |= self._asked([one for one in dict.fromkeys(asked) if one not in known])
                answers.append(
                    _as_read(Predictions.joined([known[one] for one in asked]), [read[place] for place in good])
                )
                rows += [start + place for place in good]
        return Answered(Predictions.joined(answers) if answers else None, rows, reasons, len(rows) - len(known))

    def _asked(self, polymers: list[AskedPolymer]) -> dict[AskedPolymer, Predictions]:
        """The answer to each of different polymers."""
        if not polymers:
            return {}
        predictions = self._maker.of_polymers(self._reader, polymers, self._level)
        return {one: predictions.chosen([row]) for row, one in enumerate(polymers)}


def _as_read(predictions: Predictions, rows: Sequence[Mapping[str, Any]]) -> Predictions:
    """Predictions of polymers, for rows as they are written."""
    return replace(
        predictions,
        smiles=[row["smiles"] for row in rows],
        form=[row["form"] for row in rows],
        polymer=[row["polymer"] for row in rows],
        read_as=[row["read_as"] for row in rows],
    )
