"""Predictions behind the columns of a user's own table, and what a file of them says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from polyid.data.prediction_table import PredictionTable
from polyid.inference.predictions import Predictions
from polyid.inference.records import Units, unit_of


def joined(table: PredictionTable, predictions: pd.DataFrame, start: int = 0) -> pd.DataFrame:
    """Predictions behind the columns of the rows from `start` that they are for, in the table's order."""
    rows = table.frame.iloc[start : start + len(predictions)]
    predictions.index = rows.index
    new = predictions.drop(columns=["smiles"])
    if table.smiles_column in new:
        # The oligomer takes the place of what was asked for, which would be lost.
        new = predictions
    return rows.drop(columns=[column for column in new.columns if column in rows]).join(new)


def described(frame: pd.DataFrame, predictions: Predictions, units: Units, model: Mapping[str, Any]) -> pd.DataFrame:
    """A table of predictions that says what it is, wherever it goes: units, level, model and commit in columns of their own.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `Predictions.to_frame` or `joined`.
    predictions : Predictions
    units : mapping of str to sequence of str or None
        As `MultiModel.prediction_units`.
    model : mapping
        As of `polyid.hub.provenance.provenance`.
    """
    said: dict[str, Any] = {f"{name}_unit": unit_of(units, name) for name in predictions.properties}
    said |= {"interval_level": predictions.level} if predictions.calibrated else {}
    name = "starter" if model["starter"] else model["repo_id"] or model["folder"]
    return frame.assign(**said, model=name, model_commit=model["commit"], model_tag=model["tag"])
