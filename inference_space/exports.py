"""What an answer can be carried away as: a link that asks again, values to paste, CSV and JSON; and who gave it."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pandas as pd
from answers import Shown, as_json, provenance, readings
from rendering import rendered

from polyid.common.spreadsheet import csv_text
from polyid.config.settings import INTERVAL_LEVEL
from polyid.inference.tables import described

MOST_LETTERS_OF_A_LINK = 2_000
"""Of the polymers that a link holds."""
NO_INTERVALS = (
    "This model has no calibrated intervals. The standard deviation over its folds says how far the "
    "networks agree, not how far they are off."
)


def exports(shown: Shown) -> str:
    """The line below an answer."""
    predictions, model = shown.predictions, provenance(shown.loaded)
    frame = described(predictions.to_frame(oligomers=False), predictions, shown.loaded.model.prediction_units, model)
    return rendered(
        "exports.html",
        query=link(predictions.smiles, predictions.level),
        copied=csv_text(_values(shown), separator="\t"),
        name=f"polyid_intervals_{100 * predictions.level:g}" if predictions.calibrated else "polyid",
        # Lines that couldn't be read included.
        csv=_base64(csv_text(frame)),
        json=_base64(json.dumps(as_json(shown), ensure_ascii=False, indent=1)),
        model=model,
        remark="" if predictions.calibrated else NO_INTERVALS,
    )


def link(smiles: list[str], level: float) -> str | None:
    """The part of an address behind ``?`` that asks for polymers; None where they are too long for one."""
    text = "\n".join(smiles)
    if len(text) > MOST_LETTERS_OF_A_LINK:
        return None
    return urlencode({"polymer": text} | ({} if level == INTERVAL_LEVEL else {"level": f"{level:g}"}))


def _values(shown: Shown) -> pd.DataFrame:
    """The numbers of the page, a row a polymer and property, to be pasted."""
    return pd.DataFrame(
        [
            {
                "Polymer": shown.predictions.smiles[number],
                "Property": reading["label"],
                "Value": reading["value"],
                "Unit": reading["unit"],
                "Lower": reading["lower"],
                "Upper": reading["upper"],
                "Expected error": reading["expected_error"],
                "Standard deviation": reading["std"],
                "Domain": None if shown.predictions.verdict is None else shown.predictions.verdict[number],
            }
            for number in shown.predictions.predicted
            for reading in readings(shown, number)
        ]
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
