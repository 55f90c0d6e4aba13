"""Held-out predictions of each method: ours by preset, a forest on fingerprints, chemprop as its command line trains it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.intervals import TREES, fragment_counts
from benchmarks.peers import environment
from sklearn.ensemble import RandomForestRegressor

from polyid.config.parameters import PRESETS

PEERS = ("forest", "chemprop")
METHODS = (*PRESETS, *PEERS)
FEWEST_TO_TRAIN = 20


@dataclass(frozen=True)
class Task:
    """A set in folds.

    Attributes
    ----------
    rows : pandas.DataFrame
        As our package reads them, with ``fold`` from 0; the index is the row of `table`, as our package counts.
    properties : list of str
        Columns of `rows` with the values.
    table : Path
        The same rows as a file, ``fold`` included.
    seed : int
    work : Path
        Folder for what a method keeps on the way.
    """

    rows: pd.DataFrame
    properties: list[str]
    table: Path
    seed: int
    work: Path

    def split(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the rows that a fold trains on and of those it holds out."""
        out = (self.rows["fold"] == fold).to_numpy()
        return np.flatnonzero(~out), np.flatnonzero(out)


def predict(method: str, task: Task) -> pd.DataFrame:
    """Each row's prediction by the model that did not see its polymer; index and columns as `Task.rows` has them."""
    if method == "forest":
        return forest(task)
    return chemprop(task) if method == "chemprop" else ours(task, method)


def ours(task: Task, preset: str) -> pd.DataFrame:
    """Network and kernel regression of the fold's own member, as `polyid train` writes them to `out_of_fold.csv`."""
    from polyid.ensemble.workflow import train_ensemble

    ensemble = train_ensemble(
        task.table,
        task.work / "model",
        properties=task.properties,
        preset=preset,
        split="column:fold",
        seed=task.seed,
        resume=True,
    )
    found = ensemble.held_out_parts().set_index("row")
    return pd.DataFrame({name: found[f"{name}_pred"] for name in task.properties})


def forest(task: Task) -> pd.DataFrame:
    """Forests of 400 trees a property on Morgan counts of radius 3 of the monomers or the repeat unit."""
    counts = fragment_counts(task.rows)
    found = pd.DataFrame(np.nan, task.rows.index, task.properties)
    for fold in sorted(task.rows["fold"].unique()):
        train, out = task.split(fold)
        for name in task.properties:
            values = task.rows[name].to_numpy(float)
            known = train[np.isfinite(values[train])]
            if len(known) >= FEWEST_TO_TRAIN:
                model = RandomForestRegressor(TREES, max_features=1 / 3, random_state=task.seed, n_jobs=2)
                model.fit(counts[known], values[known])
                found.loc[task.rows.index[out], name] = model.predict(counts[out])
    return found


def chemprop(task: Task) -> pd.DataFrame:
    """`chemprop train` with its defaults on the monomers or the repeat unit; a tenth of what a fold trains on validates."""
    program = environment("chemprop").with_name("chemprop")
    found = pd.DataFrame(np.nan, task.rows.index, task.properties)
    for fold in sorted(task.rows["fold"].unique()):
        train, out = task.split(fold)
        folder = task.work / f"fold{fold}"
        predictions = folder / "model_0" / "test_predictions.csv"
        if not predictions.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _train_chemprop(program, task, train, out, folder)
        told = pd.read_csv(predictions)
        found.loc[task.rows.index[out], task.properties] = told[task.properties].to_numpy(float)
    return found


def _train_chemprop(program: Path, task: Task, train: np.ndarray, out: np.ndarray, folder: Path) -> None:
    """Run chemprop's own command on one fold."""
    part = np.full(len(task.rows), "train", object)
    validating = np.random.default_rng(task.seed).permutation(train)[: max(1, len(train) // 10)]
    part[validating], part[out] = "val", "test"
    table = task.rows[["smiles_monomer", *task.properties]].assign(split=part)
    table.to_csv(folder / "table.csv", index=False)
    command = [str(program), "train", "--data-path", str(folder / "table.csv"), "--output-dir", str(folder)]
    command += ["--smiles-columns", "smiles_monomer", "--target-columns", *task.properties, "--splits-column", "split"]
    command += ["--task-type", "regression", "--pytorch-seed", str(task.seed), "--accelerator", "cpu"]
    # Batches of 64 small molecules leave a second thread nothing to do but wait; ours must not be what it imports.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    with (folder / "messages.txt").open("w") as messages:
        subprocess.run(command, check=True, stdout=messages, stderr=subprocess.STDOUT, env=variables)
