"""The training and loading programs of the project's plan, as a user would type them, on a small table.

Only paths, epochs, widths and properties differ from the plan; imports, names, keyword arguments and both orders of
scaler and preprocessors are the plan's.
"""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import nbformat
import numpy as np
import pandas as pd
import pytest
from helpers.local_hub import LocalHub
from helpers.paths import TOP, program_environment
from helpers.site import build_site
from huggingface_hub import HfApi
from nbclient import NotebookClient

from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import to_oligomer
from polyid.errors import DataError, TrainingError

PROPERTIES = ["Glass_Transition", "Melt_Temp"]
REPEAT_UNITS = {
    "*CC(*)c1ccccc1": (100, 240),
    "*CC*": (-120, 135),
    "*CC(*)C": (-10, 165),
    "*CC(*)(C)C(=O)OC": (105, None),
    "*CC(*)OC(C)=O": (32, None),
    "*CC(*)Cl": (82, 212),
    "*CC(*)C#N": (97, 317),
    "*CCO*": (-60, 66),
    "*OC(C)C(=O)*": (58, 175),
    "*OCCOC(=O)c1ccc(C(*)=O)cc1": (75, 260),
    "*NCCCCCC(*)=O": (50, 222),
    "*CC(*)(C)C": (-70, None),
}
SAFE_FILES = {".safetensors", ".json", ".csv", ".md", ".png"}


@pytest.fixture(scope="module")
def data_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve polymers, the chiral ones with an isotactic and an atactic structure, each in two replicates."""
    rows = []
    for unit, (tg, tm) in REPEAT_UNITS.items():
        for pm in (1.0, 0.5):
            for replicate in (0, 1):
                rows.append(
                    {
                        "smiles_polymer": to_oligomer(unit, 4, pm=pm, seed=replicate),
                        "smiles_monomer": unit,
                        "pm": pm,
                        "distribution": "[]",
                        "replicate_structure": replicate,
                        "mechanism": "vinyl" if unit.startswith("*CC(") else "ester",
                        "Glass_Transition": tg,
                        "Melt_Temp": tm,
                    }
                )
    path = tmp_path_factory.mktemp("data") / "polymers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def train_with_preprocessors_first(data_path, save_path, epochs=2, kfolds=3):
    """`train_models.py` of the plan."""
    from nfp.preprocessing.features import atom_features_v1, bond_features_v1

    from polyid import MultiModel, Parameters
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    params = Parameters()
    params.batch_size = 16
    params.learning_rate = 1e-4
    params.decay = 1e-5
    params.atom_features = 8
    params.bond_features = 8
    params.num_messages = 1
    params.prediction_columns = ["Glass_Transition", "Melt_Temp"]
    params.epochs = epochs
    params.kfolds = kfolds

    mm = MultiModel()
    mm.load_dataset(data_path, prediction_columns=params.prediction_columns)
    mm.split_data(kfolds=kfolds)
    mm.generate_preprocessors(
        preprocessor=PolymerPreprocessor,
        atom_features=atom_features_v1,
        bond_features=bond_features_v1,
        batch_size=params.batch_size,
    )
    mm.generate_data_scaler()
    mm.train_models(modelbuilder=global100, model_params=params.to_dict(), save_folder=save_path, save_training=True)
    return mm


def train_with_scaler_first(data_path, save_path):
    """The training script of the plan's requirements."""
    from nfp.preprocessing.features import atom_features_v1, bond_features_v1

    from polyid import MultiModel, Parameters
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    params = Parameters()
    params.batch_size = 16
    params.learning_rate = 1e-4
    params.decay = 1e-5
    params.atom_features = 8
    params.bond_features = 8
    params.num_messages = 1
    params.prediction_columns = ["Glass_Transition", "Melt_Temp"]
    params.epochs = 2
    params.kfolds = 3

    mm = MultiModel()
    mm.load_dataset(data_path, prediction_columns=params.prediction_columns)
    mm.split_data(kfolds=params.kfolds)
    mm.generate_data_scaler()
    mm.generate_preprocessors(
        preprocessor=PolymerPreprocessor,
        atom_features=atom_features_v1,
        bond_features=bond_features_v1,
        batch_size=params.batch_size,
    )
    mm.train_models(modelbuilder=global100, model_params=params.to_dict(), save_folder=save_path, save_training=True)
    return mm


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained") / "trained_models"


@pytest.fixture(scope="module")
def trained(data_path: Path, model_folder: Path):
    return train_with_preprocessors_first(str(data_path), str(model_folder))


@pytest.fixture(scope="module")
def polymers(trained) -> pd.DataFrame:
    """One column, rows in no order, one polymer twice, and an index that isn't a count."""
    smiles = ["*CC(*)c1ccccc1", "OCCO.O=C(O)c1ccc(C(=O)O)cc1", "*CC*", to_oligomer("*CCO*", 5), "*CC(*)c1ccccc1"]
    return pd.DataFrame({"smiles_polymer": smiles}, index=[30, 4, 17, 4, 0])


def exact(frame: pd.DataFrame) -> list[str]:
    """The predictions to the last bit."""
    return [value.hex() for value in frame.filter(regex="_pred_").to_numpy(float).ravel()]


def test_the_folder_has_the_plans_layout(trained, model_folder: Path):
    assert len(trained.models) == 3
    folds = ["model_fold_0", "model_fold_1", "model_fold_2"]
    assert sorted(path.name for path in model_folder.iterdir() if path.is_dir()) == [*folds, "report"]
    for fold in folds:
        names = {path.name for path in (model_folder / fold).iterdir()}
        assert names == {"model.safetensors", "preprocessor.json", "scaler.json", "training_log.csv"}
        assert len(pd.read_csv(model_folder / fold / "training_log.csv")) == 2
    wanted = {"parameters.json", "README.md", "calibration.json", "domain.safetensors", "domain.json"}
    assert wanted <= {path.name for path in model_folder.iterdir()}
    assert {path.suffix for path in (model_folder / "report").iterdir()} == {".png"}
    held_out = pd.read_csv(model_folder / "out_of_fold.csv")
    assert len(held_out) == len(trained.df_input), "save_training keeps a prediction of every row"


def test_nothing_in_the_folder_can_execute(trained, model_folder: Path):
    files = [path for path in model_folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == SAFE_FILES
    for path in files:
        start = path.read_bytes()[:8]
        assert start[:1] != b"\x80", f"{path.name} begins as a pickle does"
        assert start != b"\x89HDF\r\n\x1a\n", f"{path.name} is an HDF5 file"
        assert start[:2] != b"PK", f"{path.name} is an archive, as .keras and .npz files are"
        if path.suffix == ".json":
            json.loads(path.read_text())


def test_a_reloaded_model_predicts_bit_for_bit_the_same(trained, model_folder: Path, polymers: pd.DataFrame):
    from polyid.polyid import MultiModel

    loaded = MultiModel.load_models(str(model_folder))
    assert exact(loaded.make_aggregate_predictions(polymers)) == exact(trained.make_aggregate_predictions(polymers))
    assert loaded.prediction_columns == PROPERTIES


def test_one_column_is_enough_and_every_row_keeps_its_place(trained, polymers: pd.DataFrame):
    before = polymers.copy()
    predictions = trained.make_aggregate_predictions(polymers)
    pd.testing.assert_frame_equal(polymers, before)
    assert predictions["smiles_polymer"].tolist() == polymers["smiles_polymer"].tolist()
    assert predictions.index.tolist() == [30, 4, 17, 4, 0]
    wanted = [f"{name}_pred_{what}" for name in PROPERTIES for what in ("mean", "std", "error", "lower", "upper")]
    assert sorted(predictions.columns) == sorted(["smiles_polymer", *wanted])
    values = predictions[wanted].to_numpy(float)
    assert np.isfinite(values).all()
    for name in PROPERTIES:
        assert (predictions[f"{name}_pred_lower"] < predictions[f"{name}_pred_mean"]).all()
        assert (predictions[f"{name}_pred_mean"] < predictions[f"{name}_pred_upper"]).all()
        assert (predictions[f"{name}_pred_error"] > 0).all()
    assert values[0].tolist() == values[4].tolist(), "the same polymer in two rows"
    assert values[0].tolist() != values[2].tolist()
    alone = trained.make_aggregate_predictions(pd.DataFrame({"smiles_polymer": ["*CC*"]}))
    np.testing.assert_allclose(alone[wanted].to_numpy(float)[0], values[2], rtol=1e-4)


def test_mean_and_std_are_numpys_over_the_folds(trained, polymers: pd.DataFrame):
    polymers = polymers.reset_index(drop=True)
    each = trained.make_predictions(polymers)
    assert len(each) == 3 * len(polymers)
    together = trained.make_aggregate_predictions(polymers)
    for name in PROPERTIES:
        members = each[f"{name}_pred"].to_numpy(float).reshape(3, len(polymers))
        np.testing.assert_allclose(together[f"{name}_pred_mean"], members.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(together[f"{name}_pred_std"], members.std(axis=0, ddof=1), rtol=1e-9)
        assert (members.std(axis=0) > 0).all(), "members that agree exactly were not trained apart"


def test_no_fold_splits_a_polymer(trained):
    rows = 0
    for model in trained.models:
        seen = {polymer_identity(smiles) for smiles in model.df_train["smiles_monomer"]}
        held_out = {polymer_identity(smiles) for smiles in model.df_validate["smiles_monomer"]}
        assert held_out and not seen & held_out
        assert len(seen | held_out) == len(REPEAT_UNITS)
        rows += len(model.df_validate)
    assert rows == 4 * len(REPEAT_UNITS), "every row is held out once, replicates and tacticities too"


def test_either_order_of_scaler_and_preprocessors_gives_the_same_model(
    trained, data_path: Path, tmp_path: Path, polymers: pd.DataFrame
):
    other = train_with_scaler_first(str(data_path), str(tmp_path / "scaler_first"))
    assert exact(other.make_aggregate_predictions(polymers)) == exact(trained.make_aggregate_predictions(polymers))


def test_callbacks_are_called_and_can_stop_a_member(data_path: Path):
    from polyid import MultiModel, Parameters
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    class Watcher(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.losses = []

        def on_epoch_end(self, epoch, logs=None):
            self.losses.append((epoch, logs["loss"], logs["val_loss"]))
            if epoch == 1:
                self.model.stop_training = True

    params = Parameters(num_messages=1, atom_features=4, bond_features=4, epochs=6)
    mm = MultiModel()
    mm.load_dataset(data_path, ["Glass_Transition"])
    mm.split_data(2)
    mm.generate_data_scaler()
    mm.generate_preprocessors(preprocessor=PolymerPreprocessor)
    watcher = Watcher()
    mm.train_models(modelbuilder=global100, model_params=params.to_dict(), callbacks=[watcher])
    assert sorted(epoch for epoch, _, _ in watcher.losses) == [0, 0, 1, 1], "two members, two epochs each"
    assert np.isfinite([losses for _, *losses in watcher.losses]).all()
    assert [len(model.df_loss_log) for model in mm.models] == [2, 2]


def test_properties_the_data_lacks_are_named_before_training(data_path: Path):
    from polyid import MultiModel

    with pytest.raises(DataError, match="Density"):
        MultiModel().load_dataset(data_path, prediction_columns=["Glass_Transition", "Density"])


def test_a_fold_without_labels_is_named_with_the_remedy(data_path: Path, tmp_path: Path):
    from polyid import MultiModel

    table = pd.read_csv(data_path)
    table.loc[table["smiles_monomer"] != "*CC*", "Melt_Temp"] = np.nan
    table.to_csv(tmp_path / "one_label.csv", index=False)
    mm = MultiModel()
    mm.load_dataset(tmp_path / "one_label.csv", PROPERTIES)
    with pytest.raises(TrainingError, match=r"Fold \d.*Melt_Temp.*(Leave|fewer)"):
        mm.split_data(kfolds=3)


LOADING = """
    from huggingface_hub import snapshot_download
    from polyid import MultiModel

    model_path = snapshot_download(repo_id="ada/polyid-models"{more})
    model = MultiModel.load_models(model_path)
"""
PREDICTING = """
    import pandas as pd
    df_input = pd.DataFrame({'smiles_polymer': ['*CC(*)c1ccccc1', '*CC*']})
    predictions = model.make_aggregate_predictions(df_input)
    print([value.hex() for value in predictions.filter(regex='_pred_').to_numpy(float).ravel()])
"""


def test_the_loading_listing_through_a_hub(trained, model_folder: Path, local_hub: LocalHub, tmp_path: Path):
    """Published as the plan does, then downloaded and loaded in a process that knows the Hub by its environment only."""
    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    api.create_repo("ada/polyid-models", exist_ok=True)
    api.upload_folder(
        folder_path=model_folder, repo_id="ada/polyid-models", repo_type="model", commit_message="Trained models"
    )
    # The last keyword has no effect any more, and the client says so, but takes it.
    into_folder = (
        f', repo_type="model", cache_dir="{tmp_path}", local_dir="{tmp_path}/current", local_dir_use_symlinks=False'
    )
    listings = [LOADING.format(more=more) + PREDICTING for more in ("", into_folder)]
    done = subprocess.run(
        [sys.executable, "-c", "".join(textwrap.dedent(part) for part in listings)],
        env=program_environment(HF_ENDPOINT=local_hub.endpoint, HF_HOME=str(tmp_path / "home")),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    here = trained.make_aggregate_predictions(pd.DataFrame({"smiles_polymer": ["*CC(*)c1ccccc1", "*CC*"]}))
    assert [line for line in done.stdout.splitlines() if line.startswith("[")][-2:] == [str(exact(here))] * 2


@pytest.mark.slow
def test_the_notebook_runs_on_a_model_from_a_hub(
    trained, model_folder: Path, local_hub: LocalHub, tmp_path: Path, monkeypatch
):
    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    api.create_repo("ada/in-a-notebook")
    api.upload_folder(folder_path=model_folder, repo_id="ada/in-a-notebook")
    settings = {
        "HF_ENDPOINT": local_hub.endpoint,
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(TOP),
        "POLYID_MODEL_REPO": "ada/in-a-notebook",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(TOP / "notebooks" / "polymer_properties.ipynb", as_version=4)
    assert [cell for cell in notebook.cells if cell.get("outputs")] == [], "outputs of somebody's machine are not kept"
    NotebookClient(notebook, timeout=300).execute()
    outputs = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") != "stderr"
    ]
    data = [output.get("data") or {"text/plain": output["text"]} for output in outputs]
    shown = [kinds.get("image/svg+xml") or kinds["text/plain"] for kinds in data]
    assert "°C" in shown[0]
    assert "a typing error" in shown[1] and "NaN" in shown[1]
    assert "polystyrene: in domain. It is one of the training polymers." in shown[2] and shown[3].startswith("<svg")
    told = trained.predict_smiles(["*CC(*)c1ccccc1"])["Glass_Transition_pred_mean"][0]
    assert float(re.search(r"Prediction +(\S+)", shown[4])[1]) == pytest.approx(told, abs=1e-4)
    # The site shows the notebook with what it answered here.
    nbformat.write(notebook, tmp_path / "executed.ipynb")
    monkeypatch.setenv("POLYID_EXECUTED_NOTEBOOK", str(tmp_path / "executed.ipynb"))
    page = (build_site(tmp_path / "site") / "notebook" / "index.html").read_text("utf-8")
    assert "a typing error" in page and "polystyrene: in domain. It is one of the training polymers." in page
