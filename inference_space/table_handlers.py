"""What the page does with a table of polymers: predicts it part by part, shows it page by page, and hands it back as a file."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import answers
import cards
import gradio as gr
import numpy as np
from model_service import Loaded, ModelService

from polyid.common.progress import duration
from polyid.common.spreadsheet import csv_text
from polyid.data.prediction_table import PredictionTable, load_prediction_table
from polyid.errors import DataError, PolyIDError
from polyid.inference.predictions import Predictions
from polyid.inference.tables import described, joined
from polyid.web.html import notice

MOST_ROWS = 10_000
PART = 64
"""Rows that are asked at once: others are answered between two parts."""
PAGE = 25
"""Rows shown at once."""
FILE_ORDER = "Order of the file"
ANY_VERDICT = "All"


@dataclass(frozen=True)
class PredictedTable:
    """A user's table with its predictions, all of one model."""

    table: PredictionTable
    predictions: Predictions
    loaded: Loaded


class TableHandlers:
    """What the page does with tables, in front of a model service."""

    def __init__(self, service: ModelService) -> None:
        self.service = service

    def run(self, file: str | None, pasted: str, level: float) -> Iterator[list]:
        """Predict a file, or what was pasted; yields progress, then notice, table, its first page and the file to download."""
        try:
            table = _table_of(file, pasted)
            loaded = self.service.ready()
            parts, total, began = [], len(table.frame), time.monotonic()
            smiles, pm = table.smiles, table.pm
            for start in range(0, total, PART):
                asked, shares = smiles[start : start + PART], pm[start : start + PART]
                parts.append(self.service.predict(asked, level, pm=shares, loaded=loaded)[0])
                yield [_progress(min(start + PART, total), total, time.monotonic() - began), *[gr.skip()] * 5]
        except PolyIDError as problem:
            yield [notice(str(problem), "error"), *[gr.skip()] * 5]
            return
        done = PredictedTable(table, Predictions.joined(parts), loaded)
        bad = total - len(done.predictions.predicted)
        said = f"{total:,} rows in {duration(time.monotonic() - began)}" + (
            f", {bad:,} of them can't be read" if bad else ""
        )
        orders = [
            FILE_ORDER,
            *(f"{label}, {way}" for label, _ in answers.labels(loaded) for way in ("lowest", "highest")),
        ]
        yield [
            notice(f"{said}.", "good"),
            done,
            gr.Dropdown(orders, value=FILE_ORDER, visible=True),
            gr.update(visible=done.predictions.verdict is not None, value=ANY_VERDICT),
            gr.Number(1, visible=total > PAGE),
            gr.update(value=_file_of(done), visible=True),
        ]

    def page(self, done: PredictedTable | None, order: str, verdict: str, number: float | None) -> str:
        """Rows of one page, in an order, of one verdict."""
        if done is None:
            return ""
        rows = _ordered(done, order, verdict)
        pages = max(1, -(-len(rows) // PAGE))
        chosen = min(max(int(number or 1), 1), pages)
        return cards.table_page(done, rows[(chosen - 1) * PAGE : chosen * PAGE], chosen, pages, len(rows))


def _table_of(file: str | None, pasted: str) -> PredictionTable:
    """The table that a user gave.

    Raises
    ------
    DataError
        There is none, it can't be read, or has more rows than are answered.
    """
    if file:
        table = load_prediction_table(file)
    elif pasted.strip():
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "pasted.csv"
            path.write_text(pasted, encoding="utf-8")
            table = load_prediction_table(path)
    else:
        raise DataError("There is no table yet: choose a file, or paste polymers, one a line.")
    if len(table.frame) > MOST_ROWS:
        raise DataError(
            f"The table has {len(table.frame):,} rows, and {MOST_ROWS:,} are answered here: divide it, or use polyid predict --input."
        )
    return table


def _progress(done: int, total: int, seconds: float) -> str:
    left = "" if done == total else f", about {duration(seconds / done * (total - done))} left"
    return cards.progress_panel(f"{done:,} of {total:,} rows{left}", done / total)


def _ordered(done: PredictedTable, order: str, verdict: str) -> list[int]:
    """Numbers of the rows to show; those without a value come last."""
    rows: Sequence[int] = range(len(done.predictions))
    if verdict != ANY_VERDICT and done.predictions.verdict is not None:
        rows = [row for row in rows if done.predictions.verdict[row] == verdict]
    label, _, way = order.rpartition(", ")
    names = dict(answers.labels(done.loaded))
    if label not in names:
        return list(rows)
    values = done.predictions.mean[rows, done.predictions.properties.index(names[label])]
    best_first = np.argsort(-values if way == "highest" else values, kind="stable")
    return [rows[place] for place in best_first]


def _file_of(done: PredictedTable) -> str:
    """The user's columns in their order and the predictions behind them, as a file that a spreadsheet program only shows."""
    frame = joined(done.table, done.predictions.to_frame())
    frame = described(frame, done.predictions, done.loaded.model.prediction_units, answers.provenance(done.loaded))
    path = Path(tempfile.mkdtemp(prefix="polyid-")) / "polyid_predictions.csv"
    path.write_text(csv_text(frame), encoding="utf-8")
    return str(path)


def cancelled() -> Any:
    """What is said when somebody stopped a table."""
    return notice("Stopped: nothing of this table was kept.")
