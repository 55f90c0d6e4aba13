#!/usr/bin/env python3
"""Train a small ensemble with upstream PolyID, for what reads its folders: the program of upstream's own environment.

    $(python scripts/benchmarks/peers.py upstream) scripts/studies/upstream_ensemble.py FOLDER [--rounds 2] [--features 4]

FOLDER gets what upstream saves (``old/parameters.pk``, ``old/model_0/model_0.h5``, ``old/model_0/model_0_data.pk``, …), the same objects
in pickles of their own as the deployment plan lays them out (``plan/``), and ``predictions.json``: what upstream's own models
answer, read back from these files.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import numpy as np
import pandas as pd
import tensorflow as tf
from nfp.preprocessing.features import bond_features_v2

from polyid import MultiModel, Parameters
from polyid.models import global100
from polyid.preprocessors import PolymerPreprocessor, atom_features_v1, bond_features_v1

SMILES = [
    "CCCCCCCCCC",
    "CC(C)CC(C)CC(C)C",
    "CC(c1ccccc1)CC(c1ccccc1)C",
    "CC(Cl)CC(Cl)CC(Cl)C",
    "CC(O)CC(O)CC(O)C",
    "OCCOCCOCCO",
    "CC(C#N)CC(C#N)C",
    "CC(C)(C)CC(C)(C)C",
    "COC(=O)C(C)CC(C)C(=O)OC",
    "CC(F)CC(F)CC(F)C",
]
ASKED = [*SMILES, "CC[Si](C)(C)O", "C/C=C/CC", "C[C@H](O)C[C@@H](O)C"]


def main() -> None:
    """Train, save, read back, predict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--features", type=int, default=4)
    parser.add_argument("--bonds", type=int, choices=(1, 2), default=1, help="version of nfp's bond features")
    parser.add_argument("--slim", action="store_true", help="leave out what only further training needs")
    parser.add_argument("--properties", nargs="+", default=["Tg", "Tm"])
    parser.add_argument(
        "--keep-rows", action="store_true", help="save training rows too, as upstream's save_training does"
    )
    asked = parser.parse_args()
    np.random.seed(0)
    tf.random.set_seed(0)
    shutil.rmtree(asked.folder, ignore_errors=True)
    asked.folder.mkdir(parents=True)
    rows = pd.DataFrame(
        {"smiles_polymer": SMILES, "smiles_monomer": SMILES, "distribution": "[]", "mechanism": "vinyl"}
    )
    rows["replicate_structure"] = 0
    for i, name in enumerate(asked.properties):
        rows[name] = np.random.default_rng(i).normal(50 * (i + 1), 30, len(rows))
    rows.to_csv(asked.folder / "rows.csv")
    params = Parameters(
        num_messages=asked.rounds, atom_features=asked.features, bond_features=asked.features, epochs=3, batch_size=2
    )
    ensemble = MultiModel()
    ensemble.load_dataset(asked.folder / "rows.csv", asked.properties)
    ensemble.split_data(2)
    ensemble.generate_data_scaler()
    bonds = {1: bond_features_v1, 2: bond_features_v2}[asked.bonds]
    ensemble.generate_preprocessors(PolymerPreprocessor, atom_features_v1, bonds, batch_size=2)
    old = asked.folder / "old"
    ensemble.train_models(
        global100, model_params=params.to_dict(), save_folder=old, save_training=asked.keep_rows, verbose=False
    )
    (asked.folder / "rows.csv").unlink()
    again = MultiModel.load_models(old)
    found = again.make_predictions(pd.DataFrame({"smiles_polymer": ASKED}))
    predictions = {
        str(member): {name: one[f"{name}_pred"].tolist() for name in asked.properties}
        for member, one in found.groupby("model_id", sort=True)
    }
    (asked.folder / "predictions.json").write_text(
        json.dumps({"smiles": ASKED, "members": predictions}, indent=1) + "\n"
    )
    plan = asked.folder / "plan"
    for i, model in enumerate(ensemble.models):
        home = plan / f"model_fold_{i}"
        home.mkdir(parents=True)
        for name, value in (("preprocessor", model.preprocessor), ("scaler", model.data_scaler)):
            (home / f"{name}.pk").write_bytes(pickle.dumps(value))
    if asked.slim:
        for path in old.rglob("*.h5"):
            without_optimiser(path)


def without_optimiser(path: Path) -> None:
    """Leave out what only further training needs."""
    slim = path.with_suffix(".slim")
    with h5py.File(path) as stored, h5py.File(slim, "w", libver="latest") as kept:
        for name in ("backend", "keras_version", "model_config"):
            kept.attrs[name] = stored.attrs[name]
        stored.copy("model_weights", kept)
    slim.replace(path)


if __name__ == "__main__":
    main()
