"""A small table and ensembles trained on it in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from polyid import MultiModel, Parameters
from polyid.chemistry.oligomer import to_oligomer
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.nn.builders import global100

UNITS = [
    "*CC*",
    "*CC(*)C",
    "*CC(*)c1ccccc1",
    "*CC(*)Cl",
    "*CC(*)O",
    "*CCO*",
    "*CC(*)C#N",
    "*CC(*)(C)C",
    "*CCCO*",
    "*CC(*)F",
]
PARAMETERS = {
    "num_messages": 1,
    "atom_features": 8,
    "mol_features": 4,
    "batch_size": 4,
    "epochs": 3,
    "learning_rate": 0.01,
    "dropout": 0.1,
    "seed": 3,
    "group": 2,
}


def small_table() -> pd.DataFrame:
    """Ten polymers with made-up values of two properties, two of them missing."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"smiles_polymer": [to_oligomer(u, 4) for u in UNITS], "smiles_monomer": UNITS})
    frame["Tg"] = rng.normal(50, 30, len(frame))
    frame["Tm"] = rng.normal(150, 30, len(frame))
    frame.loc[[1, 4], "Tm"] = np.nan
    return frame


def trained(data: Path, folds: int = 2, **changes) -> MultiModel:
    """A small ensemble of networks, trained in a second or so; ``changes`` are of `PARAMETERS` or of how it is trained."""
    ensemble = MultiModel()
    ensemble.load_dataset(data, ["Tg", "Tm"])
    ensemble.split_data(folds, seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=False)
    save = {k: changes.pop(k) for k in ("save_folder", "resume", "progress", "callbacks", "ray") if k in changes}
    params = Parameters.from_dict({**PARAMETERS, **changes}).to_dict()
    ensemble.train_models(global100, model_params=params, verbose=False, **save)
    return ensemble
