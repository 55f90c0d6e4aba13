"""Predicted against measured."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from polyid.common.text import formula
from polyid.data.properties import property_label
from polyid.inference.columns import held_out_column
from polyid.report.figures.style import (
    BLUE,
    FIGURE_WIDTH,
    QUIET_COLOUR,
    VERMILLION,
    axis_symbol,
    draw_heading,
    draw_legend,
    few_ticks,
    marker_of_fold,
    new_figure,
    percent_text,
    style_axes,
)
from polyid.report.files import number_text


def draw_parity(frame: pd.DataFrame, name: str, unit: str, metrics: dict[str, Any]) -> Figure | None:
    """Predicted against measured; values outside their interval in another colour and shape."""
    measured, predicted = frame[name].to_numpy(float), frame[held_out_column(name, "pred")].to_numpy(float)
    known = np.isfinite(measured) & np.isfinite(predicted)
    if not known.any():
        return None
    figures = metrics["out_of_fold"][name]
    figure = new_figure(FIGURE_WIDTH + 0.1)
    axes = figure.subplots()
    style_axes(axes)
    ends = np.concatenate([measured[known], predicted[known]])
    margin = 0.04 * np.ptp(ends) or 1.0
    limits = (ends.min() - margin, ends.max() + margin)
    axes.plot(limits, limits, color=QUIET_COLOUR, linewidth=1, zorder=1)
    outside = np.zeros(len(frame), bool)
    if figures.get("coverage") is not None:
        lower, upper = (frame[held_out_column(name, bound)].to_numpy(float) for bound in ("lower", "upper"))
        outside = known & ((measured < lower) | (measured > upper))
        level = percent_text(figures["level"])
        share = percent_text(figures["coverage"])
        inside_label, outside_label = f"in the {level} interval ({share} are)", "outside it"
    size, alpha = marker_of_fold(int(known.sum()))
    inside = known & ~outside
    axes.scatter(measured[inside], predicted[inside], s=size, color=BLUE, alpha=alpha, linewidths=0, zorder=2)
    if figures.get("coverage") is not None:
        axes.scatter(
            measured[outside],
            predicted[outside],
            s=1.3 * size,
            color=VERMILLION,
            marker="^",
            linewidths=0,
            zorder=3,
        )
        axes.scatter([], [], s=28, color=BLUE, label=inside_label)
        axes.scatter([], [], s=34, color=VERMILLION, marker="^", label=outside_label)
        draw_legend(axes, loc="upper left")
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set_xlabel(f"Measured {axis_symbol(name, unit)}")
    axes.set_ylabel(f"Predicted {axis_symbol(name, unit)}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(few_ticks(6))
    values = f"{figures['n']} value{'' if figures['n'] == 1 else 's'}"
    error = f"mean absolute error {number_text(figures['MAE'])} {'' if '(' in unit else unit}".strip()
    fit = [f"R² {figures['R2']:.2f}"] if figures["R2"] is not None else []
    draw_heading(figure, textwrap.shorten(formula(property_label(name)), 48), ", ".join([values, error, *fit]))
    return figure
