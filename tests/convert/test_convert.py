"""Ensembles of upstream PolyID's, converted: the same predictions, or a sentence that says what is wrong.

The fixture was made by upstream itself: `scripts/studies/upstream_ensemble.py` says how.
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from helpers.paths import SCRIPTS, TESTS, program_environment
from sklearn.preprocessing import StandardScaler

from polyid import MultiModel
from polyid.bundle.layout import FORMAT_VERSION
from polyid.bundle.schema import Manifest
from polyid.cli.main import main
from polyid.common.files import read_json
from polyid.convert.folder import convert
from polyid.errors import BundleError

MADE = TESTS / "fixtures" / "upstream"


def upstreams(folder: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """The SMILES that upstream was asked, and what each member answered, (n, P)."""
    told = json.loads((folder / "predictions.json").read_text())
    return told["smiles"], {name: np.array(list(of.values())).T for name, of in told["members"].items()}


def same(model: Path, smiles: list[str], expected: dict[str, np.ndarray]) -> None:
    """Every member of a converted model answers what upstream's does, to 1e-5."""
    ensemble = MultiModel.load_models(model)
    found = ensemble.make_predictions(pd.DataFrame({"smiles_polymer": smiles}))
    columns = [f"{name}_pred" for name in ensemble.prediction_columns]
    assert {model.model_id for model in ensemble.models} == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found.loc[found["model_id"] == name, columns], values, rtol=1e-5)


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    new = tmp_path_factory.mktemp("converted") / "new"
    convert(MADE / "old", new)
    return new


def test_a_converted_ensemble_predicts_what_upstream_predicts(converted):
    same(converted, *upstreams(MADE))


def test_what_it_says_of_itself_is_what_is_known(converted, capsys):
    said = read_json(converted / "parameters.json")
    Manifest.model_validate(said)
    assert said["format_version"] == FORMAT_VERSION and said["prediction_columns"] == ["Tg", "Tm"]
    assert said["parameters"]["num_messages"] == 2 and said["parameters"]["epochs"] == 3
    assert set(said["converted"]["files"]) >= {"parameters.pk", "model_0/model_0.h5", "model_1/model_1_data.pk"}
    answer = MultiModel.load_models(converted).predict_smiles(["*CC(*)c1ccccc1"])
    assert np.isfinite(answer["Tg_pred_mean"][0]) and "Tg_pred_lower" not in answer and "domain" not in answer
    card = (converted / "README.md").read_text()
    assert "say neither" in card and "safetensors" in card
    assert main(["convert", str(MADE / "old"), str(converted)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_the_layouts_of_the_deployment_plan_and_of_one_flat_folder(tmp_path):
    plan, flat = tmp_path / "plan", tmp_path / "flat"
    shutil.copytree(MADE / "plan", plan)
    flat.mkdir()
    for folder in (plan, flat):
        shutil.copy(MADE / "old" / "parameters.pk", folder)
    for i in (0, 1):
        shutil.copy(MADE / "old" / f"model_{i}" / f"model_{i}.h5", plan / f"model_fold_{i}" / "model.h5")
        for name in (f"model_{i}.h5", f"model_{i}_data.pk"):
            shutil.copy(MADE / "old" / f"model_{i}" / name, flat)
    shutil.copytree(plan / "model_fold_1", plan / "model_2")
    (plan / "model_2" / "scaler.pk").rename(plan / "model_2" / "data_scaler.pk")
    hashes = []
    for folder, folds in ((plan, 3), (flat, 2)):
        done = convert(folder, tmp_path / f"{folder.name}_new")
        assert (done.folds, done.properties) == (folds, ("Tg", "Tm"))
        hashes.append(
            [read_json(done.folder / "parameters.json")["sha256"][f"model_fold_{i}/model.safetensors"] for i in (0, 1)]
        )
    assert hashes[0] == hashes[1]


def old_copy(place: Path) -> Path:
    shutil.copytree(MADE / "old", place / "old")
    return place / "old"


def changed_data(old: Path, **changes) -> None:
    """Put other objects into the pickle of the first fold, of which only the new ones are really objects."""
    (old / "model_0" / "model_0_data.pk").write_bytes(
        pickle.dumps({"prediction_columns": ["Tg", "Tm"], "data_scaler": None, "preprocessor": None, **changes})
    )


def changed_config(old: Path, change) -> None:
    """Change the layers that the first fold's model is described by."""
    with h5py.File(old / "model_0" / "model_0.h5", "r+") as stored:
        text = stored.attrs["model_config"]
        config = json.loads(text if isinstance(text, str) else text.decode())
        change(config["config"]["layers"])
        stored.attrs["model_config"] = json.dumps(config)


def a_weight(old: Path) -> tuple[h5py.File, str]:
    stored = h5py.File(old / "model_0" / "model_0.h5", "r+")
    return stored, "model_weights/atom_embedding/atom_embedding/embeddings:0"


def linked_elsewhere(old: Path) -> None:
    stored, name = a_weight(old)
    with stored:
        del stored[name]
        stored[name] = h5py.ExternalLink("/etc/passwd", "/x")


def linked_on_the_way(old: Path) -> None:
    """A layer's name leads through a link to another file, as h5py would follow it."""
    with h5py.File(old / "elsewhere.h5", "w") as other:
        group = other.create_group("atom_embedding")
        group.attrs["weight_names"] = [b"x"]
        group["x"] = np.zeros((3, 8), np.float32)
    stored, _ = a_weight(old)
    with stored:
        stored["model_weights/out"] = h5py.ExternalLink(str(old / "elsewhere.h5"), "/")
        config = json.loads(stored.attrs["model_config"])
        next(layer for layer in config["config"]["layers"] if layer["name"] == "atom_embedding")["name"] = (
            "out/atom_embedding"
        )
        stored.attrs["model_config"] = json.dumps(config)


def listed_again_and_again(old: Path) -> None:
    stored, name = a_weight(old)
    with stored:
        group = stored["model_weights/atom_embedding"]
        group.attrs["weight_names"] = [name.split("/", 2)[2].encode()] * 2000


def compressed_to_nothing(old: Path) -> None:
    stored, name = a_weight(old)
    with stored:
        del stored[name]
        stored.create_dataset(name, (20_000, 10_000), "float32", chunks=(1000, 1000), compression="gzip", fillvalue=0)


def a_lambda(layers: list) -> None:
    first = layers[-1]
    layers.append(
        {
            "class_name": "Lambda",
            "config": {"function": ["code"]},
            "name": "x",
            "inbound_nodes": [[[first["name"], 0, 0, {}]]],
        }
    )


def other_activation(layers: list) -> None:
    next(layer for layer in layers if layer["name"].startswith("bondwise"))["config"]["activation"] = "relu"


def two_heads(layers: list) -> None:
    next(layer for layer in layers if layer["class_name"] == "GlobalUpdate")["config"]["num_heads"] = 2


def one_edge_less(layers: list) -> None:
    layers.remove(next(layer for layer in layers if layer["class_name"] == "EdgeUpdate"))


WRONG = {
    "no data": (
        lambda old: (old / "model_1" / "model_1_data.pk").unlink(),
        "is incomplete: model_1/model_1_data.pk is missing",
    ),
    "another scaler": (
        lambda old: changed_data(old, data_scaler=StandardScaler().fit(np.eye(2))),
        "StandardScaler, which no",
    ),
    "no preprocessor": (lambda old: changed_data(old), "preprocessor is no PolymerPreprocessor"),
    "other properties": (
        lambda old: changed_data(old, prediction_columns=["a" * 2000]),
        "prediction_columns is no text",
    ),
    "a data frame": (
        lambda old: changed_data(old, preprocessor=pd.DataFrame({"a": [1]})),
        "asks for pandas.*DataFrame|preprocessor is of pandas",
    ),
    "weights elsewhere": (linked_elsewhere, "no Keras model in HDF5, or it is damaged"),
    "weights elsewhere by a layer's name": (linked_on_the_way, "no Keras model in HDF5, or it is damaged"),
    "one weight again and again": (listed_again_and_again, "no Keras model in HDF5, or it is damaged"),
    "weights of nothing": (compressed_to_nothing, "no Keras model in HDF5, or it is damaged"),
    "no HDF5": (lambda old: (old / "model_0" / "model_0.h5").write_bytes(b"x" * 100), "no Keras model in HDF5"),
    "a Lambda": (lambda old: changed_config(old, a_lambda), "has a layer x that global100 has not"),
    "an activation": (lambda old: changed_config(old, other_activation), "has the activation 'relu'"),
    "two heads": (lambda old: changed_config(old, two_heads), "has num_heads 2"),
    "a layer less": (lambda old: changed_config(old, one_edge_less), "has no EdgeUpdate behind"),
    "nothing": (
        lambda old: shutil.rmtree(old / "model_0") or shutil.rmtree(old / "model_1"),
        "holds no model of upstream",
    ),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_converted_is_said_and_nothing_is_written(tmp_path, change, said):
    old = old_copy(tmp_path)
    change(old)
    with pytest.raises(BundleError, match=said) as refused:
        convert(old, tmp_path / "new")
    assert "\n" not in str(refused.value) and not (tmp_path / "new").exists()


@pytest.mark.exhaustive
def test_a_network_of_the_published_size_trained_by_upstream_anew(tmp_path):
    peers = SCRIPTS / "benchmarks" / "peers.py"
    built = subprocess.run(
        [sys.executable, str(peers), "upstream"], env=program_environment(), capture_output=True, text=True
    )
    if built.returncode:
        pytest.skip(f"upstream's environment can't be built here: {built.stderr.strip().splitlines()[-1:]}")
    python = built.stdout.strip().splitlines()[-1]
    program = SCRIPTS / "studies" / "upstream_ensemble.py"
    sizes = [
        "--rounds",
        "12",
        "--features",
        "128",
        "--properties",
        "Tg",
        "Tm",
        "Density",
        "--keep-rows",
        "--bonds",
        "2",
    ]
    clean = {name: value for name, value in program_environment().items() if name != "PYTHONPATH"}
    subprocess.run([python, str(program), str(tmp_path / "made"), *sizes], env=clean, check=True)
    done = convert(tmp_path / "made" / "old", tmp_path / "new")
    assert "training rows" in done.left_out[0]
    same(tmp_path / "new", *upstreams(tmp_path / "made"))
