"""Copolymers from a table to answers: trained on, predicted, explained, and read again from a folder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyid import MultiModel
from polyid.chemistry.oligomer import ChainSettings
from polyid.data.training_table import read_training_table
from polyid.nn.builders import global100

STYRENE, PROPYLENE = "*CC(*)c1ccccc1", "*CC(*)C"
TINY = {
    "num_messages": 2,
    "atom_features": 8,
    "mol_features": 4,
    "epochs": 2,
    "batch_size": 4,
    "kernel": True,
    "seed": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("copolymers")


@pytest.fixture(scope="module")
def ensemble(folder) -> MultiModel:
    frame = pd.DataFrame(
        {
            "smiles_1": [
                "*CC*",
                "*CC(*)Cl",
                "*CC(*)O",
                "*CCO*",
                "*CC(*)C#N",
                "*CC(*)F",
                STYRENE,
                STYRENE,
                STYRENE,
                PROPYLENE,
            ],
            "smiles_2": [""] * 6 + [PROPYLENE, PROPYLENE, "*CC*", "*CC*"],
            "fraction_1": ["1"] * 6 + ["0.3", "0.6", "0.5", "0.5"],
            "fraction_2": [""] * 6 + ["0.7", "0.4", "0.5", "0.5"],
            "architecture": [""] * 6 + ["random", "random", "block", "random"],
            "Tg": range(10),
        }
    )
    frame.to_csv(folder / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_table(read_training_table(folder / "data.csv", ["Tg"], ChainSettings(6, 4)))
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.train_models(global100, model_params=TINY, verbose=False, save_folder=folder / "model")
    return ensemble


def asked(share: float, architecture: str = "random") -> str:
    return f"{STYRENE} : {PROPYLENE} = {share} : {1 - share} {architecture}"


def test_answers_are_smooth_in_the_ratio_and_end_at_the_homopolymers(ensemble):
    shares = [1.0, 1 - 1e-6, 0.5 + 1e-6, 0.5, 1e-6, 0.0]
    texts = [STYRENE, *map(asked, shares), PROPYLENE, f"{PROPYLENE} : {STYRENE} = 1 : 1"]
    frame = ensemble.predict_smiles(texts)
    assert frame["error"].isna().all()
    mean, error = frame["Tg_pred_mean"].to_numpy(), frame["Tg_pred_error"].to_numpy()
    assert mean[0] == mean[1] and mean[6] == mean[7] and error[0] == error[1]
    scale = np.ptp(mean)
    np.testing.assert_allclose(mean[[1, 3, 5]], mean[[2, 4, 6]], atol=1e-3 * scale)
    assert mean[4] == mean[8], "the order of components says nothing"
    assert frame["form"][4] == "copolymer" and "random copolymer" in frame["read_as"][4]


def test_a_reloaded_model_answers_as_the_trained_one(ensemble, folder):
    texts = [asked(0.3), asked(0.3, "block"), f"{STYRENE} : {PROPYLENE} alternating"]
    answers = ensemble.predict_smiles(texts)
    pd.testing.assert_frame_equal(
        MultiModel.load_models(folder / "model").predict_smiles(texts), answers, check_exact=True
    )
    assert answers["Tg_pred_mean"].nunique() == 3


def test_a_copolymer_is_shown_with_its_ratio_and_explained(ensemble):
    nearest = ensemble.predict_smiles([asked(0.3)], in_words=False)["nearest_training_polymers"][0]
    assert "*CC(*)C : *CC(*)c1ccccc1 = 0.7 : 0.3 random" in [neighbour["smiles"] for neighbour in nearest]
    explained = ensemble.explain(asked(0.3))["Tg"]
    assert explained.total == pytest.approx(ensemble.predict([asked(0.3)]).mean[0, 0], rel=1e-4)
    assert explained.repeat_unit == "*CC(*)C.*CC(*)c1ccccc1"
