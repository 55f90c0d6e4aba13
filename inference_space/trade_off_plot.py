"""Two quantities of a predicted table against each other: polymers by verdict, training data behind, front and upper bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from answers import in_words, provenance
from model_state import Loaded
from rendering import rendered

from polyid.common.text import formula
from polyid.data.properties import decimals
from polyid.hub.provenance import model_name
from polyid.inference.records import unit_of
from polyid.inference.trade_offs import SOURCE, Quantity, UpperBound, pareto_front, quantities, upper_bounds
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE
from polyid.web.axes import Axis

if TYPE_CHECKING:
    from table_handlers import PredictedTable

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 640.0, 420.0, 62.0, 48.0, 10.0
"""Of the picture: its size, the room left of and below the axes, and that at the other edges."""
LISTED, MARKED = 20, 300
"""Polymers of the front that are listed below the plot, and that are marked in it."""
HIGHER, LOWER = "Higher is better", "Lower is better"


@dataclass(frozen=True)
class Asked:
    """What is plotted, and which way is better."""

    x: Quantity
    y: Quantity
    higher: tuple[bool, bool]


def axes_of(loaded: Loaded) -> list[tuple[str, str]]:
    """Label and name of everything that an axis can show."""
    return [(formula(quantity.label), quantity.name) for quantity in _quantities(loaded)]


def fitting_x(loaded: Loaded, y: str) -> str | None:
    """The permeability over which a selectivity is plotted by custom; None for any other quantity."""
    return next((axis.parts[0][0] for axis in _quantities(loaded) if axis.name == y and len(axis.parts) > 1), None)


def asked(loaded: Loaded, x: str, y: str, better: Sequence[str]) -> Asked | None:
    """What the page's choices ask for; None while they name nothing."""
    by_name = {quantity.name: quantity for quantity in _quantities(loaded)}
    if x not in by_name or y not in by_name:
        return None
    return Asked(by_name[x], by_name[y], (better[0] == HIGHER, better[1] == HIGHER))


def _quantities(loaded: Loaded) -> list[Quantity]:
    units = loaded.model.prediction_units
    return quantities({name: unit_of(units, name) for name in loaded.model.prediction_columns})


def plot(done: PredictedTable, question: Asked) -> str:
    """The plot of a predicted table, and the polymers on its front below it."""
    x, y = question.x, question.y
    predictions = done.predictions
    points = _points(question, dict(zip(predictions.properties, predictions.mean.T, strict=True)))
    training = _points(question, _training(done.loaded))
    shown = np.vstack([points, training])
    shown = shown[np.isfinite(shown).all(axis=1)]
    if not len(shown):
        return ""
    across = Axis.over(*_widened(shown[:, 0]), LEFT, WIDTH - EDGE)
    up = Axis.over(*_widened(shown[:, 1]), HEIGHT - BOTTOM, EDGE)
    front = pareto_front(points, question.higher)
    bounds = upper_bounds(x, y)
    return rendered(
        "trade_off.html",
        width=WIDTH, height=HEIGHT, left=LEFT, bottom=BOTTOM, edge=EDGE,
        x=x, y=y,
        x_ticks=[(across.place(tick), in_words(tick, across.decimals)) for tick in across.ticks],
        y_ticks=[(up.place(tick), in_words(tick, up.decimals)) for tick in up.ticks],
        training=_dots(training, across, up), training_count=_known(training),
        by_verdict=[(verdict, _dots(points[rows], across, up)) for verdict, rows in _by_verdict(done)],
        steps=_steps(points[front], across, up),
        front=[_listed(done, question, int(number), points[number], across, up) for number in front[:MARKED]],
        listed=LISTED, front_count=len(front), point_count=_known(points),
        bounds=[_line(bound, points, across, up) for bound in bounds],
        source=SOURCE if bounds else "",
        better=["higher" if way else "lower" for way in question.higher],
        model=model_name(provenance(done.loaded)),
    )  # fmt: skip


def _points(question: Asked, values: dict[str, np.ndarray]) -> np.ndarray:
    """Both quantities of n polymers, shape (n, 2)."""
    return np.column_stack([question.x.of(values), question.y.of(values)])


def _training(loaded: Loaded) -> dict[str, np.ndarray]:
    """Measured values of the training polymers, by property; NaN where there is none."""
    columns = loaded.training_columns
    return columns or {name: np.empty(0) for name in loaded.model.prediction_columns}


def _widened(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low)
    return low - margin, high + margin


def _known(points: np.ndarray) -> int:
    return int(np.isfinite(points).all(axis=1).sum())


def _by_verdict(done: PredictedTable) -> list[tuple[str, list[int]]]:
    """Rows of each verdict, those that matter most last, where they are drawn over others."""
    verdicts = done.predictions.verdict
    if verdicts is None:
        return [("predicted", done.predictions.predicted)]
    return [
        (verdict, [row for row, of_row in enumerate(verdicts) if of_row == verdict])
        for verdict in (OUTSIDE, BORDERLINE, IN_DOMAIN)
    ]


def _dots(points: np.ndarray, across: Axis, up: Axis) -> str:
    """A path of one dot a polymer: ten thousand elements would make a page slow."""
    return "".join(
        f"M{across.place(x):.1f} {up.place(y):.1f}h0" for x, y in points.tolist() if np.isfinite(x) and np.isfinite(y)
    )


def _steps(points: np.ndarray, across: Axis, up: Axis) -> str:
    """The front as a staircase: what one quantity is at most where the other is no worse than that."""
    corners = [(across.place(x), up.place(y)) for x, y in points.tolist()]
    path = [f"M{left:.1f} {top:.1f}" for left, top in corners[:1]]
    return "".join(path + [f"H{left:.1f}V{top:.1f}" for left, top in corners[1:]])


def _listed(
    done: PredictedTable, question: Asked, row: int, point: np.ndarray, across: Axis, up: Axis
) -> dict[str, Any]:
    """A polymer of the front: where it is drawn, and how it is listed."""
    x, y = point.tolist()
    return {
        "row": done.table.frame.index[row],
        "smiles": done.predictions.smiles[row],
        "verdict": None if done.predictions.verdict is None else done.predictions.verdict[row],
        "x": in_words(x, decimals(x)), "y": in_words(y, decimals(y)),
        "place": (across.place(x), up.place(y)),
    }  # fmt: skip


def _line(bound: UpperBound, points: np.ndarray, across: Axis, up: Axis) -> dict[str, Any]:
    """An upper bound from edge to edge of the plot, and how many polymers are predicted to be above it."""
    ends = [(across.place(x), up.place(float(bound.log_selectivity(x)))) for x in (across.low, across.high)]
    above = points[:, 1] > bound.log_selectivity(points[:, 0])
    return {"year": bound.year, "ends": ends, "above": int(above.sum())}
