"""The HTML of predictions: a polymer's card, a table of several, the drawing that says why, and the model's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from answers import Shown, labels, last_line, provenance, readings
from distributions import pictures
from markupsafe import Markup
from model_state import Status
from rendering import rendered

from polyid.chemistry.name_suggestions import complete_name
from polyid.chemistry.understood import understood
from polyid.data.properties import decimals, property_label
from polyid.errors import PolymerError
from polyid.explain.drawing import draw_contributions, draw_structure, full_colour
from polyid.hub.provenance import model_name
from polyid.inference.records import unit_of
from polyid.web.html import labelled_svg, notice

if TYPE_CHECKING:
    from table_handlers import PredictedTable
    from table_orders import Column

    from polyid.explain.contributions import Contributions

DRAWING_SIZE = (320, 220)
LINES_SHOWN = 3
"""Complaints that stand above an answer; more are folded away."""
COLOURS = "Red parts raise the prediction, blue ones lower it, compared with the mean over the polymer. "
KERNEL_ONLY = (
    "Held-out polymers gave the networks no say in this property. The prediction is the kernel regression's, "
    "which compares whole polymers: no part of the structure has a share of its own."
)


def card(shown: Shown, number: int) -> str:
    """One polymer: its structure, predictions, domain and the training polymers nearest to it."""
    predictions, of_properties = shown.predictions, readings(shown, number)
    polymer = predictions.record(number)
    nearest = polymer["nearest_training_polymers"]
    return rendered(
        "card.html",
        polymer=polymer,
        drawing=drawing(polymer["smiles"]),
        headings=_headings(shown),
        readings=of_properties,
        nearest=None
        if nearest is None
        else [{"name": _name(neighbour), "drawing": drawing(neighbour["smiles"])} for neighbour in nearest],
        comparison=_comparison(of_properties, nearest or []),
        source=predictions.source,
        model=provenance(shown.loaded),
        pictures=pictures(of_properties, shown.loaded.training_values, predictions.level),
        level=f"{100 * predictions.level:g} %" if predictions.calibrated else "",
    )


def complaint_panel(sentences: list[str]) -> Markup:
    """What could not be read: a few sentences as they are, many of them folded under their number."""
    if len(sentences) <= LINES_SHOWN:
        return notice("\n".join(sentences), "error")
    return Markup(rendered("complaints.html", sentences=sentences))


def reading_panel(text: str) -> str:
    """While somebody types: how the last line is read, with the drawing, or nothing yet."""
    line = last_line(text)
    if not line:
        return ""
    try:
        return rendered("reading.html", read_as=understood(line), drawing=drawing(line), names=complete_name(line))
    except PolymerError as problem:
        return rendered("reading.html", read_as=None, problem=str(problem), names=complete_name(line))


def stale(before: Shown | None, number: int | None) -> Markup:
    """Under a question that failed: what the answer below is the answer to; nothing where there is none."""
    if before is None:
        return Markup()
    return Markup('<p class="stale">Below is still the former answer: <code>{}</code></p>').format(
        before.predictions.smiles[number or 0]
    )


def _headings(shown: Shown) -> tuple[str, ...]:
    """What is said of each property."""
    if not shown.predictions.calibrated:
        return ("Value", "Standard deviation")
    return ("Value", f"{100 * shown.predictions.level:g} % between", "Expected error")


def _comparison(of_properties: list[dict[str, Any]], nearest: list[dict[str, Any]]) -> list[tuple]:
    """What is predicted of a polymer beside what was measured of its neighbours, where anything was."""
    rows = [(reading, [neighbour["values"].get(reading["name"]) for neighbour in nearest]) for reading in of_properties]
    return [(reading, measured) for reading, measured in rows if any(value is not None for value in measured)]


def _name(polymer: Mapping[str, Any]) -> str:
    return polymer["name"] or polymer["smiles"]


def batch_table(shown: Shown) -> str:
    """Several polymers, one a row."""
    predictions = shown.predictions
    return rendered(
        "batch.html",
        polymers=[
            predictions.record(number) | {"number": shown.line(number), "readings": readings(shown, number)}
            for number in predictions.predicted
        ],
        interval=f"{100 * predictions.level:g} %" if predictions.calibrated else "",
        judged=predictions.verdict is not None,
    )


@dataclass(frozen=True)
class PageOfTable:
    """Which rows of a table are shown, on which of how many pages, of how many rows that were looked for."""

    rows: Sequence[int]
    page: int
    pages: int
    rows_in_all: int


def table_page(done: PredictedTable, here: PageOfTable, by: Sequence[tuple[Column, str | None, str]] = ()) -> str:
    """Some rows of a predicted table, each with its structure and values, or why it can't be read.

    `by` are the columns that order it: each with the way it does now, if it does, and the order that its header leads to.
    """
    shown = Shown(done.predictions, done.loaded)
    numbers = done.table.frame.index
    polymers = [
        shown.predictions.record(row)
        | {"row": numbers[row], "readings": readings(shown, row), "drawing": _small_drawing(shown, row)}
        for row in here.rows
    ]
    units = done.loaded.model.prediction_units
    return rendered(
        "table.html",
        polymers=polymers,
        properties=[{"label": label, "unit": unit_of(units, name)} for label, name in labels(done.loaded)],
        judged=done.predictions.verdict is not None,
        page=here.page,
        pages=here.pages,
        rows_in_all=f"{here.rows_in_all:,}",
        headings={column.label: (way, order) for column, way, order in by},
        model=model_name(provenance(done.loaded)),
    )


def _small_drawing(shown: Shown, number: int) -> Markup:
    return Markup() if shown.predictions.error[number] is not None else drawing(shown.predictions.smiles[number])


def progress_panel(sentence: str, share: float) -> str:
    """How far a table is."""
    return rendered("progress.html", sentence=sentence, share=share)


def why(contributions: Contributions, spread: float | None = None) -> str:
    """The repeat unit coloured by what each part adds to a prediction, and the sum that makes it; `spread` as of `full_colour`."""
    summed = f", summed over {contributions.copies} units." if contributions.copies > 1 else "."
    coloured, balanced = bool(np.any(contributions.atoms)), contributions.balanced()
    limit = full_colour(balanced, spread)
    return rendered(
        "why.html",
        drawing=labelled_svg(
            draw_contributions(balanced, limit=limit), f"What each part of {contributions.repeat_unit} adds"
        ),
        meaning=f"{COLOURS}Point at an atom for its number{summed}" if coloured else KERNEL_ONLY,
        limit=limit,
        terms=contributions.terms(),
        places=decimals(contributions.total) + 1,
        label=property_label(contributions.property),
        unit=contributions.unit,
        total=contributions.total,
    )


def status_panel(status: Status) -> str:
    """The model's state: a quiet line once it is there, a box until then."""
    model = None if status.loaded is None else provenance(status.loaded)
    return rendered("status.html", status=status, model=model, trouble=notice(status.trouble, "error"))


def drawing(smiles: str) -> Markup:
    """A structure as SVG, its attachment points marked ``*``, units of a copolymer side by side; nothing for what is no SMILES."""
    try:
        return labelled_svg(draw_structure(smiles, DRAWING_SIZE), f"Structure of {smiles}")
    except PolymerError:
        return Markup()
