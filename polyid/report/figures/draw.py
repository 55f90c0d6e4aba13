"""The report of a trained ensemble: figures of its out-of-fold predictions, its intervals and its training.

Figures are PNG on white, 576 to 960 pixels wide, with letters large enough for a phone and colours that the colour-blind tell
apart (Okabe and Ito, Color Universal Design, 2008; with different markers besides). They are drawn on objects of their
own, never through pyplot, so that threads may draw at the same time; the same input gives the same bytes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from polyid.common.text import plain_unit
from polyid.report.figures.coverage import draw_coverage
from polyid.report.figures.error_against_expected import draw_error_against_expected
from polyid.report.figures.errors_by_class import draw_errors_by_class
from polyid.report.figures.learning_curves import draw_learning_curves
from polyid.report.figures.parity import draw_parity
from polyid.report.figures.style import png_bytes
from polyid.report.files import (
    COVERAGE,
    ERROR_AGAINST_EXPECTED,
    ERRORS_BY_CLASS,
    LEARNING_CURVES,
    parity_file,
    unit_text,
)


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
        One row a held-out row of the table: for each property ``NAME`` and ``NAME_pred``, optionally ``NAME_expected_error``,
        ``NAME_lower`` and ``NAME_upper``.
    logs : pandas.DataFrame or None
        One row an epoch and network: ``epoch``, ``loss``, ``val_loss``, ``model_id``.
    content : dict
        Content of `parameters.json`: ``prediction_columns`` and ``prediction_units`` are read.
    metrics : dict
        Content of `metrics.json`, as `polyid.report.metrics.out_of_fold_report` makes it: the numbers in the figures.

    Returns
    -------
    dict of str to bytes
        Path in the model folder to PNG, in reading order; captions are those of
        `polyid.report.files.figure_captions`. A figure nothing is known for is left out.
    """
    names = [name for name in content["prediction_columns"] if name in metrics["out_of_fold"]]
    units = {name: plain_unit(unit_text(name, content)) for name in names}
    figures = {parity_file(name): draw_parity(out_of_fold, name, units[name], metrics) for name in names}
    figures[COVERAGE] = draw_coverage(names, metrics)
    figures[ERROR_AGAINST_EXPECTED] = draw_error_against_expected(out_of_fold, names, units, metrics)
    figures[ERRORS_BY_CLASS] = draw_errors_by_class(names, units, metrics)
    figures[LEARNING_CURVES] = draw_learning_curves(logs)
    return {path: png_bytes(figure) for path, figure in figures.items() if figure is not None}
