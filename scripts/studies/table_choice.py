#!/usr/bin/env python3
"""What the larger of the bundled tables is worth: the same polymers held out of both, predicted by what each teaches.

    python scripts/studies/table_choice.py [--preset small] [--work FOLDER]

The polymers that `polymer_properties.csv` and `cited_properties.csv` share are divided into five folds, their other polymers
likewise. An ensemble is trained on each table by these folds, so that a shared polymer is predicted by the members, one a
table, that never saw it. Both are judged by the values of either table; of the cited one by those alone that name a source
besides memory, as the others are the smaller table's own. `gain` is the mean of the paired differences of the errors with its
standard error. Models stay in FOLDER, where an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

FOLDS = 5
TABLES = {"memory": ROOT / "data" / "polymer_properties.csv", "cited": ROOT / "data" / "cited_properties.csv"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="instead of the preset's, for a quick look")
    parser.add_argument("--work", type=Path, default=Path("build/table_choice"), help="folder of the models")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tables = {name: pd.read_csv(path, dtype=str, keep_default_na=False) for name, path in TABLES.items()}
    folds = folds_of(tables, options.seed)
    found = {name: held_out(name, table, folds, options) for name, table in tables.items()}
    shared = set(found["memory"]["key"]) & set(found["cited"]["key"])
    print(f"{len(shared)} polymers are in both tables; preset {options.preset}, {FOLDS} folds, seed {options.seed}\n")
    print("| property | judged by | n | MAE, smaller table | MAE, cited table | gain |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in properties(tables["memory"]):
        for judge, values in judges(tables, name).items():
            print_row(name, judge, values, found)


def folds_of(tables: dict[str, pd.DataFrame], seed: int) -> dict[str, str]:
    """Fold of each polymer by its key: the shared ones spread evenly over the folds, the others likewise."""
    from polyid.data.splits import assign_folds

    keys = {name: set(keys_of(table)) for name, table in tables.items()}
    every = sorted(keys["memory"] | keys["cited"])
    kinds = ["shared" if key in keys["memory"] & keys["cited"] else "other" for key in every]
    folds = assign_folds(pd.DataFrame({"smiles_monomer": every, "class": kinds}), FOLDS, seed=seed)
    return dict(zip(every, folds.astype(str), strict=True))


def keys_of(table: pd.DataFrame) -> list[str]:
    """Key of the polymer of each fact."""
    from polyid.data.keys import polymer_keys

    return polymer_keys(pd.DataFrame({"smiles_monomer": table["repeat_unit"]}))


def held_out(name: str, table: pd.DataFrame, folds: dict[str, str], options: argparse.Namespace) -> Any:
    """Values and held-out predictions of a table, a row a polymer and tacticity, with its ``key``."""
    from polyid.data.keys import polymer_keys
    from polyid.ensemble.workflow import train_ensemble

    path = options.work / f"{name}.csv"
    table.assign(fold=[folds[key] for key in keys_of(table)]).to_csv(path, index=False)
    output, started = options.work / f"{name}-{options.preset}-{options.seed}", time.process_time()
    ensemble = train_ensemble(
        path,
        output,
        preset=options.preset,
        epochs=options.epochs,
        seed=options.seed,
        split="column:fold",
        resume=True,
    )
    frame = ensemble.out_of_fold()
    print(f"{name}: {len(frame)} rows, {(time.process_time() - started) / 60:.1f} minutes of CPU", file=sys.stderr)
    return frame.assign(key=polymer_keys(frame))


def properties(table: pd.DataFrame) -> list[str]:
    """Names of the properties, the most frequent first."""
    return [str(name) for name in table["property"].value_counts().index]


def judges(tables: dict[str, pd.DataFrame], name: str) -> dict[str, pd.Series]:
    """Median value by polymer: the smaller table's, and those of the cited one that have a source besides memory."""
    of_sources = tables["cited"][tables["cited"]["source"] != "memory"]
    found = {}
    for judge, table in (("the smaller table", tables["memory"]), ("sources", of_sources)):
        facts = table[table["property"] == name]
        found[judge] = facts["value"].astype(float).groupby(np.array(keys_of(facts), object)).median()
    return found


def print_row(name: str, judge: str, values: pd.Series, found: dict[str, pd.DataFrame]) -> None:
    """One row of the table: errors of both on the polymers that both held out and the judge knows."""
    by_polymer = {table: frame.groupby("key")[f"{name}_pred"].median() for table, frame in found.items()}
    both = pd.DataFrame({"value": values, **by_polymer}).dropna()
    if len(both) < 2:
        return
    errors = {table: (both[table] - both["value"]).abs() for table in found}
    gain = errors["memory"] - errors["cited"]
    cells = [f"{errors[table].mean():.3g}" for table in found]
    worth = f"{gain.mean():+.2g} ± {gain.std() / len(gain) ** 0.5:.2g}"
    print("| " + " | ".join([name, judge, str(len(both)), *cells, worth]) + " |")


if __name__ == "__main__":
    main()
