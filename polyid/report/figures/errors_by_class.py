"""Errors by class of polymer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from polyid.report.figures.style import (
    BLUE,
    MOST_CLASSES,
    QUIET_COLOUR,
    TEXT_COLOUR,
    draw_heading,
    few_ticks,
    new_panels,
    property_title,
    style_axes,
)


def draw_errors_by_class(names: Sequence[str], units: dict[str, str], metrics: dict[str, Any]) -> Figure | None:
    """Mean absolute error of each class, a panel a property, with the number of values."""
    by_class = {name: metrics.get("by_class", {}).get(name) for name in names}
    by_class = {name: kinds for name, kinds in by_class.items() if kinds}
    if not by_class:
        return None
    counts: dict[str, int] = {}
    for kinds in by_class.values():
        for kind, figures in kinds.items():
            counts[kind] = counts.get(kind, 0) + figures["n"]
    common = sorted(counts, key=lambda kind: (-counts[kind], kind))
    rest = common[MOST_CLASSES:] if len(common) > MOST_CLASSES + 1 else []
    common = common[: len(common) - len(rest)]
    labels = [textwrap.shorten(kind, 18, placeholder="…") for kind in common]
    labels += [f"{len(rest)} rarer"] if rest else []
    figure, grid = new_panels(len(by_class), 0.95 + 0.21 * len(labels), sharey=True)
    for axes, (name, kinds) in zip(grid, by_class.items(), strict=True):
        style_axes(axes)
        axes.grid(axis="y", visible=False)
        found = [(f["MAE"], f["n"]) if (f := kinds.get(kind)) else (0.0, 0) for kind in common]
        if rest:
            pooled = [kinds[kind] for kind in rest if kind in kinds]
            n = sum(f["n"] for f in pooled)
            found.append((sum(f["n"] * f["MAE"] for f in pooled) / n if n else 0.0, n))
        errors = [error for error, _ in found]
        axes.barh(range(len(labels)), errors, 0.62, color=BLUE)
        overall = metrics["out_of_fold"][name]["MAE"]
        axes.axvline(overall, color="black", linewidth=1.2, linestyle=(0, (4, 2)))
        top = 1.38 * (max(*errors, overall) or 1.0)
        for place, (error, n) in enumerate(found):
            axes.annotate(
                f"n {n}" if n else "none",
                (error, place),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=TEXT_COLOUR if n else QUIET_COLOUR,
                zorder=4,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
        axes.set(xlim=(0, top), ylim=(len(labels) - 0.5, -0.5))
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(few_ticks(4))
        axes.set_title(property_title(name, 24 if len(by_class) > 1 else 60), fontsize=9, color=TEXT_COLOUR)
        axes.set_xlabel(f"Error ({units[name]})" if units[name] else "Error", fontsize=9)
    draw_heading(figure, "Mean absolute error by class of polymer")
    figure.supxlabel("Dashed: all classes together. n: number of values.", fontsize=9, color=TEXT_COLOUR)
    return figure
