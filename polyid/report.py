"""The report of a trained ensemble: figures of its out-of-fold predictions, its intervals and its training.

Figures are PNG on white, 576 to 960 pixels wide, with letters large enough for a phone and colours that the colour-blind tell
apart (Okabe and Ito, Color Universal Design, 2008; with different markers besides). They are drawn on objects of their
own, never through pyplot, so that threads may draw at the same time; the same input gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from polyid.properties import PROPERTIES
from polyid.report_files import (
    COVERAGE,
    ERROR_AGAINST_SPREAD,
    ERRORS_BY_CLASS,
    LEARNING_CURVES,
    number_text,
    parity_file,
    unit_text,
)

_WIDTH, _DPI = 4.8, 200
_TEXT, _QUIET, _GRID = "#222222", "#5f5f5f", "#dddddd"
_BLUE, _VERMILLION, _PALE = "#0072b2", "#d55e00", "#8cbfdf"
_SERIES = [
    (_BLUE, "o"),
    (_VERMILLION, "s"),
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
_POINTS = 7000
"""Points in all panels of a figure together."""
_CLASSES = 8
"""Classes that are drawn by name; rarer ones are drawn together."""


def write_report(
    out_of_fold: pd.DataFrame,
    logs: pd.DataFrame | None,
    content: dict[str, Any],
    metrics: dict[str, Any],
) -> dict[str, bytes]:
    """Draw every figure that the data allow.

    Parameters
    ----------
    out_of_fold : pandas.DataFrame
        One row a held-out row of the table: for each property ``NAME`` and ``NAME_pred``, optionally ``NAME_spread``,
        ``NAME_lower`` and ``NAME_upper``.
    logs : pandas.DataFrame or None
        One row an epoch and network: ``epoch``, ``loss``, ``val_loss``, ``model_id``.
    content : dict
        Content of `parameters.json`: ``prediction_columns`` and ``prediction_units`` are read.
    metrics : dict
        Content of `metrics.json`, as `polyid.metrics.out_of_fold_report` makes it: the numbers in the figures.

    Returns
    -------
    dict of str to bytes
        Path in the model folder to PNG, in reading order; captions are those of
        `polyid.report_files.figure_captions`. A figure nothing is known for is left out.
    """
    names = [name for name in content["prediction_columns"] if name in metrics["out_of_fold"]]
    units = {name: unit_text(name, content) for name in names}
    figures = {parity_file(name): _parity(out_of_fold, name, units[name], metrics) for name in names}
    figures[COVERAGE] = _coverage(names, metrics)
    figures[ERROR_AGAINST_SPREAD] = _error_against_spread(out_of_fold, names, units, metrics)
    figures[ERRORS_BY_CLASS] = _errors_by_class(names, units, metrics)
    figures[LEARNING_CURVES] = _learning_curves(logs)
    return {path: _png(figure) for path, figure in figures.items() if figure is not None}


def _label(name: str) -> str:
    return PROPERTIES[name].label if name in PROPERTIES else name


def _symbol(name: str, unit: str) -> str:
    """Symbol with unit, for an axis: ``Tg (°C)``; the unit of a logarithm has brackets enough."""
    symbol = PROPERTIES[name].symbol if name in PROPERTIES else name
    return f"{symbol}, {unit}" if "(" in unit else f"{symbol} ({unit})" if unit else symbol


def _title(name: str, width: int) -> str:
    """Label and symbol, in lines of so many letters."""
    if name not in PROPERTIES:
        return textwrap.fill(name, width)
    symbol = PROPERTIES[name].symbol.replace(" ", "\N{NO-BREAK SPACE}")
    return textwrap.fill(f"{PROPERTIES[name].label}, {symbol}", width)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _parity(frame: pd.DataFrame, name: str, unit: str, metrics: dict[str, Any]) -> Figure | None:
    """Predicted against measured; values outside their interval in another colour and shape."""
    measured, predicted = frame[name].to_numpy(float), frame[f"{name}_pred"].to_numpy(float)
    known = np.isfinite(measured) & np.isfinite(predicted)
    if not known.any():
        return None
    figures = metrics["out_of_fold"][name]
    figure = _figure(_WIDTH + 0.1)
    axes = figure.subplots()
    _style(axes)
    ends = np.concatenate([measured[known], predicted[known]])
    margin = 0.04 * np.ptp(ends) or 1.0
    limits = (ends.min() - margin, ends.max() + margin)
    axes.plot(limits, limits, color=_QUIET, linewidth=1, zorder=1)
    outside = np.zeros(len(frame), bool)
    if figures.get("coverage") is not None:
        lower, upper = frame[f"{name}_lower"].to_numpy(float), frame[f"{name}_upper"].to_numpy(float)
        outside = known & ((measured < lower) | (measured > upper))
        level = _percent(figures["level"])
        share = _percent(figures["coverage"])
        inside_label, outside_label = f"in the {level} interval ({share} are)", "outside it"
    size, alpha = _marker(int(known.sum()))
    inside = known & ~outside
    axes.scatter(measured[inside], predicted[inside], s=size, color=_BLUE, alpha=alpha, linewidths=0, zorder=2)
    if figures.get("coverage") is not None:
        axes.scatter(
            measured[outside],
            predicted[outside],
            s=1.3 * size,
            color=_VERMILLION,
            marker="^",
            linewidths=0,
            zorder=3,
        )
        axes.scatter([], [], s=28, color=_BLUE, label=inside_label)
        axes.scatter([], [], s=34, color=_VERMILLION, marker="^", label=outside_label)
        _legend(axes, loc="upper left")
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set_xlabel(f"Measured {_symbol(name, unit)}")
    axes.set_ylabel(f"Predicted {_symbol(name, unit)}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(_ticks(6))
    values = f"{figures['n']} value{'' if figures['n'] == 1 else 's'}"
    error = f"mean absolute error {number_text(figures['MAE'])} {'' if '(' in unit else unit}".strip()
    fit = [f"R² {figures['R2']:.2f}"] if figures["R2"] is not None else []
    _heading(figure, textwrap.shorten(_label(name), 48), ", ".join([values, error, *fit]))
    return figure


def _coverage(names: Sequence[str], metrics: dict[str, Any]) -> Figure | None:
    """Share of measured values inside intervals of several levels, and inside the model's own intervals."""
    curves = metrics.get("coverage_by_level", {})
    own = {name: metrics["out_of_fold"][name] for name in names}
    own = {name: figures for name, figures in own.items() if figures.get("coverage") is not None}
    shown = [name for name in names if name in curves or name in own]
    if not shown:
        return None
    figure = _figure(_WIDTH + 0.3 + 0.19 * ((len(shown) + 1) // 2 + 1))
    axes = figure.subplots()
    _style(axes)
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, zorder=1)
    axes.annotate("as many as they should", (0.24, 0.24), (0.27, 0.1), color=_QUIET, fontsize=9.5, arrowprops=_ARROW)
    for place, name in enumerate(shown):
        colour, marker = _SERIES[place % len(_SERIES)]
        label = PROPERTIES[name].symbol if name in PROPERTIES else textwrap.shorten(name, 24)
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
    _heading(figure, "Coverage of the intervals", "\n".join(about))
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9.5, frameon=False, labelcolor=_TEXT)
    return figure


def _error_against_spread(
    frame: pd.DataFrame, names: Sequence[str], units: dict[str, str], metrics: dict[str, Any]
) -> Figure | None:
    """Absolute error against spread, the mean error of groups of equal spread, and the interval's half width."""
    panels = []
    for name in names:
        if f"{name}_spread" not in frame:
            continue
        error = (frame[name] - frame[f"{name}_pred"]).abs().to_numpy(float)
        spread = frame[f"{name}_spread"].to_numpy(float)
        known = np.isfinite(error) & np.isfinite(spread)
        if known.any():
            panels.append((name, spread, error, known))
    if not panels:
        return None
    figure, grid = _panels(len(panels), 2.35)
    legend: dict[str, Any] = {}
    thinned = False
    for axes, (name, spread, error, known) in zip(grid, panels, strict=True):
        _style(axes)
        right, top = (1.05 * np.quantile(part[known], 0.98) or 1.0 for part in (spread, error))
        # One in so many points of a large table is enough to see, and keeps the picture small.
        step = -(-int(known.sum()) // (_POINTS // len(panels)))
        thinned = thinned or step > 1
        drawn = np.zeros(len(frame), bool)
        drawn[np.flatnonzero(known)[::step]] = True
        far = drawn & ((spread > right) | (error > top))
        near = drawn & ~far
        # Opaque, because every shade that transparency makes costs bytes.
        axes.scatter(spread[near], error[near], s=_marker(4 * int(drawn.sum()))[0], color=_PALE, linewidths=0)
        # The few far off would flatten the rest; they stand at the frame.
        axes.scatter(
            np.minimum(spread[far], right),
            np.minimum(error[far], top),
            s=12,
            color=_BLUE,
            marker="^",
            linewidths=0,
            clip_on=False,
        )
        bins = np.array_split(np.argsort(spread[known], kind="stable"), min(8, int(known.sum()) // 12) or 1)
        if len(bins) > 1:
            middle = [spread[known][rows].mean() for rows in bins]
            mean = [error[known][rows].mean() for rows in bins]
            (legend["mean error of equal groups"],) = axes.plot(
                middle, mean, color="black", marker="o", markersize=4, linewidth=1.6
            )
        if f"{name}_lower" in frame and f"{name}_upper" in frame:
            half = (frame[f"{name}_upper"] - frame[f"{name}_lower"]).to_numpy(float) / 2
            usable = known & np.isfinite(half) & (spread > 0)
            if usable.any():
                slope = np.median(half[usable] / spread[usable])
                (legend["half width of the interval"],) = axes.plot(
                    [0, right], [0, slope * right], color=_VERMILLION, linewidth=1.6, linestyle=(0, (5, 2))
                )
        axes.set(xlim=(0, right), ylim=(0, top))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(_ticks(4))
        rank = metrics["out_of_fold"][name].get("spearman")
        title = _title(name, 24 if len(panels) > 1 else 60)
        axes.set_title(f"{title}\nrank correlation {rank:.2f}" if rank is not None else title, fontsize=9, color=_TEXT)
        unit = f" ({units[name]})" if units[name] else ""
        axes.set_xlabel(f"Spread{unit}", fontsize=9)
        axes.set_ylabel(f"Error{unit}", fontsize=9)
    _heading(figure, "Absolute error against spread")
    if legend:
        note = figure.legend(
            list(legend.values()),
            list(legend),
            loc="outside lower center",
            ncols=2,
            fontsize=9,
            frameon=False,
            labelcolor=_TEXT,
        )
        if thinned:
            note.set_title("Not every point is shown; the lines are of all.", {"size": 9})
    return figure


def _errors_by_class(names: Sequence[str], units: dict[str, str], metrics: dict[str, Any]) -> Figure | None:
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
    rest = common[_CLASSES:] if len(common) > _CLASSES + 1 else []
    common = common[: len(common) - len(rest)]
    labels = [textwrap.shorten(kind, 18, placeholder="…") for kind in common]
    labels += [f"{len(rest)} rarer"] if rest else []
    figure, grid = _panels(len(by_class), 0.95 + 0.21 * len(labels), sharey=True)
    for axes, (name, kinds) in zip(grid, by_class.items(), strict=True):
        _style(axes)
        axes.grid(axis="y", visible=False)
        found = [(f["MAE"], f["n"]) if (f := kinds.get(kind)) else (0.0, 0) for kind in common]
        if rest:
            pooled = [kinds[kind] for kind in rest if kind in kinds]
            n = sum(f["n"] for f in pooled)
            found.append((sum(f["n"] * f["MAE"] for f in pooled) / n if n else 0.0, n))
        errors = [error for error, _ in found]
        axes.barh(range(len(labels)), errors, 0.62, color=_BLUE)
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
                color=_TEXT if n else _QUIET,
                zorder=4,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
        axes.set(xlim=(0, top), ylim=(len(labels) - 0.5, -0.5))
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(_ticks(4))
        axes.set_title(_title(name, 24 if len(by_class) > 1 else 60), fontsize=9, color=_TEXT)
        axes.set_xlabel(f"Error ({units[name]})" if units[name] else "Error", fontsize=9)
    _heading(figure, "Mean absolute error by class of polymer")
    figure.supxlabel("Dashed: all classes together. n: number of values.", fontsize=9, color=_TEXT)
    return figure


def _learning_curves(logs: pd.DataFrame | None) -> Figure | None:
    """Training and validation loss of each network, and their means."""
    if logs is None or logs.empty:
        return None
    kinds = [
        (column, label, colour)
        for column, label, colour in (("loss", "training", _BLUE), ("val_loss", "validation", _VERMILLION))
        if column in logs and np.isfinite(logs[column].to_numpy(float)).any()
    ]
    if not kinds:
        return None
    figure = _figure(3.5)
    axes = figure.subplots()
    _style(axes)
    several = logs["model_id"].nunique() > 1
    for column, label, colour in kinds:
        usable = logs[np.isfinite(logs[column].to_numpy(float))]
        for _, part in usable.groupby("model_id", sort=False):
            single = len(part) == 1
            axes.plot(
                part["epoch"],
                part[column],
                color=colour,
                linewidth=0.8 if several else 1.8,
                alpha=0.45 if several else 1.0,
                marker="o" if single else None,
                label=None if several else label,
            )
        if several:
            # Networks that stopped early are no part of the mean of later epochs.
            mean = usable.groupby("epoch")[column].mean()
            axes.plot(mean.index, mean, color=colour, linewidth=2, marker="o" if len(mean) == 1 else None, label=label)
    losses = np.sort(np.concatenate([logs[column].to_numpy(float) for column, _, _ in kinds]))
    losses = losses[np.isfinite(losses)]
    # The first steps of a network may be far off; they must not flatten the rest.
    top = 1.05 * min(losses[-1], 1.5 * losses[int(0.98 * (len(losses) - 1))]) or 1.0
    axes.set(ylim=(min(0.0, losses[0]), top))
    axes.xaxis.set_major_locator(_ticks(6, integer=True))
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Loss")
    _legend(axes, loc="upper right")
    networks = logs["model_id"].nunique()
    _heading(figure, "Learning curves", f"Thin: {networks} networks. Thick: their mean." if several else "")
    return figure


_ARROW = {"arrowstyle": "-", "color": _QUIET, "linewidth": 0.8}


def _figure(height: float, dpi: int = _DPI) -> Figure:
    figure = Figure(figsize=(_WIDTH, height), dpi=dpi, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _panels(count: int, height: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels in two columns, or one panel alone; `height` is a row's, in inches."""
    columns = min(2, count)
    rows = -(-count // columns)
    figure = _figure(height * rows + 0.75, _DPI if rows == 1 else 160 if rows < 5 else 120)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    return figure, list(grid.flat[:count])


def _style(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.grid(color=_GRID, linewidth=0.7)
    axes.tick_params(labelsize=9, colors=_TEXT, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_QUIET)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(fontsize=10.5, color=_TEXT)


def _heading(figure: Figure, title: str, subtitle: str = "") -> None:
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, fontweight="bold", color=_TEXT)
    if subtitle:
        figure.axes[0].set_title(subtitle, loc="left", fontsize=9.5, color=_TEXT)


def _ticks(most: int, integer: bool = False) -> MaxNLocator:
    return MaxNLocator(most, integer=integer, steps=[1, 2, 5, 10])


def _legend(axes: Axes, loc: str) -> None:
    axes.legend(loc=loc, fontsize=9.5, framealpha=0.85, edgecolor="none", labelcolor=_TEXT, handletextpad=0.3)


def _marker(count: int) -> tuple[float, float]:
    """Area and opacity of so many points: few stand out, many show where they are dense."""
    return next(
        (size, alpha) for most, size, alpha in ((60, 30, 0.85), (400, 18, 0.7), (2000, 11, 0.5), (np.inf, 5, 0.3))
        if count <= most
    )  # fmt: skip


def _png(figure: Figure) -> bytes:
    """The picture in as many colours as keep it small."""
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    for colours in (128, 64, 32, 16):
        stream = io.BytesIO()
        few = picture.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(stream, "PNG", optimize=True)
        if len(stream.getvalue()) <= _BYTES:
            break
    return stream.getvalue()
