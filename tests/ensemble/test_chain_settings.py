"""How chains are drawn: once for table, answers and explanations, and again after a reload."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from polyid import MultiModel
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.data.training_table import read_training_table
from polyid.nn.builders import global100

UNITS = ["*CC*", "*CC(*)C", "*CC(*)Cl", "*CC(*)O", "*CCO*", "*CC(*)C#N", "*CC(*)F", "*CCCO*"]
RANDOM = ["*CC(*)C#N", "*CC(*)Cl"]
PM = [0.3, 0.5]
TINY = {"num_messages": 1, "atom_features": 4, "mol_features": 2, "epochs": 1, "batch_size": 4, "kernel": True}


def trained(folder, chain: ChainSettings) -> MultiModel:
    rows = {"repeat_unit": UNITS, "pm": [np.nan, 0.5, 0.3, np.nan, np.nan, 0.5, 0.5, np.nan], "Tg": range(8)}
    pd.DataFrame(rows).to_csv(folder / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_table(read_training_table(folder / "data.csv", ["Tg"], chain))
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.train_models(global100, model_params={**TINY, "seed": 1}, verbose=False, save_folder=folder / "model")
    return ensemble


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("chain")


@pytest.fixture(scope="module")
def ensemble(folder) -> MultiModel:
    """An ensemble of chains of six units, drawn with the seed 4."""
    return trained(folder, ChainSettings(6, 4))


@pytest.fixture(scope="module")
def again(ensemble, folder) -> MultiModel:
    return MultiModel.load_models(folder / "model")


def test_a_reloaded_model_draws_its_chains_as_the_trained_one(ensemble, again):
    answers = ensemble.predict_smiles(RANDOM, pm=PM, oligomers=True)
    pd.testing.assert_frame_equal(again.predict_smiles(RANDOM, pm=PM, oligomers=True), answers, check_exact=True)
    expected = [to_oligomer(text, 6, pm=pm, seed=4) for text, pm in zip(RANDOM, PM, strict=True)]
    assert answers["smiles_polymer"].tolist() == expected
    for text, pm, oligomer in zip(RANDOM, PM, expected, strict=True):
        assert oligomer != to_oligomer(text, 6, pm=pm), "another seed draws another chain, or this test shows nothing"


def test_every_way_to_ask_reads_the_same_oligomer(again):
    frame = pd.DataFrame({"smiles_polymer": RANDOM[:1]})
    mean = again.predict_smiles(RANDOM[:1])["Tg_pred_mean"][0]
    assert again.make_aggregate_predictions(frame)["Tg_pred_mean"][0] == mean
    assert again.make_predictions(frame)["Tg_pred"].mean() == pytest.approx(mean, rel=1e-6)
    assert again.explain(RANDOM[0])["Tg"].total == pytest.approx(mean, rel=1e-5)
    oligomer = pd.DataFrame({"smiles_polymer": [to_oligomer(RANDOM[0], 6, seed=4)]})
    for model in again.models:
        assert model.predict(frame)["Tg_pred"][0] == model.predict(oligomer)["Tg_pred"][0]


def test_the_chains_of_the_table_are_those_of_the_model(ensemble, again):
    assert again.metadata["chain"] == {"degree_of_polymerisation": 6, "seed": 4}
    (oligomer,) = again.predict_smiles(["*CC*"], oligomers=True)["smiles_polymer"]
    assert Chem.MolFromSmiles(oligomer).GetNumHeavyAtoms() == 12
    assert oligomer in {Polymer.read(key).smiles() for key in ensemble.df_input["smiles_polymer"]}


def test_models_of_earlier_versions_keep_their_degree_and_the_seed_0(ensemble, folder, tmp_path):
    older = shutil.copytree(folder / "model", tmp_path / "model")
    manifest = json.loads((older / "parameters.json").read_text("utf-8"))
    del manifest["chain"]
    manifest |= {"format_version": 2, "degree_of_polymerisation": 7}
    (older / "parameters.json").write_text(json.dumps(manifest), "utf-8")
    assert MultiModel.load_models(older).chain == ChainSettings(7, 0)
