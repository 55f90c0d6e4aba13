"""Predictions as JSON: the same records from the command line, the pages' interface for programs, and MCP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyid.data.properties import property_label
from polyid.inference.predictions import Predictions

Units = Mapping[str, Sequence[str] | None]


def unit_of(units: Units, name: str) -> str | None:
    """The unit of a property, of `MultiModel.prediction_units`; None where the data named none."""
    unit = units.get(name)
    return unit[0] if unit else None


def prediction_record(predictions: Predictions, number: int, units: Units) -> dict[str, Any]:
    """The record of one input, as `Predictions.record`, each property with its ``label`` and ``unit`` besides."""
    record = predictions.record(number)
    properties = []
    for reading in record["properties"]:
        name = reading.pop("name")
        properties.append({"name": name, "label": property_label(name), "unit": unit_of(units, name), **reading})
    return {**record, "properties": properties}


def answer_record(predictions: Predictions, units: Units, model: Mapping[str, Any]) -> dict[str, Any]:
    """What programs get for some polymers.

    Parameters
    ----------
    predictions : Predictions
    units : mapping of str to sequence of str or None
        Of each property, as `MultiModel.prediction_units`.
    model : mapping
        Which model answered, of `polyid.hub.provenance.provenance`.

    Returns
    -------
    dict
        ``model``, ``level`` and ``predictions``, a record an input; numbers are as the model gave them, None where the polymer
        or the model has none, so that it is valid JSON.
    """
    records = [prediction_record(predictions, number, units) for number in range(len(predictions))]
    return {"model": dict(model), "level": predictions.level, "predictions": records}
