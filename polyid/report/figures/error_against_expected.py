"""Absolute error against expected error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from polyid.inference.columns import held_out_column
from polyid.report.figures.style import (
    BLUE,
    MOST_POINTS,
    PALE,
    TEXT_COLOUR,
    VERMILLION,
    draw_heading,
    few_ticks,
    marker_of_fold,
    new_panels,
    property_title,
    style_axes,
)


def draw_error_against_expected(
    frame: pd.DataFrame, names: Sequence[str], units: dict[str, str], metrics: dict[str, Any]
) -> Figure | None:
    """Absolute error against expected error, the mean error of groups of equal expected error, and the interval's half width."""
    panels = []
    for name in names:
        if held_out_column(name, "expected_error") not in frame:
            continue
        error = (frame[name] - frame[held_out_column(name, "pred")]).abs().to_numpy(float)
        expected = frame[held_out_column(name, "expected_error")].to_numpy(float)
        known = np.isfinite(error) & np.isfinite(expected)
        if known.any():
            panels.append((name, expected, error, known))
    if not panels:
        return None
    figure, grid = new_panels(len(panels), 2.35)
    legend: dict[str, Any] = {}
    thinned = False
    for axes, (name, expected, error, known) in zip(grid, panels, strict=True):
        style_axes(axes)
        right, top = (1.05 * np.quantile(part[known], 0.98) or 1.0 for part in (expected, error))
        # One in so many points of a large table is enough to see, and keeps the picture small.
        step = -(-int(known.sum()) // (MOST_POINTS // len(panels)))
        thinned = thinned or step > 1
        drawn = np.zeros(len(frame), bool)
        drawn[np.flatnonzero(known)[::step]] = True
        far = drawn & ((expected > right) | (error > top))
        near = drawn & ~far
        # Opaque, because every shade that transparency makes costs bytes.
        axes.scatter(expected[near], error[near], s=marker_of_fold(4 * int(drawn.sum()))[0], color=PALE, linewidths=0)
        # The few far off would flatten the rest; they stand at the frame.
        axes.scatter(
            np.minimum(expected[far], right),
            np.minimum(error[far], top),
            s=12,
            color=BLUE,
            marker="^",
            linewidths=0,
            clip_on=False,
        )
        bins = np.array_split(np.argsort(expected[known], kind="stable"), min(8, int(known.sum()) // 12) or 1)
        if len(bins) > 1:
            middle = [expected[known][rows].mean() for rows in bins]
            mean = [error[known][rows].mean() for rows in bins]
            (legend["mean error of equal groups"],) = axes.plot(
                middle, mean, color="black", marker="o", markersize=4, linewidth=1.6
            )
        lower, upper = (held_out_column(name, bound) for bound in ("lower", "upper"))
        if lower in frame and upper in frame:
            half = (frame[upper] - frame[lower]).to_numpy(float) / 2
            usable = known & np.isfinite(half) & (expected > 0)
            if usable.any():
                slope = np.median(half[usable] / expected[usable])
                (legend["half width of the interval"],) = axes.plot(
                    [0, right], [0, slope * right], color=VERMILLION, linewidth=1.6, linestyle=(0, (5, 2))
                )
        axes.set(xlim=(0, right), ylim=(0, top))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(few_ticks(4))
        rank = metrics["out_of_fold"][name].get("spearman")
        title = property_title(name, 24 if len(panels) > 1 else 60)
        axes.set_title(
            f"{title}\nrank correlation {rank:.2f}" if rank is not None else title, fontsize=9, color=TEXT_COLOUR
        )
        unit = f" ({units[name]})" if units[name] else ""
        axes.set_xlabel(f"Expected error{unit}", fontsize=9)
        axes.set_ylabel(f"Error{unit}", fontsize=9)
    draw_heading(figure, "Absolute error against expected error")
    if legend:
        note = figure.legend(
            list(legend.values()),
            list(legend),
            loc="outside lower center",
            ncols=2,
            fontsize=9,
            frameon=False,
            labelcolor=TEXT_COLOUR,
        )
        if thinned:
            note.set_title("Not every point is shown; the lines are of all.", FontProperties(size=9))
    return figure
