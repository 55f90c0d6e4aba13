#!/usr/bin/env python3
"""Our 90 % intervals beside conformal ones of random forests, on the same held-out polymers.

    python scripts/benchmarks/intervals.py MODEL TABLE

MODEL is a folder that `polyid train` wrote and TABLE what it was trained on. Each forest is trained on the polymers that one
member of the ensemble was trained on and predicts those it held out; its intervals are conformal by out-of-bag errors
(Johansson, Boström, Löfström and Linusson, Mach. Learn. 2014, 97, 155), of constant width, and normalised by the spread of
the trees. Forests see Morgan counts of radius 3 of the monomers, or of the oligomer where the table has no monomers.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator
from sklearn.ensemble import RandomForestRegressor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

TREES = 400


def main() -> None:
    """Print coverage and mean width of both sides, a property each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a trained model")
    parser.add_argument("table", help="the table it was trained on")
    parser.add_argument("--trees", type=int, default=TREES)
    arguments = parser.parse_args()

    from polyid.config.settings import INTERVAL_LEVEL
    from polyid.ensemble.multi_model import MultiModel
    from polyid.inference.columns import held_out_column

    ensemble = MultiModel.load_models(arguments.model)
    ensemble.recompute_out_of_fold(arguments.table)
    frame = ensemble.out_of_fold()
    counts = fragment_counts(frame)
    print(
        f"{INTERVAL_LEVEL:.0%} intervals of held-out polymers: coverage, mean width; forests of {arguments.trees} trees"
    )
    print(f"{'property':<24}{'n':>5}{'ours':>18}{'forest':>18}{'forest, by spread':>20}{'ours / narrower':>17}")
    for name in ensemble.prediction_columns:
        own = measured(frame[name], *(frame[held_out_column(name, bound)] for bound in ("lower", "upper")))
        others = [
            measured(frame[name], *bounds)
            for bounds in forest_intervals(frame, counts, name, arguments, INTERVAL_LEVEL)
        ]
        ratio = own[2] / min(other[2] for other in others)
        cells = [f"{100 * coverage:.1f} % {width:.4g}" for _, coverage, width in (own, *others)]
        print(f"{name:<24}{own[0]:>5}{cells[0]:>18}{cells[1]:>18}{cells[2]:>20}{ratio:>17.2f}", flush=True)


def measured(values: Any, lower: Any, upper: Any) -> tuple[int, float, float]:
    """Number, coverage and mean width of finite intervals."""
    values, lower, upper = (np.asarray(part, float) for part in (values, lower, upper))
    known = np.isfinite(values) & np.isfinite(lower) & np.isfinite(upper)
    inside = (lower <= values) & (values <= upper)
    return int(known.sum()), float(inside[known].mean()), float((upper - lower)[known].mean())


def fragment_counts(frame: Any) -> np.ndarray:
    """Morgan counts of radius 3, folded to 4,096, of the monomers or else the oligomers; shape (n, 4096)."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=4096)
    column = "smiles_monomer" if "smiles_monomer" in frame else "smiles_polymer"
    rows = []
    for text, oligomer in zip(frame[column], frame["smiles_polymer"], strict=True):
        with rdBase.BlockLogs():
            molecule = Chem.MolFromSmiles(str(text)) or Chem.MolFromSmiles(oligomer)
        rows.append(generator.GetCountFingerprintAsNumPy(molecule))
    return np.array(rows, np.float32)


def forest_intervals(
    frame: Any, counts: np.ndarray, name: str, arguments: argparse.Namespace, level: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Bounds of constant width, and bounds in units of the spread of the trees; NaN for rows without a value."""
    values, folds = frame[name].to_numpy(float), frame["fold"].to_numpy()
    found = [(np.full(len(values), np.nan), np.full(len(values), np.nan)) for _ in range(2)]
    for fold in np.unique(folds):
        train = np.flatnonzero((folds != fold) & np.isfinite(values))
        held_out = np.flatnonzero((folds == fold) & np.isfinite(values))
        if len(held_out) == 0 or len(train) < 20:
            continue
        forest = RandomForestRegressor(arguments.trees, max_features=1 / 3, random_state=0, n_jobs=2, bootstrap=True)
        forest.fit(counts[train], values[train])
        by_tree = np.stack([tree.predict(counts[np.concatenate([train, held_out])]) for tree in forest.estimators_])
        out_of_bag = np.ones((arguments.trees, len(train)), bool)
        for t, chosen in enumerate(forest.estimators_samples_):
            out_of_bag[t, chosen] = False
        usable = out_of_bag.sum(axis=0) > 1
        of_train = np.where(out_of_bag, by_tree[:, : len(train)], np.nan)[:, usable]
        error = np.abs(np.nanmean(of_train, axis=0) - values[train][usable])
        floor = 0.1 * values[train].std()
        spread_train, spread_new = np.nanstd(of_train, axis=0) + floor, by_tree[:, len(train) :].std(axis=0) + floor
        centre = by_tree[:, len(train) :].mean(axis=0)
        rank = min(math.ceil(level * (len(error) + 1)), len(error)) - 1
        reaches = (np.sort(error)[rank], np.sort(error / spread_train)[rank] * spread_new)
        for (lower, upper), reach in zip(found, reaches, strict=True):
            lower[held_out], upper[held_out] = centre - reach, centre + reach
    return found


if __name__ == "__main__":
    main()
