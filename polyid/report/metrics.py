"""Figures of merit of predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.keys import strata
from polyid.inference.columns import held_out_column
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

COVERAGE_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels at which a report asks whether intervals hold as many values as they should."""
NO_CLASS = "not stated"
"""Class of polymers whose class the table doesn't say."""
_LEAST = 20

Figures = dict[str, float | int | None]


def regression_metrics(measured: np.ndarray, predicted: np.ndarray) -> Figures:
    """Number of pairs, mean absolute error, root mean square error and R², pairs with a NaN left out.

    Parameters
    ----------
    measured, predicted : float arrays, shape (n,)

    Returns
    -------
    dict
        ``n``, ``MAE``, ``RMSE`` (in the units of the values) and ``R2``; None where too few pairs define it.
    """
    measured, predicted = np.asarray(measured, float), np.asarray(predicted, float)
    both = np.isfinite(measured) & np.isfinite(predicted)
    n = int(both.sum())
    if n == 0:
        return {"n": 0, "MAE": None, "RMSE": None, "R2": None}
    a, b = measured[both], predicted[both]
    return {
        "n": n,
        "MAE": float(mean_absolute_error(a, b)),
        "RMSE": float(root_mean_squared_error(a, b)),
        "R2": float(r2_score(a, b)) if n > 1 and np.ptp(a) > 0 else None,
    }


def property_metrics(frame: pd.DataFrame, name: str, level: float = INTERVAL_LEVEL) -> Figures:
    """What a frame's predictions of one property are worth, and their intervals and expected errors where it has them.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``NAME`` (measured, NaN where it isn't) and ``NAME_pred``; optional are ``NAME_lower`` with
        ``NAME_upper``, the bounds of an interval, and ``NAME_expected_error``, what the model itself says of its error.
    name : str
    level : float
        Share of measured values the intervals are meant to hold.

    Returns
    -------
    dict
        As `regression_metrics`; with intervals also ``level``, ``coverage`` (share of measured values in their
        interval, bounds included) and ``width`` (mean, in the property's unit); with expected errors also ``spearman``
        (rank correlation of expected and absolute error). None where too few values define it, or a width is infinite.
    """
    values = frame[name].to_numpy(float)
    pred, expected, *bounds = (held_out_column(name, part) for part in ("pred", "expected_error", "lower", "upper"))
    predicted = frame[pred].to_numpy(float)
    figures = regression_metrics(values, predicted)
    if all(bound in frame for bound in bounds):
        lower, upper = (frame[bound].to_numpy(float) for bound in bounds)
        known = np.isfinite(values) & ~np.isnan(lower) & ~np.isnan(upper)
        inside = (lower <= values) & (values <= upper)
        width = (upper - lower)[known].mean() if known.any() else np.nan
        figures |= {
            "level": level,
            "coverage": float(inside[known].mean()) if known.any() else None,
            "width": float(width) if np.isfinite(width) else None,
        }
    if expected in frame:
        figures["spearman"] = _rank_correlation(frame[expected].to_numpy(float), np.abs(values - predicted))
    return figures


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's, over pairs without a NaN; None where one side is constant or there are fewer than three."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    return float(spearmanr(a, b).statistic) if len(a) > 2 and np.ptp(a) > 0 and np.ptp(b) > 0 else None


def coverage_by_level(
    frame: pd.DataFrame, name: str, levels: Sequence[float] = COVERAGE_LEVELS
) -> dict[str, float] | None:
    """Share of measured values that intervals of several levels would hold, each fold's set by the other folds.

    An interval is the prediction ± q · expected error, and q the ⌈(n + 1) · level⌉-th smallest of the n scores |error| / expected
    of the other folds' rows (split-conformal with normalised scores; Lei et al., J. Am. Stat. Assoc. 113, 1094
    (2018)). A fold's own rows have no say in q, so the shares are not right by construction.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``fold``, ``NAME``, ``NAME_pred`` and ``NAME_expected_error``.
    name : str
    levels : sequence of float
        From 0 to 1.

    Returns
    -------
    dict or None
        Level, as text, to share; None without expected errors or folds to compare, or with fewer than `_LEAST` scores.
    """
    if held_out_column(name, "expected_error") not in frame or "fold" not in frame:
        return None
    error = (frame[name] - frame[held_out_column(name, "pred")]).abs().to_numpy(float)
    expected = frame[held_out_column(name, "expected_error")].to_numpy(float)
    known = np.isfinite(error) & np.isfinite(expected) & (expected > 0)
    score, fold = error[known] / expected[known], frame["fold"].astype(str).to_numpy()[known]
    names = np.unique(fold)
    if len(score) < _LEAST or len(names) < 2:
        return None
    held = np.zeros((len(levels), len(score)), bool)
    for one in names:
        own, others = fold == one, np.sort(score[fold != one])
        for i, level in enumerate(levels):
            rank = math.ceil((len(others) + 1) * level - 1e-9)
            held[i, own] = score[own] <= (others[rank - 1] if rank <= len(others) else np.inf)
    return {f"{level:g}": float(share) for level, share in zip(levels, held.mean(1), strict=True)}


def polymer_classes(frame: pd.DataFrame) -> pd.Series | None:
    """Class of each row's polymer: its ``mechanism`` where the frame says any, else its ``class``, else None."""
    kinds = strata(frame)
    return None if kinds is None else kinds.where(kinds != "", NO_CLASS)


def out_of_fold_report(
    frame: pd.DataFrame, names: Sequence[str], level: float = INTERVAL_LEVEL
) -> dict[str, dict[str, Any]]:
    """Content of `metrics.json`, from held-out predictions.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns as `property_metrics` takes them, for each of `names`, and ``mechanism`` or ``class`` where known.
    names : sequence of str
        Properties.
    level : float
        Share of measured values the intervals are meant to hold.

    Returns
    -------
    dict
        ``out_of_fold``: the figures of each property. ``coverage_by_level``, where computable: what
        `coverage_by_level` says of each property. ``by_class``, where polymers have a class: for each property the
        figures of each class that has a value, the commonest class of the frame first.
    """
    report: dict[str, dict[str, Any]] = {"out_of_fold": {name: property_metrics(frame, name, level) for name in names}}
    curves = {name: curve for name in names if (curve := coverage_by_level(frame, name)) is not None}
    if curves:
        report["coverage_by_level"] = curves
    kinds = polymer_classes(frame)
    if kinds is not None:
        # Equal counts in the order of the alphabet, so that the same rows in another order give the same document.
        counts = kinds.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        rows = {kind: frame[(kinds == kind).to_numpy()] for kind in counts.index}
        by_class = {
            name: {str(kind): property_metrics(part, name, level) for kind, part in rows.items()} for name in names
        }
        report["by_class"] = {
            name: {kind: figures for kind, figures in found.items() if figures["n"]} for name, found in by_class.items()
        }
    return report


def evaluation_report(
    frame: pd.DataFrame, names: Sequence[str], level: float = INTERVAL_LEVEL
) -> dict[str, dict[str, Any]]:
    """What predictions of measured polymers are worth, such as `polyid evaluate` prints it.

    Parameters
    ----------
    frame, names, level
        As of `out_of_fold_report`; with ``domain``, the verdict on each row's polymer, errors are told by verdict too.

    Returns
    -------
    dict
        ``properties`` and ``by_class``: as ``out_of_fold`` and ``by_class`` of `out_of_fold_report`. ``by_domain``: for
        each property and verdict that has a value ``n`` and ``median_absolute_error``, in the property's unit.
        ``all_by_domain``: the same of all properties together, errors in medians of their property.
    """
    report = out_of_fold_report(frame, names, level)
    report = {"properties": report.pop("out_of_fold"), **report}
    if "domain" in frame:
        errors = np.stack(
            [(frame[name] - frame[held_out_column(name, "pred")]).abs().to_numpy(float) for name in names], axis=1
        )
        middle = np.array([np.median(own[np.isfinite(own)]) if np.isfinite(own).any() else np.nan for own in errors.T])
        relative = errors / np.where(middle > 0, middle, np.nan)
        rows = {verdict: (frame["domain"] == verdict).to_numpy() for verdict in (IN_DOMAIN, BORDERLINE, OUTSIDE)}
        report["by_domain"] = {
            name: _median_errors({verdict: errors[own, p] for verdict, own in rows.items()})
            for p, name in enumerate(names)
        }
        report["all_by_domain"] = _median_errors({verdict: relative[own] for verdict, own in rows.items()})
    return report


def _median_errors(by_verdict: dict[str, np.ndarray]) -> dict[str, Figures]:
    """Number and median of the errors that are known, for each verdict that has any."""
    known = {verdict: errors[np.isfinite(errors)] for verdict, errors in by_verdict.items()}
    return {
        verdict: {"n": len(errors), "median_absolute_error": float(np.median(errors))}
        for verdict, errors in known.items()
        if len(errors)
    }
