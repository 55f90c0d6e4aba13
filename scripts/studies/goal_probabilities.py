#!/usr/bin/env python3
"""Are the probabilities of `polyid suggest` what they say? On polymers that the model's members never saw.

    python scripts/studies/goal_probabilities.py                       # the starter model and its table
    python scripts/studies/goal_probabilities.py MODEL TABLE

For every held-out value and thresholds at the deciles of its property, the probability that the value is above the threshold is
computed from prediction and 90 % interval, which the other polymers set, and compared with whether it is. The Brier score is the mean
square of their difference (smaller is better), the calibration error the mean distance, over ten classes of probability, between the
mean probability and the share of values above.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np
import pandas as pd
from scipy import stats

from polyid.bundle.layout import STARTER
from polyid.config.settings import INTERVAL_LEVEL
from polyid.inference.columns import held_out_column
from polyid.screening.goal import between

Probability = Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]
FEWEST = 30
"""Held-out values that a property must have."""


def scaled(distribution: stats.rv_continuous) -> Probability:
    """Probability of a value above a threshold, by two halves of a distribution that are as wide as an interval says."""
    quantile = distribution.ppf((1 + INTERVAL_LEVEL) / 2)

    def above(mean: np.ndarray, lower: np.ndarray, upper: np.ndarray, threshold: float) -> np.ndarray:
        reach = np.where(threshold < mean, mean - lower, upper - mean)
        return distribution.sf((threshold - mean) * quantile / np.maximum(reach, 1e-12))

    return above


DISTRIBUTIONS: dict[str, Probability] = {
    "normal": scaled(stats.norm),
    "Laplace": scaled(stats.laplace),
    "logistic": lambda mean, lower, upper, threshold: between(mean, lower, upper, INTERVAL_LEVEL, threshold, np.inf),
}


def calibration(probability: np.ndarray, is_above: np.ndarray) -> float:
    """Mean distance between probabilities and shares, over ten classes of probability, weighted by their values."""
    places = np.minimum((10 * probability).astype(int), 9)
    distances = [
        (np.sum(places == k), abs(probability[places == k].mean() - is_above[places == k].mean()))
        for k in np.unique(places)
    ]
    return float(sum(count * distance for count, distance in distances) / len(probability))


def judged(rows: pd.DataFrame, name: str) -> dict[str, tuple[float, float]]:
    """Brier score and calibration error of each distribution."""
    measured, mean, lower, upper = (
        rows[column].to_numpy(float)
        for column in (name, *(held_out_column(name, part) for part in ("pred", "lower", "upper")))
    )
    thresholds = np.quantile(measured, np.arange(0.1, 1.0, 0.1))
    is_above = np.concatenate([measured > threshold for threshold in thresholds])
    found = {}
    for label, above in DISTRIBUTIONS.items():
        probability = np.concatenate([above(mean, lower, upper, threshold) for threshold in thresholds])
        found[label] = float(np.mean((probability - is_above) ** 2)), calibration(probability, is_above)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path, default=STARTER)
    parser.add_argument("table", nargs="?", type=Path, default=ROOT / "data" / "polymer_properties.csv")
    arguments = parser.parse_args()
    from polyid.ensemble.multi_model import MultiModel

    ensemble = MultiModel.load_models(arguments.model)
    ensemble.recompute_out_of_fold(arguments.table)
    rows = ensemble.out_of_fold()
    print(f"{'property':<28}{'n':>5}  " + "".join(f"{label + ': Brier, error':>26}" for label in DISTRIBUTIONS))
    every = []
    for name in ensemble.prediction_columns:
        own = rows[rows[name].notna() & np.isfinite(rows[held_out_column(name, "upper")])]
        if len(own) < FEWEST:
            continue
        found = judged(own, name)
        every.append(list(found.values()))
        print(f"{name:<28}{len(own):>5}  " + "".join(f"{brier:>18.4f}, {error:.4f}" for brier, error in found.values()))
    means = np.mean(every, axis=0)
    print(f"{'mean':<33}  " + "".join(f"{brier:>18.4f}, {error:.4f}" for brier, error in means))


if __name__ == "__main__":
    main()
