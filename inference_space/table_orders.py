"""In which order a predicted table is shown: the columns that order it, the two ways of each, and the rows in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from answers import labels
from model_state import Loaded

from polyid.inference.predictions import Predictions
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

FILE_ORDER = "Order of the file"
_RANKS = {IN_DOMAIN: 0.0, BORDERLINE: 1.0, OUTSIDE: 2.0}


@dataclass(frozen=True)
class Column:
    """What rows are ordered by.

    Attributes
    ----------
    label : str
    ascending, descending : str
        The names of the two orders.
    keys : array of float, shape (rows,)
        What is compared; not a number where there is nothing.
    """

    label: str
    ascending: str
    descending: str
    keys: np.ndarray

    def sorted(self, order: str) -> str | None:
        """``ascending`` or ``descending`` if that is the order, else nothing: as ``aria-sort`` says it."""
        return {self.ascending: "ascending", self.descending: "descending"}.get(order)

    def next(self, order: str) -> str:
        """The order that choosing this column's header leads to."""
        return self.descending if order == self.ascending else self.ascending


def columns(predictions: Predictions, loaded: Loaded) -> list[Column]:
    """Columns that a table can be ordered by: its rows, the domain where a model knows one, and the properties."""
    found = [Column("Row", FILE_ORDER, f"{FILE_ORDER}, last first", np.arange(len(predictions), dtype=float))]
    if predictions.verdict is not None:
        ranks = np.array([_RANKS.get(verdict or "", np.nan) for verdict in predictions.verdict])
        found.append(Column("Domain", "Domain, in domain first", "Domain, outside first", ranks))
    for label, name in labels(loaded):
        values = predictions.mean[:, predictions.properties.index(name)]
        found.append(Column(label, f"{label}, lowest", f"{label}, highest", values))
    return found


def ordered(rows: Sequence[int], order: str, by: Sequence[Column]) -> list[int]:
    """Numbers of rows in an order; those that have nothing to be ordered by come last."""
    for column in by:
        if column.sorted(order):
            keys = column.keys[list(rows)]
            places = np.argsort(-keys if order == column.descending else keys, kind="stable")
            return [rows[place] for place in places]
    return list(rows)
