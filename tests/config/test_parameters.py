"""Parameters and presets: every name is known or refused, and every default stands in one place."""

from __future__ import annotations

import json
import pickle
import tomllib
from dataclasses import fields

import pytest
from helpers.tiny_models import small_table, trained

from polyid import MultiModel, Parameters
from polyid.config.parameters import PRESET_CARDS, PRESETS, preset
from polyid.config.settings import TrainingSettings, settings_from
from polyid.ensemble.workflow import train_ensemble
from polyid.errors import BundleError, TrainingError
from polyid.graphs.features import FEATURE_SETS, FEATURES, feature_set


def test_misspelt_parameters_are_refused_with_the_nearest_name():
    said = "no parameter 'lerning_rate'; did you mean 'learning_rate'?"
    with pytest.raises(TrainingError, match=said):
        Parameters(lerning_rate=3)
    params = Parameters()
    with pytest.raises(TrainingError, match=said):
        params.lerning_rate = 3
    with pytest.raises(TrainingError, match=said):
        params["lerning_rate"] = 3
    with pytest.raises(TrainingError, match=said):
        preset("small", lerning_rate=3)
    with pytest.raises(TrainingError, match=said):
        settings_from({"lerning_rate": 3})
    assert params == Parameters(), "what is refused changes nothing"
    with pytest.raises(TrainingError, match=r"the parameters are kfolds, .* custom=\{'mine': …\}"):
        Parameters(mine=1)


def test_parameters_of_ones_own_and_copies():
    params = Parameters(custom={"gates": 3}, kfolds=4)
    assert Parameters.from_dict(params.to_dict()) == params == pickle.loads(pickle.dumps(params))
    assert Parameters().custom == {} and params.to_dict()["custom"] == {"gates": 3}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schedule": "linear"}, "schedule is 'linear'; it must be 'constant' or 'cosine'"),
        ({"keep": "first"}, "keep is 'first'; it must be 'best' or 'last'"),
        ({"clip_norm": 0.0}, "clip_norm is 0; it must be a number above 0 to 1,000,000"),
    ],
)
def test_values_that_cannot_be_are_refused_with_those_that_can(change, said):
    with pytest.raises(TrainingError, match=said):
        settings_from(preset("small", **change).to_dict())


def test_whole_numbers_and_switches_may_be_given_as_other_types(tmp_path):
    """A model trained with ``patience=5.0`` or ``kernel=1`` was saved, and could not be loaded."""
    given = {"patience": 5.0, "epochs": 1.0, "seed": 2.0, "batch_size": 4.0, "decay": 0, "kernel": 1, "explicit_hs": 0}
    small_table().to_csv(tmp_path / "data.csv", index=False)
    trained(tmp_path / "data.csv", save_folder=tmp_path / "model", **given)
    kept = MultiModel.load_models(tmp_path / "model").metadata["parameters"]
    assert [kept[name] for name in given] == [*given.values()]
    assert kept["kernel"] is True and kept["explicit_hs"] is False
    settings = settings_from(given)
    assert isinstance(settings.patience, int) and isinstance(settings.epochs, int)


def test_unknown_features_are_refused_before_a_table_is_read(monkeypatch, tmp_path):
    with pytest.raises(TrainingError, match="no features 'v9'; choose one of v1, v2, stereo"):
        feature_set("v9")
    monkeypatch.setitem(PRESETS, "small", {**PRESETS["small"], "features": "v9"})
    with pytest.raises(TrainingError, match="no features 'v9'"):
        train_ensemble(tmp_path / "there is no table.csv", tmp_path / "model")
    assert {name for pair in FEATURE_SETS.values() for name in (feature.name for feature in pair)} == set(FEATURES)


def test_presets_are_data_of_the_package_and_know_no_other_names():
    from importlib.resources import files

    written = tomllib.loads((files("polyid.config") / "presets.toml").read_text("utf-8"))
    assert {name: {"card": PRESET_CARDS[name], **values} for name, values in PRESETS.items()} == written
    for name, values in PRESETS.items():
        params = preset(name)
        assert {key: params[key] for key in values} == values
        feature_set(params.features)
        settings_from(params.to_dict())
    settings = {setting.name for setting in fields(TrainingSettings)}
    assert settings < {parameter.name for parameter in fields(Parameters)}
    assert settings_from({}).schedule == Parameters().schedule


def test_older_models_whose_parameters_have_further_names_still_load(tmp_path):
    small_table().to_csv(tmp_path / "data.csv", index=False)
    trained(tmp_path / "data.csv", epochs=1, save_folder=tmp_path / "model")
    path = tmp_path / "model" / "parameters.json"
    manifest = json.loads(path.read_text("utf-8"))
    assert manifest["parameters"]["seed"] == 3 and manifest["parameters"]["num_messages"] == 1
    manifest["parameters"]["lerning_rate"] = 3
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BundleError, match=r"parameters.json can't be used: parameters has an entry 'lerning_rate'"):
        MultiModel.load_models(tmp_path / "model")
    path.write_text(json.dumps(manifest | {"format_version": 2}), "utf-8")
    assert MultiModel.load_models(tmp_path / "model").models[0].parameters["lerning_rate"] == 3
