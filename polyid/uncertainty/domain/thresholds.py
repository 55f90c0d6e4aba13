"""The distances and fragment counts at which one verdict ends and the next begins, learnt from held-out polymers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE, VERDICTS

RULES = TOO_FEW, BY_QUANTILES, BY_ERRORS = "too few polymers", "quantiles", "out-of-fold errors"
"""How thresholds are found; with too few polymers they are those found on the PolyID database."""

_RISK = 2.5
_FEWEST_JUDGED = 20
_FEWEST_ERRORS = 60


@dataclass(frozen=True)
class Thresholds:
    """Where one verdict ends and the next begins.

    Attributes
    ----------
    in_domain_distance : float
        A polymer up to this distance, without unseen fragments, is in domain.
    outside_distance : float
        A polymer beyond this distance is outside.
    outside_fragments : int
        A polymer with so many unseen fragments is outside.
    """

    in_domain_distance: float = 1.5
    outside_distance: float = 3.0
    outside_fragments: int = 8

    def verdict(self, unseen: float, distance: float) -> str:
        """The verdict on one polymer."""
        if unseen >= self.outside_fragments or distance > self.outside_distance:
            return OUTSIDE
        return IN_DOMAIN if unseen == 0 and distance <= self.in_domain_distance else BORDERLINE


def calibrated(
    distance: np.ndarray, unseen: np.ndarray, errors: np.ndarray | None, rng: np.random.Generator
) -> tuple[Thresholds, dict[str, Any]]:
    """Thresholds learnt from held-out polymers, and how they were found.

    Parameters
    ----------
    distance, unseen : float arrays, shape (n,)
        Of each held-out polymer, from the members that never saw it.
    errors : float array, shape (n, P), optional
        Absolute out-of-fold errors, NaN where there are none.
    rng : numpy Generator
        Of the resampling.

    Returns
    -------
    thresholds : Thresholds
    calibration : dict
        As of `polyid.uncertainty.domain.domain.TrainingDomain`.
    """
    if len(distance) < _FEWEST_JUDGED:
        return Thresholds(), {"rule": TOO_FEW, "polymers": len(distance)}
    relative = None
    if errors is not None:
        middle = np.array([median_or_nan(column) for column in errors.T])
        relative = errors / np.where(middle > 0, middle, np.nan)
    if relative is not None and np.isfinite(relative).any(axis=1).sum() >= _FEWEST_ERRORS:
        rule, thresholds = BY_ERRORS, riskiest_thresholds(distance, unseen, relative, rng)
    else:
        rule = BY_QUANTILES
        thresholds = Thresholds(
            float(np.quantile(distance, 0.7)),
            float(np.quantile(distance, 0.975)),
            max(2, int(np.floor(np.quantile(unseen, 0.975))) + 1),
        )
    verdicts = np.array([thresholds.verdict(u, d) for u, d in zip(unseen, distance, strict=True)])
    calibration: dict[str, Any] = {
        "rule": rule,
        "polymers": len(distance),
        "shares": {v: round(float(np.mean(verdicts == v)), 4) for v in VERDICTS},
    }
    if relative is not None:
        medians = {v: median_or_nan(relative[verdicts == v]) for v in VERDICTS}
        calibration["median_errors"] = {v: None if np.isnan(x) else round(x, 4) for v, x in medians.items()}
        ratio = medians[OUTSIDE] / medians[IN_DOMAIN]
        calibration["risk_ratio"] = round(ratio, 4) if np.isfinite(ratio) else None
    return thresholds, calibration


def riskiest_thresholds(
    distance: np.ndarray, unseen: np.ndarray, errors: np.ndarray, rng: np.random.Generator
) -> Thresholds:
    """The thresholds that call most polymers outside while these are riskier, or the riskiest where none is; see `fit_domain`."""
    inner = float(np.quantile(distance, 0.7))
    ordinary = median_or_nan(errors[(distance <= inner) & (unseen == 0)])
    fewest = max(10, round(0.02 * len(distance)))
    best = None
    for share in (0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98):
        outer = float(np.quantile(distance, share))
        for fragments in (2, 3, 4, 5, 6, 8, 10, 12):
            outside = np.flatnonzero((distance > outer) | (unseen >= fragments))
            if outer <= inner or len(outside) < fewest:
                continue
            drawn = [median_or_nan(errors[rng.choice(outside, len(outside))]) for _ in range(100)]
            surely = np.nan_to_num(np.nanquantile(drawn, 0.1) / ordinary) if np.isfinite(drawn).any() else 0.0
            score = (True, len(outside)) if surely >= _RISK else (False, surely)
            if best is None or score > best[0]:
                best = (score, Thresholds(inner, outer, fragments))
    return Thresholds(inner, float(np.quantile(distance, 0.975)), 12) if best is None else best[1]


def median_or_nan(errors: np.ndarray) -> float:
    """Median over all properties together, missing values left out."""
    there = errors[np.isfinite(errors)]
    return float(np.median(there)) if there.size else float("nan")
