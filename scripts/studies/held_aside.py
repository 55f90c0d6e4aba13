#!/usr/bin/env python3
"""How an ensemble does on polymers kept aside before anything was trained.

    python scripts/studies/held_aside.py TABLE [--preset accurate] [--seed 0] [--share 5]

Every fifth polymer of TABLE is kept aside (stratified, all rows of a polymer together); an ensemble is trained on the others
as `polyid train` does, and judged once on those as `polyid evaluate` does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.data.splits import assign_folds
from polyid.data.training_table import read_training_table
from polyid.ensemble.workflow import train_ensemble


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--preset", default="accurate")
    parser.add_argument("--properties", nargs="+", metavar="NAME", help="columns to learn; by default all properties")
    parser.add_argument("--share", type=int, default=5, help="one polymer in so many is kept aside")
    parser.add_argument("--folds", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    frame = read_training_table(options.table, options.properties).frame.reset_index(drop=True)
    kept = (assign_folds(frame, options.share, seed=options.seed) == 0).to_numpy()
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "others.csv"
        frame[~kept].to_csv(table, index=False)
        ensemble = train_ensemble(
            table,
            Path(place) / "model",
            properties=options.properties,
            preset=options.preset,
            folds=options.folds,
            epochs=options.epochs,
            seed=options.seed,
            verbose=True,
        )
    report = ensemble.evaluate(frame[kept])
    rows = {}
    for name, own in report["properties"].items():
        told = {"n": own["n"], "MAE": own["MAE"], "coverage": own["coverage"], "width": own["width"]}
        rows[name] = told | {"ρ": own["spearman"]} | medians(report["by_domain"][name])
    rows["all, in medians"] = medians(report["all_by_domain"])
    print(f"\n{kept.sum()} of {len(frame)} rows of {options.table.name} kept aside; preset {options.preset}")
    print(pd.DataFrame.from_dict(rows, orient="index").to_string(na_rep="", float_format="{:.4g}".format))


def medians(by_verdict: dict[str, dict[str, float]]) -> dict[str, str]:
    """Median absolute errors in, at and outside the domain, with their number."""
    return {verdict: f"{own['median_absolute_error']:.3g} ({own['n']})" for verdict, own in by_verdict.items()}


if __name__ == "__main__":
    main()
