"""Each value of an answer on the distribution of the training data: what the pictures show, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from answers import in_words

from polyid.common.text import plain_unit
from polyid.data.properties import decimals
from polyid.inference.training_values import TrainingValues
from polyid.web.axes import Axis

WIDTH, BASE, TOP = 300.0, 78.0, 8.0
"""Of a picture: its width, the height of its axis below its upper edge, and that of its tallest bar."""
MARGIN = 6.0


@dataclass(frozen=True)
class Picture:
    """One property: where everything stands, in the picture's own units.

    Attributes
    ----------
    reading : dict
        As of `answers.readings`.
    bars : list of (float, float, float)
        Left edge, width and height of each bar.
    ticks : list of (float, str)
        Place and text of each number on the axis.
    value : float
        Place of the predicted value.
    interval : (float, float) or None
        Left edge and width of the interval.
    measured : float or None
        Place of what was measured of this polymer.
    standing : str
        Where the value stands among the training data, in words.
    said : str
        All that the picture shows, for those who can't see it.
    """

    reading: Mapping[str, Any]
    bars: list[tuple[float, float, float]]
    ticks: list[tuple[float, str]]
    value: float
    interval: tuple[float, float] | None
    measured: float | None
    standing: str
    said: str


def pictures(readings: list[dict[str, Any]], training: Mapping[str, TrainingValues], level: float) -> list[Picture]:
    """A picture a property that has a value and training data."""
    return [
        _picture(reading, training[reading["name"]], level)
        for reading in readings
        if reading["value"] is not None and reading["name"] in training
    ]


def _picture(reading: Mapping[str, Any], training: TrainingValues, level: float) -> Picture:
    value, lower, upper, measured = (reading[name] for name in ("value", "lower", "upper", "measured"))
    shown = [number for number in (*training.span, value, lower, upper, measured) if number is not None]
    axis = Axis.over(min(shown), max(shown), MARGIN, WIDTH - MARGIN)
    edges, counts = training.histogram()
    places = [axis.place(float(edge)) for edge in edges]
    tallest = float(counts.max())
    standing = _standing(training, value)
    return Picture(
        reading,
        # A bar of one value is still to be seen.
        [
            (left, max(right - left - 1.0, 0.5), max((BASE - TOP) * count / tallest, 1.5))
            for left, right, count in zip(places, places[1:], counts.tolist(), strict=False)
            if count
        ],
        [(axis.place(tick), in_words(tick, axis.decimals)) for tick in axis.ticks],
        axis.place(value),
        None if lower is None else (axis.place(lower), axis.place(upper) - axis.place(lower)),
        None if measured is None else axis.place(measured),
        standing,
        _said(reading, training, level, standing),
    )


def _standing(training: TrainingValues, value: float) -> str:
    low, high = training.span
    if value > high:
        return f"above all {len(training):,} measured values"
    if value < low:
        return f"below all {len(training):,} measured values"
    return f"higher than {100 * training.share_below(value):.0f} % of {len(training):,} measured values"


def _said(reading: Mapping[str, Any], training: TrainingValues, level: float, standing: str) -> str:
    places, unit = reading["decimals"], plain_unit(reading["unit"])
    value, lower, upper = (in_words(reading[name], places) for name in ("value", "lower", "upper"))
    interval = "" if reading["lower"] is None else f", {100 * level:g} % interval {lower} to {upper}"
    low, high = (in_words(end, decimals(end)) for end in training.span)
    return (
        f"{reading['label']}: predicted {value} {unit}".rstrip()
        + f"{interval}; {standing} of training polymers, which lie from {low} to {high}."
    )
