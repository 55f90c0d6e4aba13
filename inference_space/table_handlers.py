"""What the page does with a table of polymers: predicts it part by part, shows it page by page, and hands it back as a file."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import answers
import cards
import gradio as gr
import trade_off_plot
from model_state import Loaded
from model_versions import ModelVersions
from table_orders import FILE_ORDER, columns, ordered

from polyid.common.progress import duration
from polyid.common.spreadsheet import csv_text
from polyid.data.prediction_table import PredictionTable, load_prediction_table
from polyid.errors import DataError, PolyIDError
from polyid.inference.predictions import Predictions
from polyid.inference.tables import described, joined
from polyid.web.html import notice

MOST_ROWS = 10_000
MOST_SECONDS = 600.0
"""Of a table; what is answered until then is shown."""
KEPT_SECONDS = 3_600
"""How long a page keeps its table."""
PAGE = 25
"""Rows shown at once."""
ANY_VERDICT, UNREADABLE = "All", "Can't be read"
ANY_PROPERTY = "Any value"
NOTHING_NEW = [gr.skip()] * 11
"""Of what shows a table."""


@dataclass(frozen=True)
class PredictedTable:
    """A user's table with its predictions, all of one model."""

    table: PredictionTable
    predictions: Predictions
    loaded: Loaded


class TableHandlers:
    """What the page does with tables, in front of a model and its other versions."""

    def __init__(self, versions: ModelVersions) -> None:
        self.service, self.versions = versions.service, versions

    def run(self, file: str | None, pasted: str, level: float, version: str | None = None) -> Iterator[list]:
        """Predict a file, or what was pasted; yields progress, then notice, table, what it can be looked at by, and the file."""
        try:
            table = _table_of(file, pasted)
            loaded = self.versions.at(version)
            parts, total, began = [], len(table.frame), time.monotonic()
            with closing(loaded.shared.predict_table(table.smiles, level, pm=table.pm)) as found:
                for part in found:
                    parts.append(part)
                    spent = time.monotonic() - began
                    yield [_progress(sum(map(len, parts)), total, spent), *NOTHING_NEW]
                    if spent > MOST_SECONDS:
                        break
        except PolyIDError as problem:
            yield [notice(str(problem), "error"), *NOTHING_NEW]
            return
        done = PredictedTable(table, Predictions.joined(parts), loaded)
        with tempfile.TemporaryDirectory(prefix="polyid-") as place:
            # Gradio takes a copy, which it deletes in time.
            file = gr.update(value=_file_of(done, Path(place)), visible=True)
            yield [_said(done, time.monotonic() - began), done, *_choices(done), file]

    def page(self, done: PredictedTable | None, order: str, number: float | None, *wanted: Any) -> str:
        """Rows of one page, in an order; `wanted` as of `Wanted`."""
        if done is None:
            return ""
        by = columns(done.predictions, done.loaded)
        rows = ordered(Wanted(*wanted).rows(done.predictions), order, by)
        pages = max(1, -(-len(rows) // PAGE))
        chosen = min(max(int(number or 1), 1), pages)
        here = cards.PageOfTable(rows[(chosen - 1) * PAGE : chosen * PAGE], chosen, pages, len(rows))
        return cards.table_page(done, here, [(column, column.sorted(order), column.next(order)) for column in by])

    def plot(self, done: PredictedTable | None, x: str, y: str, *better: str) -> str:
        """Two quantities of the table against each other."""
        question = None if done is None else trade_off_plot.asked(done.loaded, x, y, better)
        return "" if done is None or question is None else trade_off_plot.plot(done, question)

    def fitting_x(self, done: PredictedTable | None, y: str) -> Any:
        """A selectivity is plotted over the permeability of the faster gas."""
        return gr.skip() if done is None else trade_off_plot.fitting_x(done.loaded, y) or gr.skip()


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


def _said(done: PredictedTable, seconds: float) -> str:
    total, bad = len(done.predictions), len(done.predictions) - len(done.predictions.predicted)
    rows = len(done.table.frame)
    left_out = f"; the other {rows - total:,} were not answered in {duration(MOST_SECONDS)}" if rows > total else ""
    unread = f", {bad:,} of them can't be read" if bad else ""
    sentences = [f"{total:,} rows in {duration(seconds)}{unread}{left_out}.", *done.table.notes]
    return notice(" ".join(sentences), "good")


def _choices(done: PredictedTable) -> list:
    """What a new table can be ordered, filtered and plotted by, in the order of the page's components."""
    properties = answers.labels(done.loaded)
    by = columns(done.predictions, done.loaded)
    orders = [order for column in by for order in (column.ascending, column.descending)]
    axes = trade_off_plot.axes_of(done.loaded)
    first, second = axes[0][1], axes[min(1, len(axes) - 1)][1]
    return [
        gr.Dropdown(orders, value=FILE_ORDER),
        gr.Number(1),
        gr.update(visible=done.predictions.verdict is not None, value=ANY_VERDICT),
        gr.Dropdown([(ANY_PROPERTY, ""), *properties], value=""),
        gr.Number(None),
        gr.Number(None),
        gr.Column(visible=True),
        gr.Dropdown(axes, value=first),
        gr.Dropdown(axes, value=second),
    ]


@dataclass(frozen=True)
class Wanted:
    """Which rows are looked at: those of a verdict, and with a value of a property from `low` to `high`."""

    verdict: str
    name: str
    low: float | None
    high: float | None

    def rows(self, predictions: Predictions) -> list[int]:
        """Their numbers, in the table's order."""
        rows: Sequence[int] = range(len(predictions))
        if self.verdict == UNREADABLE:
            return [row for row in rows if predictions.error[row] is not None]
        if self.verdict != ANY_VERDICT and predictions.verdict is not None:
            rows = [row for row in rows if predictions.verdict[row] == self.verdict]
        if self.name not in predictions.properties or (self.low is None and self.high is None):
            return list(rows)
        values = predictions.mean[:, predictions.properties.index(self.name)]
        low, high = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        return [row for row in rows if low <= values[row] <= high]


def _file_of(done: PredictedTable, place: Path) -> str:
    """The user's columns in their order and the predictions behind them, as a file that a spreadsheet program only shows."""
    frame = joined(done.table, done.predictions.to_frame(oligomers=False))
    frame = described(frame, done.predictions, done.loaded.model.prediction_units, answers.provenance(done.loaded))
    path = place / "polyid_predictions.csv"
    path.write_text(csv_text(frame), encoding="utf-8")
    return str(path)


def cancelled() -> Any:
    """What is said when somebody stopped a table."""
    return notice("Stopped: nothing of this table was kept.")
