"""Training that starts from another model: what is taken over, what is fresh, what stays, and what is refused."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.paths import TESTS
from helpers.tiny_models import PARAMETERS, UNITS, small_table

from polyid import MultiModel, Parameters
from polyid.bundle.contents import architecture
from polyid.bundle.layout import STARTER
from polyid.bundle.origins import InitFrom
from polyid.chemistry.oligomer import to_oligomer
from polyid.config.settings import check_freeze
from polyid.ensemble.starting_point import StartingPoint
from polyid.errors import Cancelled, TrainingError
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.inference.predictor import EnsemblePredictor
from polyid.nn.builders import global100
from polyid.report.origins import started_from
from polyid.training.freezing import is_frozen
from polyid.training.trainer import EnsembleTrainer

FIRST = TESTS / "fixtures" / "bundles" / "v3" / "model"
"""Two networks for Tg and Tm, trained on `small_table` in two folds drawn with seed 1."""
KERNEL, TABLE = "readout/values/bond_kernel", "atom_embedding/table"


def ensemble_of(table: pd.DataFrame, place: Path, properties: list[str]) -> MultiModel:
    """An ensemble in two folds, before training."""
    table.to_csv(place / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_dataset(place / "data.csv", properties)
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=False)
    return ensemble


def test_what_a_network_that_starts_from_a_model_costs_is_known_without_reading_it():
    for folder in (FIRST, STARTER):
        assert architecture(folder) == StartingPoint.read(folder).architecture


def trainer(ensemble: MultiModel, **changes) -> EnsembleTrainer:
    params = Parameters.from_dict({**PARAMETERS, "num_messages": 2, "epochs": 2, "group": 2, **changes}).to_dict()
    return ensemble.trainer(global100, params)


def other_table() -> pd.DataFrame:
    """One of the properties, of another size, and another property; of polymers with features that are new (Si, Br, N)."""
    units = ["*[Si](C)(C)O*", "*CC(*)Br", "*CC(*)CC", "*CCCCO*", "*CC(*)C(=O)OC", "*CC(*)N"]
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"smiles_polymer": [to_oligomer(unit, 4) for unit in units], "smiles_monomer": units})
    return frame.assign(Tg=rng.normal(500, 200, 6), Density=rng.normal(1, 0.2, 6))


@pytest.fixture(scope="module")
def first() -> StartingPoint:
    return StartingPoint.read(FIRST, "first")


def test_weights_are_taken_over_and_new_properties_and_features_are_fresh(first, tmp_path):
    ensemble = ensemble_of(other_table(), tmp_path, ["Density", "Tg"])
    ensemble.start_from(first)
    folds = trainer(ensemble).folds
    for fold, old, own in zip(folds, first.members, ensemble.models, strict=True):
        began = fold.weights
        for name, value in old.weights.items():
            if not name.startswith("readout"):
                np.testing.assert_array_equal(began[name][: len(value)], value, err_msg=name)
        kept = len(old.weights[TABLE])
        assert len(began[TABLE]) > kept, "silicon and bromine have rows of their own"
        assert 0 < np.abs(began[TABLE][kept:]).max() < 0.05
        assert not np.isclose(began[KERNEL][:, :1], old.weights[KERNEL]).any(), "Density has a read-out of its own"
        # Before its first step a network says of a property that both know what the other says, in its units.
        config = replace(old.config, atom_classes=len(began[TABLE]), bond_classes=len(began["bond_embedding/table"]))
        reading = replace(old, weights=began, config=config, scaler=own.data_scaler, kernel=None)
        mine, theirs = (
            EnsemblePredictor([member]).answers([to_oligomer(unit, 4) for unit in UNITS[:3]], kernel=False).members[0]
            for member in (reading, replace(old, kernel=None))
        )
        np.testing.assert_allclose(mine[:, 1], theirs[:, 0], rtol=1e-4)


def test_what_is_frozen_stays_and_new_rows_learn(first, tmp_path):
    freeze = "embeddings"
    ensemble = ensemble_of(other_table(), tmp_path, ["Density"])
    ensemble.start_from(first)
    training = trainer(ensemble, freeze=freeze)
    for fold, result, old in zip(training.folds, training.run(), first.members, strict=True):
        began, ended = fold.weights, result.weights
        rows = {name: len(value) for name, value in old.weights.items() if "embedding" in name}
        for name, value in ended.items():
            known = rows.get(name, len(value) if is_frozen(name, freeze, 2) else 0)
            np.testing.assert_array_equal(value[:known], began[name][:known], err_msg=f"{freeze} {name}")
        moved = {name for name, value in ended.items() if np.abs(value - began[name]).max() > 0}
        assert {"readout/values/bias", TABLE} <= moved
        assert "edge_0/hidden/bond_kernel" in moved


@pytest.mark.parametrize(
    ("freeze", "frozen"),
    [
        ("embeddings", {"atom_embedding/table"}),
        ("1", {"atom_embedding/table", "global_start/query/bias", "edge_0/out/bias", "node_0/out/bias"}),
        (
            "messages",
            {
                "atom_embedding/table",
                "global_start/query/bias",
                "edge_0/out/bias",
                "node_0/out/bias",
                "edge_1/out/bias",
            },
        ),
    ],
)
def test_which_weights_are_frozen(freeze, frozen):
    names = ["atom_embedding/table", "global_start/query/bias", "edge_0/out/bias", "node_0/out/bias", "edge_1/out/bias"]
    assert {name for name in [*names, "readout/values/bias", "gate/gate/bias"] if is_frozen(name, freeze, 2)} == frozen


def test_a_run_takes_the_widths_of_what_it_starts_from(first):
    widths = {"atom_features": 8, "bond_features": 8, "mol_features": 4, "num_messages": 2}
    assert first.architecture == {**widths, "explicit_hs": False, "features": "v1"}


def test_what_was_taken_over_is_recorded_and_said(first, tmp_path):
    ensemble = ensemble_of(other_table(), tmp_path, ["Tg"])
    ensemble.start_from(FIRST)
    trainer(ensemble)
    record = ensemble._began
    InitFrom.model_validate(record)
    assert (record["model"], record["commit"], record["heads"]) == ("model", None, ["Tg"])
    assert (record["held_out_seen"], record["members"]) == (0, [0, 1]) and min(record["new_features"]) > 0
    said = started_from({"init_from": record, "parameters": {"freeze": "1"}})
    assert said.startswith("model (`parameters.json` with SHA-256 `") and "embeddings and 1 rounds" in said
    assert started_from({"parameters": {}}) == ""


def test_a_model_that_has_seen_what_is_held_out_is_said(first, tmp_path):
    """The same table in the same folds: each starts from the member that held its polymers out. In other folds it can't be."""
    ensemble = ensemble_of(small_table(), tmp_path, ["Tg"])
    ids = dict(zip(ensemble.df_polymer["smiles_monomer"], range(10), strict=True))
    zero = {ids[unit] for unit in ("*CC*", "*CC(*)C", "*CC(*)Cl", "*CC(*)O", "*CCO*")}
    one = set(range(10)) - zero
    ensemble.split_data(
        load_kfold={
            "0": {"train": list(one), "validate": list(zero)},
            "1": {"train": list(zero), "validate": list(one)},
        }
    )
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=False)
    ensemble.start_from(first)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trainer(ensemble)
    ensemble.split_data(2, seed=5)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=False)
    with pytest.warns(UserWarning, match="held-out polymers were training polymers of first, with values of Tg"):
        trainer(ensemble)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_messages": 3}, "The networks of first have 2 rounds of messages, and those of this run 3"),
        ({"atom_features": 16}, "The networks of first have 8 features a state, and those of this run 16"),
        ({"mol_features": 5}, "4 features of the global state"),
        ({"freeze": "3"}, "a number of rounds from 1 to 2"),
        ({"freeze": "everything"}, "it must be 'embeddings', 'messages'"),
    ],
)
def test_a_model_of_another_make_is_refused_in_a_sentence(first, tmp_path, changes, said):
    ensemble = ensemble_of(small_table(), tmp_path, ["Tg"])
    ensemble.start_from(first)
    with pytest.raises(TrainingError, match=said):
        trainer(ensemble, **changes)


def test_features_of_another_kind_and_nothing_to_freeze_are_refused(first, tmp_path):
    ensemble = ensemble_of(small_table(), tmp_path, ["Tg"])
    with pytest.raises(TrainingError, match="training starts from no model"):
        trainer(ensemble, freeze="embeddings")
    ensemble.generate_preprocessors(PolymerPreprocessor, explicit_hs=True)
    ensemble.start_from(first)
    with pytest.raises(TrainingError, match="first reads polymers by other features"):
        trainer(ensemble)
    check_freeze(None, None)


@pytest.mark.exhaustive
def test_a_run_goes_on_where_it_was_cut_off_and_its_model_says_where_it_began(tmp_path):
    params = Parameters.from_dict(
        {
            **PARAMETERS,
            "num_messages": 2,
            "epochs": 3,
            "group": 2,
            "checkpoint_seconds": 0.0,
            "freeze": "embeddings",
            "keep": "last",
        }
    ).to_dict()

    def train(folder: str, **more) -> MultiModel:
        ensemble = ensemble_of(other_table(), tmp_path, ["Tg"])
        ensemble.start_from(FIRST)
        ensemble.train_models(global100, model_params=params, verbose=False, save_folder=tmp_path / folder, **more)
        return ensemble

    def stop(progress):
        if progress.phase == "training" and progress.epoch >= 2:
            raise Cancelled

    whole = train("whole")
    with pytest.raises(Cancelled):
        train("cut", progress=stop)
    resumed = train("cut", resume=True)
    for one, other in zip(whole.models, resumed.models, strict=True):
        for name, value in one.member.weights.items():
            np.testing.assert_array_equal(value, other.member.weights[name], err_msg=name)
    record = MultiModel.load_models(tmp_path / "whole").metadata
    assert record["parameters"]["freeze"] == "embeddings" and record["init_from"]["heads"] == ["Tg"]
    assert "| Started from | model (`parameters.json`" in (tmp_path / "whole" / "README.md").read_text()
