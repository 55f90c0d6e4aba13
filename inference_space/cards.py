"""The HTML of predictions: a polymer's card, a table of several, the drawing that says why, and the model's state."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from answers import Shown, in_words, provenance, readings
from markupsafe import Markup
from model_service import Status

from polyid.common.spreadsheet import csv_text
from polyid.data.properties import decimals, property_label
from polyid.errors import PolymerError
from polyid.explain.drawing import draw_contributions, draw_structure
from polyid.web.html import labelled_svg, notice, templates

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions

TEMPLATES = templates(Path(__file__).with_name("templates"))
TEMPLATES.filters["in_words"] = in_words
TEMPLATES.filters["words"] = lambda reading, key: in_words(reading[key], reading["decimals"])
DRAWING_SIZE = (320, 220)
NO_INTERVALS = (
    "This model has no calibrated intervals. The standard deviation over its folds says how far the "
    "networks agree, not how far they are off."
)
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
    file_name = f"polyid_intervals_{100 * predictions.level:g}.csv" if predictions.calibrated else "polyid.csv"
    return _rendered(
        "card.html",
        polymer=polymer,
        drawing=drawing(polymer["smiles"]),
        headings=_headings(shown),
        readings=of_properties,
        nearest=None
        if nearest is None
        else [{"name": _name(neighbour), "drawing": drawing(neighbour["smiles"])} for neighbour in nearest],
        comparison=_comparison(of_properties, nearest or []),
        file_name=file_name,
        # Lines that couldn't be read included.
        csv=base64.b64encode(csv_text(predictions.to_frame()).encode()).decode(),
        model=provenance(shown.loaded),
        remark="" if predictions.calibrated else NO_INTERVALS,
    )


def _rendered(template: str, **content: Any) -> str:
    return TEMPLATES.get_template(template).render(content).strip()


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
    """Several polymers, one a row, with all that is known of each."""
    polymers = []
    for number in shown.predictions.predicted:
        record = shown.predictions.record(number)
        nearest = [_name(neighbour) for neighbour in record["nearest_training_polymers"] or ()]
        polymers.append(record | {"number": number, "readings": readings(shown, number), "nearest": nearest})
    judged = shown.predictions.verdict is not None
    return _rendered("batch.html", polymers=polymers, headings=_headings(shown), judged=judged)


def why(contributions: Contributions) -> str:
    """The repeat unit coloured by what each part adds to a prediction, and the sum that makes it."""
    summed = f", summed over {contributions.copies} units." if contributions.copies > 1 else "."
    coloured = bool(np.any(contributions.atoms))
    return _rendered(
        "why.html",
        drawing=labelled_svg(
            draw_contributions(contributions.balanced()), f"What each part of {contributions.repeat_unit} adds"
        ),
        meaning=f"{COLOURS}Point at an atom for its number{summed}" if coloured else KERNEL_ONLY,
        terms=contributions.terms(),
        places=decimals(contributions.total) + 1,
        label=property_label(contributions.property),
        unit=contributions.unit,
        total=contributions.total,
    )


def status_panel(status: Status) -> str:
    """The model's state: a quiet line once it is there, a box until then."""
    model = None if status.loaded is None else provenance(status.loaded)
    return _rendered("status.html", status=status, model=model, trouble=notice(status.trouble, "error"))


def drawing(smiles: str) -> Markup:
    """A structure as SVG, its attachment points marked ``*``, units of a copolymer side by side; nothing for what is no SMILES."""
    try:
        return labelled_svg(draw_structure(smiles, DRAWING_SIZE), f"Structure of {smiles}")
    except PolymerError:
        return Markup()
