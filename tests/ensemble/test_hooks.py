"""Networks and preprocessors of a user's own: used on training and after a reload, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.tiny_models import PARAMETERS, UNITS, small_table

from polyid import MultiModel
from polyid.errors import BundleError, TrainingError
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.nn.builders import check_networks, global100
from polyid.nn.config import NetworkConfig
from polyid.nn.layers import MemberDense
from polyid.nn.network import MessagePassingNetwork


class GatedNetwork(MessagePassingNetwork):
    """Another dense layer on the final bond states."""

    def __init__(self, config, members=1, compute_dtype="float32", xla=True, **kwargs):
        super().__init__(config, members, compute_dtype, xla, **kwargs)
        self.gate = MemberDense(members, {"bonds": config.features}, config.features, name="gate")
        self.gate.build()

    def blocks(self):
        return [*super().blocks(), self.gate]

    def bond_states(self, batch):
        states = super().bond_states(batch)
        return states + self.gate.add_bias(self.gate.project("bonds", states))


class ElementPreprocessor(PolymerPreprocessor):
    """Atoms told apart by their element alone, and a setting that is recorded."""

    shout = False

    def molecular_graph(self, smiles):
        graph = super().molecular_graph(smiles)
        return replace(graph, atom_features=tuple(text.split("'")[1] for text in graph.atom_features))

    def to_dict(self):
        return {**super().to_dict(), "shout": self.shout}

    @classmethod
    def from_dict(cls, state, custom_objects=None):
        new = super().from_dict(state, custom_objects)
        new.shout = state["shout"]
        return new


def gated(preprocessor, model_summary=False, prediction_columns=None, params=None):
    config = global100(preprocessor, False, prediction_columns, params).config
    network = GatedNetwork(config)
    network.initialise([params["seed"]])
    return network


CUSTOM = {"GatedNetwork": GatedNetwork, "ElementPreprocessor": ElementPreprocessor}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hooks")


@pytest.fixture(scope="module")
def ensemble(folder) -> MultiModel:
    small_table().to_csv(folder / "data.csv", index=False)
    ensemble = MultiModel()
    ensemble.load_dataset(folder / "data.csv", ["Tg", "Tm"])
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(ElementPreprocessor, explicit_hs=False)
    ensemble.models[0].preprocessor.shout = True
    params = {**PARAMETERS, "epochs": 2, "kernel": True, "group": 2}
    ensemble.train_models(gated, model_params=params, verbose=False, save_folder=folder / "model")
    return ensemble


def test_a_network_of_ones_own_is_trained_stored_and_asked(ensemble):
    for i, model in enumerate(ensemble.models):
        assert type(model.model) is GatedNetwork
        fresh = gated(model.preprocessor, False, ["Tg", "Tm"], {**PARAMETERS, "seed": [PARAMETERS["seed"], i]})
        trained, initial = (
            weights["gate/gate/bonds_kernel"] for weights in (model.member.weights, fresh.member_weights(0))
        )
        assert trained.shape == initial.shape == (8, 8) and np.abs(trained - initial).max() > 1e-4
    frame = pd.DataFrame({"smiles_polymer": UNITS})
    before = ensemble.models[0].predict(frame)["Tg_pred"]
    member = ensemble.models[0].member
    closed = {name: np.zeros_like(value) if "gate" in name else value for name, value in member.weights.items()}
    ensemble.models[0].member, ensemble.models[0]._predictor = replace(member, weights=closed), None
    after = ensemble.models[0].predict(frame)["Tg_pred"]
    ensemble.models[0].member, ensemble.models[0]._predictor = member, None
    assert np.abs(before - after).max() > 1e-3, "the layer of one's own decides with the others"


def test_a_preprocessor_of_ones_own_reads_the_graphs(ensemble):
    for model in ensemble.models:
        texts = set(model.preprocessor.atom_tokenizer.to_dict()) - {"unk"}
        assert texts <= {"C", "O", "N", "Cl", "F"} and len(texts) >= 3
        assert model.member.weights["atom_embedding/table"].shape[0] == model.preprocessor.atom_classes


def test_a_reload_needs_the_classes_and_answers_alike(ensemble, folder):
    with pytest.raises(BundleError, match=r"preprocessor of the class 'ElementPreprocessor'.*custom_objects="):
        MultiModel.load_models(folder / "model")
    with pytest.raises(BundleError, match=r"network of the class 'GatedNetwork'.*custom_objects="):
        MultiModel.load_models(folder / "model", {"ElementPreprocessor": ElementPreprocessor})
    with pytest.raises(BundleError, match="no class derived from PolymerPreprocessor"):
        MultiModel.load_models(folder / "model", {**CUSTOM, "ElementPreprocessor": GatedNetwork})
    again = MultiModel.load_models(folder / "model", CUSTOM)
    assert [model.preprocessor.shout for model in again.models] == [True, False]
    assert type(again.models[0].model) is GatedNetwork
    expected = ensemble.predict_smiles(UNITS)
    pd.testing.assert_frame_equal(again.predict_smiles(UNITS), expected, check_exact=True)
    shares = again.explain(UNITS[2])
    assert shares["Tg"].total == pytest.approx(expected["Tg_pred_mean"][2], rel=1e-4)


class Overridden(MessagePassingNetwork):
    def call(self, batch, training=False):
        return super().call(batch, training)


class Unstored(GatedNetwork):
    def blocks(self):
        return super().blocks()[:-1]


class Unexplained(MessagePassingNetwork):
    def read_out(self, bonds, batch, training=False):
        return super().read_out(bonds, batch, training)


Namesake = type("MessagePassingNetwork", (MessagePassingNetwork,), {})


class WiderConfig(NetworkConfig):
    pass


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (lambda config: config, "returned a NetworkConfig; it must return a MessagePassingNetwork"),
        (Overridden, "Overridden overrides call, which nothing here calls; override bond_states"),
        (Unstored, "not in its blocks"),
        (Unexplained, "overrides read_out but not bond_values"),
        (Namesake, "has its name; give it another"),
        (lambda config: MessagePassingNetwork(WiderConfig(**config.to_dict())), "config is a WiderConfig"),
    ],
)
def test_networks_that_would_not_do_what_they_say_are_refused(network, said):
    config = NetworkConfig(5, 5, 4, 2, 2, 1)
    with pytest.raises(TrainingError, match=said):
        check_networks([network(config)])
    if said.startswith("not in"):
        with pytest.raises(TrainingError, match="networks of one class"):
            check_networks([MessagePassingNetwork(config), GatedNetwork(config)])
    check_networks([GatedNetwork(config), GatedNetwork(config)])


def test_preprocessors_that_would_not_do_what_they_say_are_refused(ensemble):
    class Pm(PolymerPreprocessor):
        def create_nx_graph(self, row, **kwargs):
            return super().create_nx_graph(row, **kwargs)

    with pytest.raises(
        TrainingError, match="Pm overrides create_nx_graph, which nothing here calls; override molecular_graph"
    ):
        ensemble.models[0].generate_preprocessor(Pm)
    with pytest.raises(TrainingError, match="dict is not a PolymerPreprocessor"):
        ensemble.models[0].generate_preprocessor(dict)
    with pytest.raises(TrainingError, match="has its name"):
        ensemble.models[0].generate_preprocessor(type("PolymerPreprocessor", (PolymerPreprocessor,), {}))
