"""The model folder and prediction: what is refused, and what must not change a number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from helpers.tiny_models import PARAMETERS, UNITS, small_table, trained

from polyid import MultiModel
from polyid.bundle.manifest import read_manifest
from polyid.errors import BundleError, PolymerError
from polyid.inference import predictor, reader


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    small_table().to_csv(folder / "data.csv", index=False)
    trained(folder / "data.csv", save_folder=folder / "model", epochs=2)
    return folder / "model"


@pytest.fixture
def copy(model, tmp_path):
    import shutil

    return shutil.copytree(model, tmp_path / "model")


def test_damaged_missing_and_foreign_files_are_refused_by_name(copy):
    weights = copy / "model_fold_1/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(
        BundleError, match=r"model_fold_1/model.safetensors can't be used: it is not the file that was saved"
    ):
        MultiModel.load_models(copy)
    weights.unlink()
    with pytest.raises(BundleError, match=r"model_fold_1/model.safetensors is missing"):
        MultiModel.load_models(copy)
    assert len(MultiModel.load_models(copy, nmodels=[0]).models) == 1
    (copy / "parameters.json").unlink()
    with pytest.raises(BundleError, match="holds no trained model"):
        MultiModel.load_models(copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"format": "other"}, "is not a PolyID model"), ({"format_version": 99}, "Install a newer polyid-spaces")],
)
def test_unknown_formats_are_refused(copy, change, said):
    path = copy / "parameters.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BundleError, match=said):
        read_manifest(copy)
    path.write_text("{")
    with pytest.raises(BundleError, match=r"parameters.json can't be used: it is not JSON"):
        read_manifest(copy)


@pytest.mark.parametrize("key", ["folds", "model_ids", "sha256", "prediction_columns"])
def test_half_a_manifest_is_one_sentence(copy, key):
    """It was a bare KeyError."""
    path = copy / "parameters.json"
    path.write_text(json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != key}))
    with pytest.raises(BundleError, match=f"parameters.json can't be used: it lacks {key}"):
        MultiModel.load_models(copy)


def test_unknown_features_and_scalers_are_refused(copy):
    import hashlib

    def rewrite(name, **change):
        path = copy / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        manifest = json.loads((copy / "parameters.json").read_text())
        manifest["sha256"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
        (copy / "parameters.json").write_text(json.dumps(manifest))

    for fold in range(2):
        rewrite(f"model_fold_{fold}/preprocessor.json", atom_features="os.system")
    with pytest.raises(BundleError, match=r"atom_features 'os.system'.*custom_objects"):
        MultiModel.load_models(copy)
    for fold in range(2):
        rewrite(f"model_fold_{fold}/preprocessor.json", atom_features="atom_features_v1")
    rewrite("model_fold_0/scaler.json", scaler="PickledScaler")
    with pytest.raises(BundleError, match="PickledScaler"):
        MultiModel.load_models(copy)


@pytest.mark.compiled
def test_predictions_do_not_depend_on_the_company(model, monkeypatch):
    ensemble = MultiModel.load_models(model)
    smiles = [*UNITS, "*CC(*)c1ccc(C)cc1", "*CC(*)OC(C)=O"]
    together = ensemble.predict_smiles(smiles)
    means = [c for c in together if c.endswith("_mean")]
    alone = pd.concat([ensemble.predict_smiles([s]) for s in smiles], ignore_index=True)
    np.testing.assert_allclose(together[means], alone[means], rtol=1e-5)
    monkeypatch.setattr(predictor, "_ROWS_A_CALL", 300)
    monkeypatch.setattr(reader, "POLYMERS_A_PART", 5)
    np.testing.assert_allclose(together[means], ensemble.predict_smiles(smiles)[means], rtol=1e-5)


def test_ensemble_and_members_agree(model):
    ensemble = MultiModel.load_models(model)
    frame = pd.DataFrame({"smiles_polymer": small_table()["smiles_polymer"].tolist()}, index=range(5, 15))
    members = ensemble.make_predictions(frame)
    for single in ensemble.models:
        own = members[members["model_id"] == single.model_id].drop(columns="model_id")
        pd.testing.assert_frame_equal(own, single.predict(frame), rtol=1e-5)
    whole = ensemble.make_aggregate_predictions(frame)
    stacked = members["Tg_pred"].to_numpy().reshape(len(ensemble.models), -1)
    np.testing.assert_allclose(whole["Tg_pred_mean"], stacked.mean(axis=0))
    np.testing.assert_allclose(whole["Tg_pred_std"], stacked.std(axis=0, ddof=1))
    assert list(whole.index) == list(frame.index)


def test_a_bad_row_gets_a_reason_and_the_others_their_numbers(model):
    ensemble = MultiModel.load_models(model)
    found = ensemble.predict_smiles(["*CC*", "nonsense", "", "*CC", "*CC(*)C"])
    assert found["error"].isna().tolist() == [True, False, False, False, True]
    assert found["Tg_pred_mean"].notna().tolist() == [True, False, False, False, True]
    with pytest.raises(PolymerError, match="Row 2"):
        ensemble.make_aggregate_predictions(pd.DataFrame({"smiles_polymer": ["*CC*", "*CC"]}))


def test_a_second_model_in_the_folder_replaces_the_first(model, copy, tmp_path):
    small_table().to_csv(tmp_path / "data.csv", index=False)
    (copy / "out_of_fold.csv").write_text("rows of the first model")
    trained(tmp_path / "data.csv", save_folder=copy, epochs=1, folds=3, seed=PARAMETERS["seed"] + 1)
    assert not (copy / "out_of_fold.csv").exists()
    again = MultiModel.load_models(copy)
    assert len(again.models) == 3
    assert sorted(p.name for p in copy.glob("model_fold_*")) == ["model_fold_0", "model_fold_1", "model_fold_2"]
