"""Loss over the epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from polyid.report.figures.style import BLUE, VERMILLION, draw_heading, draw_legend, few_ticks, new_figure, style_axes


def draw_learning_curves(logs: pd.DataFrame | None) -> Figure | None:
    """Training and validation loss of each network, and their means."""
    if logs is None or logs.empty:
        return None
    kinds = [
        (column, label, colour)
        for column, label, colour in (("loss", "training", BLUE), ("val_loss", "validation", VERMILLION))
        if column in logs and np.isfinite(logs[column].to_numpy(float)).any()
    ]
    if not kinds:
        return None
    figure = new_figure(3.5)
    axes = figure.subplots()
    style_axes(axes)
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
    axes.xaxis.set_major_locator(few_ticks(6, integer=True))
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Loss")
    draw_legend(axes, loc="upper right")
    networks = logs["model_id"].nunique()
    draw_heading(figure, "Learning curves", f"Thin: {networks} networks. Thick: their mean." if several else "")
    return figure
