"""What users of upstream PolyID's `SingleModel` and `MultiModel` rely on, stated anew on tables of our own."""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from sklearn.preprocessing import RobustScaler

from polyid import MultiModel, Parameters, SingleModel
from polyid.chemistry.oligomer import to_oligomer
from polyid.errors import TrainingError
from polyid.models import global100
from polyid.preprocessors import PolymerPreprocessor, atom_features_v1, bond_features_v1

PROPERTIES = ["Tg", "Tm"]
UNITS = ["*CC(*)c1ccccc1", "*CC*", "*CC(*)C", "*CC(*)(C)C(=O)OC", "*CCO*", "*OC(C)C(=O)*", "*CC(*)Cl", "*CC(*)C#N"]
TG = [100.0, -120.0, -10.0, 105.0, -60.0, 58.0, 82.0, 97.0]
TM = [240.0, 135.0, 165.0, np.nan, 66.0, 175.0, np.nan, 317.0]


def frame(rows: slice) -> pd.DataFrame:
    oligomers = [to_oligomer(unit, 3) for unit in UNITS]
    return pd.DataFrame({"smiles_polymer": oligomers, "Tg": TG, "Tm": TM})[rows].reset_index(drop=True)


def tiny(**changes) -> dict:
    """Parameters of a small network, and a name upstream's users set that no network reads."""
    params = Parameters(num_messages=1, atom_features=4, bond_features=4, epochs=3, **changes)
    params.num_features = 2
    return params.to_dict()


def single() -> SingleModel:
    return SingleModel(
        prediction_columns=PROPERTIES, df_train=frame(slice(0, 6)), df_validate=frame(slice(6, 8)), model_id="mine"
    )


@pytest.fixture
def table_path(tmp_path: Path) -> Path:
    """A table as upstream's users keep them, with columns that mean nothing here."""
    rows = []
    for unit, tg, tm in zip(UNITS, TG, TM, strict=True):
        for pm in (0.9, 0.1):
            rows.append([unit, pm, f"poly {unit}", tg, tm, "C", "[]", 0, to_oligomer(unit, 3, pm=pm), "ester", "mine"])
    columns = "smiles_monomer,pm,polymer_name,Tg,Tm,Tg_units,distribution,replicate_structure,smiles_polymer,mechanism"
    path = tmp_path / "polymers.csv"
    pd.DataFrame(rows, columns=[*columns.split(","), "origin"]).to_csv(path, index=False)
    return path


def split(table_path: Path, scaled: bool = True) -> MultiModel:
    mm = MultiModel()
    mm.load_dataset(table_path, PROPERTIES)
    mm.split_data(2)
    if scaled:
        mm.generate_data_scaler()
    features = {"atom_features": atom_features_v1, "bond_features": bond_features_v1}
    mm.generate_preprocessors(preprocessor=PolymerPreprocessor, **features)
    return mm


def test_without_a_scaler_the_targets_stay_as_they_are():
    model = single()
    pd.testing.assert_frame_equal(model.df_train_scaled, model.df_train)
    pd.testing.assert_frame_equal(model.df_validate_scaled, model.df_validate)


def test_the_scaler_is_robust_leaves_gaps_out_and_leaves_the_rows_alone():
    model = single()
    before = model.df_train.copy()
    model.generate_data_scaler()
    for name, values in (("Tg", TG[:6]), ("Tm", [v for v in TM[:6] if not np.isnan(v)])):
        centre, low, high = np.median(values), *np.percentile(values, [25, 75])
        expected = (model.df_train[name] - centre) / (high - low)
        np.testing.assert_allclose(model.df_train_scaled[name], expected, rtol=1e-12)
        held_out = (model.df_validate[name] - centre) / (high - low)
        np.testing.assert_allclose(model.df_validate_scaled[name], held_out, rtol=1e-12)
    pd.testing.assert_frame_equal(model.df_train, before)


def test_a_scaler_of_ones_own_is_used():
    model = single()
    model.data_scaler = RobustScaler().fit(model.df_validate[PROPERTIES].to_numpy())
    assert model.df_validate_scaled["Tg"].tolist() == pytest.approx([-1, 1])


def test_the_preprocessor_numbers_a_new_molecule_as_nfp_does():
    model = single()
    model.generate_preprocessor(preprocessor=PolymerPreprocessor)
    known = {text: number for text, number in model.preprocessor.atom_tokenizer._data.items()}
    arrays = model.preprocessor(pd.Series({"smiles_polymer": "CCO"}), train=True)
    molecule = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    assert len(arrays["atom"]) == molecule.GetNumAtoms() == 9
    assert len(arrays["bond"]) == len(arrays["connectivity"]) == 2 * molecule.GetNumBonds() == 16
    graph = nx.DiGraph(arrays["connectivity"].tolist())
    assert nx.is_isomorphic(
        graph.to_undirected(), nx.Graph([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds()])
    )
    assert len({*arrays["atom"][3:]} - {*known.values()}) == 0, "hydrogens were seen in training"
    assert min(arrays["atom"]) >= 2 and min(arrays["bond"]) >= 2, "0 is padding and 1 is unknown"
    again = model.preprocessor(pd.Series({"smiles_polymer": "CC[Si]"}))
    assert again["atom"][2] == 1, "an atom not seen in training"


def test_a_single_model_trains_and_predicts_in_the_datas_units():
    model = single()
    model.generate_data_scaler()
    model.generate_preprocessor(preprocessor=PolymerPreprocessor)
    assert model.model is None
    model.train(global100, False, tiny(), False)
    assert model.model is not None
    predicted = model.predict(model.df_validate)
    assert predicted.columns.tolist() == [*model.df_validate.columns, "Tg_pred", "Tm_pred"]
    pd.testing.assert_frame_equal(predicted[model.df_validate.columns], model.df_validate)
    # Three epochs teach little, so predictions stay near the medians: in degrees, not in scaled units.
    assert predicted["Tm_pred"].between(50, 350).all()
    assert len(model.df_loss_log) == 3


def test_two_folds_train_with_and_without_a_scaler(table_path: Path):
    for scaled in (True, False):
        mm = split(table_path, scaled)
        mm.train_models(modelbuilder=global100, model_params=tiny())
        assert len(mm.models) == 2
        assert all(model.model for model in mm.models)
        assert [model.data_scaler is not None for model in mm.models] == [scaled, scaled]


def test_predictions_stand_beside_every_column_of_the_table(table_path: Path):
    mm = split(table_path)
    mm.train_models(modelbuilder=global100, model_params=tiny())
    held_out = mm.models[0].df_validate
    own = pd.read_csv(table_path).columns.tolist()
    assert held_out.columns.tolist() == [*own, "data_id"]
    assert set(held_out["origin"]) == {"mine"}
    found = mm.make_predictions(held_out)
    assert found.shape == (2 * len(held_out), len(own) + 1 + len(PROPERTIES) + 1)
    assert found.columns.tolist() == [*own, "data_id", "Tg_pred", "Tm_pred", "model_id"]
    assert found["model_id"].tolist() == ["0"] * len(held_out) + ["1"] * len(held_out)


def test_folds_drawn_before_are_taken_as_they_are(tmp_path: Path):
    """Ten polymers known by number only, each in two replicates that share an id."""
    numbers = [number for number in range(10) for _ in (0, 1)]
    table = pd.DataFrame({"smiles_monomer": numbers, "distribution": "[]", "replicate_structure": [0, 1] * 10})
    table["strength"] = np.arange(20.0)
    table.to_csv(tmp_path / "numbered.csv", index=False)
    folds = {
        "0": {"train": [0, 1, 2, 3, 4, 5, 6], "validate": [7, 8, 9]},
        "even": {"train": [0, 2, 4, 6, 8], "validate": [1, 3, 5, 7, 9]},
    }
    (tmp_path / "folds.json").write_text(json.dumps(folds))
    for given in (folds, tmp_path / "folds.json"):
        mm = MultiModel()
        mm.load_dataset(tmp_path / "numbered.csv", ["strength"])
        mm.split_data(load_kfold=given)
        assert [model.model_id for model in mm.models] == ["0", "even"]
        for model, ids in zip(mm.models, folds.values(), strict=True):
            assert sorted(model.df_train["data_id"]) == sorted(ids["train"] * 2)
            assert sorted(model.df_validate["data_id"]) == sorted(ids["validate"] * 2)
            assert (model.df_train["strength"] // 2 == model.df_train["data_id"]).all()


@pytest.mark.parametrize("content", ["{", "[]", '"held_out"', "[" * 100_000, None])
def test_a_file_that_holds_no_folds_is_named(table_path: Path, tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "folds.json").write_text(content)
    mm = MultiModel()
    mm.load_dataset(table_path, PROPERTIES)
    with pytest.raises(TrainingError, match=r"folds\.json (can't be read|holds no folds).*give a JSON file"):
        mm.split_data(load_kfold=tmp_path / "folds.json")


def test_folds_can_be_saved_and_drawn_again(table_path: Path, tmp_path: Path):
    mm = MultiModel()
    mm.load_dataset(table_path, PROPERTIES)
    mm.split_data(3, kfold_save=tmp_path / "folds.json")
    again = MultiModel()
    again.load_dataset(table_path, PROPERTIES)
    again.split_data(load_kfold=tmp_path / "folds.json")
    for one, other in zip(mm.models, again.models, strict=True):
        pd.testing.assert_frame_equal(one.df_train, other.df_train)
        pd.testing.assert_frame_equal(one.df_validate, other.df_validate)


def test_parameters_can_be_read_set_and_handed_on_by_name():
    params = Parameters(kfolds=4, epochs=7, custom={"mine": "kept"})
    params["learning_rate"] = 0.5
    assert params["epochs"] == params.epochs == 7
    assert Parameters.from_dict(params.to_dict()).to_dict() == params.to_dict()
    assert params.to_dict()["custom"] == {"mine": "kept"} and params.to_dict()["learning_rate"] == 0.5
