"""Colours, lettering and file size of a report's figures."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from polyid.common.text import formula
from polyid.data.properties import PROPERTIES

FIGURE_WIDTH, _DPI = 4.8, 200
TEXT_COLOUR, QUIET_COLOUR, _GRID = "#222222", "#5f5f5f", "#dddddd"
BLUE, VERMILLION, PALE = "#0072b2", "#d55e00", "#8cbfdf"
SERIES = [
    (BLUE, "o"),
    (VERMILLION, "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
    ("#56b4e9", "P"),
    ("#000000", "X"),
    ("#8c6d00", "<"),
    ("#7a7a7a", ">"),
]
_BYTES = 96_000
"""Pictures larger than that are drawn again in fewer colours."""
MOST_POINTS = 7000
"""Points in all panels of a figure together."""
MOST_CLASSES = 8
"""Classes that are drawn by name; rarer ones are drawn together."""


def axis_symbol(name: str, unit: str) -> str:
    """Symbol with unit, for an axis: ``Tg (°C)``; the unit of a logarithm has brackets enough."""
    symbol = formula(PROPERTIES[name].symbol) if name in PROPERTIES else name
    return f"{symbol}, {unit}" if "(" in unit else f"{symbol} ({unit})" if unit else symbol


def property_title(name: str, width: int) -> str:
    """Label and symbol, in lines of so many letters."""
    if name not in PROPERTIES:
        return textwrap.fill(name, width)
    symbol = formula(PROPERTIES[name].symbol).replace(" ", "\N{NO-BREAK SPACE}")
    return textwrap.fill(f"{formula(PROPERTIES[name].label)}, {symbol}", width)


def percent_text(share: float) -> str:
    return f"{100 * share:.0f} %"


ARROW = {"arrowstyle": "-", "color": QUIET_COLOUR, "linewidth": 0.8}


def new_figure(height: float, dpi: int = _DPI) -> Figure:
    figure = Figure(figsize=(FIGURE_WIDTH, height), dpi=dpi, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def new_panels(count: int, height: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels in two columns, or one panel alone; `height` is a row's, in inches."""
    columns = min(2, count)
    rows = -(-count // columns)
    figure = new_figure(height * rows + 0.75, _DPI if rows == 1 else 160 if rows < 5 else 120)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    return figure, list(grid.flat[:count])


def style_axes(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.grid(color=_GRID, linewidth=0.7)
    axes.tick_params(labelsize=9, colors=TEXT_COLOUR, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(QUIET_COLOUR)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(fontsize=10.5, color=TEXT_COLOUR)


def draw_heading(figure: Figure, title: str, subtitle: str = "") -> None:
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, fontweight="bold", color=TEXT_COLOUR)
    if subtitle:
        figure.axes[0].set_title(subtitle, loc="left", fontsize=9.5, color=TEXT_COLOUR)


def few_ticks(most: int, integer: bool = False) -> MaxNLocator:
    return MaxNLocator(most, integer=integer, steps=[1, 2, 5, 10])


def draw_legend(axes: Axes, loc: str) -> None:
    # Matplotlib's types know the places by name only.
    place: Any = loc
    axes.legend(loc=place, fontsize=9.5, framealpha=0.85, edgecolor="none", labelcolor=TEXT_COLOUR, handletextpad=0.3)


def marker_of_fold(count: int) -> tuple[float, float]:
    """Area and opacity of so many points: few stand out, many show where they are dense."""
    return next(
        (size, alpha) for most, size, alpha in ((60, 30, 0.85), (400, 18, 0.7), (2000, 11, 0.5), (np.inf, 5, 0.3))
        if count <= most
    )  # fmt: skip


def png_bytes(figure: Figure) -> bytes:
    """The picture in as many colours as keep it small."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    for colours in (128, 64, 32, 16):
        stream = io.BytesIO()
        few = picture.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(stream, "PNG", optimize=True)
        if len(stream.getvalue()) <= _BYTES:
            break
    return stream.getvalue()
