"""Share of measured values inside the intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from polyid.data.properties import PROPERTIES
from polyid.report.figures.style import (
    ARROW,
    FIGURE_WIDTH,
    QUIET_COLOUR,
    SERIES,
    TEXT_COLOUR,
    draw_heading,
    new_figure,
    style_axes,
)


def draw_coverage(names: Sequence[str], metrics: dict[str, Any]) -> Figure | None:
    """Share of measured values inside intervals of several levels, and inside the model's own intervals."""
    curves = metrics.get("coverage_by_level", {})
    own = {name: metrics["out_of_fold"][name] for name in names}
    own = {name: figures for name, figures in own.items() if figures.get("coverage") is not None}
    shown = [name for name in names if name in curves or name in own]
    if not shown:
        return None
    figure = new_figure(FIGURE_WIDTH + 0.3 + 0.19 * ((len(shown) + 1) // 2 + 1))
    axes = figure.subplots()
    style_axes(axes)
    axes.plot([0, 1], [0, 1], color=QUIET_COLOUR, linewidth=1, zorder=1)
    axes.annotate(
        "as many as they should", (0.24, 0.24), (0.27, 0.1), color=QUIET_COLOUR, fontsize=9.5, arrowprops=ARROW
    )
    for place, name in enumerate(shown):
        colour, marker = SERIES[place % len(SERIES)]
        label: str | None = PROPERTIES[name].symbol if name in PROPERTIES else textwrap.shorten(name, 24)
        if name in curves:
            levels = [float(level) for level in curves[name]]
            axes.plot(levels, list(curves[name].values()), color=colour, marker=marker, markersize=5, label=label)
            label = None
        if name in own:
            axes.scatter(
                [own[name]["level"]],
                [own[name]["coverage"]],
                s=90,
                color="none",
                marker=marker,
                edgecolors=colour,
                linewidths=1.4,
                label=label,
                zorder=4,
            )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.set_xlabel("Share that should lie in the interval")
    axes.set_ylabel("Share of measured values that do")
    about = ["Lines: each fold's intervals set by the other folds."] if curves else []
    about += ["Large open markers: the model's own intervals."] if own else []
    draw_heading(figure, "Coverage of the intervals", "\n".join(about))
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=3, fontsize=9.5, frameon=False, labelcolor=TEXT_COLOUR
    )
    return figure
