"""Builders of networks, by upstream PolyID's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyid.common.custom import check_custom_class
from polyid.errors import TrainingError
from polyid.nn.config import NetworkConfig
from polyid.nn.network import MessagePassingNetwork


def global100(
    preprocessor: Any,
    model_summary: bool = False,
    prediction_columns: list[str] | None = None,
    params: dict[str, Any] | None = None,
) -> MessagePassingNetwork:
    """The published network: bond states read out, a global state by attention.

    Parameters
    ----------
    preprocessor : PolymerPreprocessor
        Fitted; its numbers of atom and bond classes size the embeddings.
    model_summary : bool
        Print the layers.
    prediction_columns : list of str
        Properties to predict.
    params : dict
        ``atom_features``, ``mol_features``, ``num_messages``, ``dropout`` and, optionally, ``seed`` of the initial weights.

    Returns
    -------
    MessagePassingNetwork
        One member, freshly initialised.
    """
    params = params or {}
    config = NetworkConfig(
        atom_classes=preprocessor.atom_classes,
        bond_classes=preprocessor.bond_classes,
        features=int(params["atom_features"]),
        mol_features=int(params["mol_features"]),
        num_messages=int(params["num_messages"]),
        properties=len(prediction_columns or []),
        dropout=float(params.get("dropout", 0.0)),
    )
    network = MessagePassingNetwork(config)
    network.initialise([params.get("seed", 0)])
    if model_summary:
        network.summary()
    return network


def check_networks(networks: Sequence[Any]) -> None:
    """Refuse networks of a model builder that could not be trained, stored and asked as they say.

    Parameters
    ----------
    networks : sequence of MessagePassingNetwork
        One a member.

    Raises
    ------
    TrainingError
        They are of another class, of several, or have weights that would not be stored.
    """
    for network in networks:
        cls = type(network)
        if not isinstance(network, MessagePassingNetwork):
            raise TrainingError(f"The model builder returned a {cls.__name__}; it must return a MessagePassingNetwork.")
        check_custom_class(cls, MessagePassingNetwork, {"call": "bond_states, or read_out with bond_values"})
        read_out, bond_values = (getattr(cls, name) is getattr(MessagePassingNetwork, name) for name in _READ_OUT)
        if bond_values and not read_out:
            raise TrainingError(
                f"{cls.__name__} overrides read_out but not bond_values, of which explanations are made; override both."
            )
        if type(network.config) is not NetworkConfig:
            raise TrainingError(
                f"The model builder's config is a {type(network.config).__name__}; models record a NetworkConfig. "
                f"Settings of its own belong in the class {cls.__name__}."
            )
        stored = [id(variable) for variable in network.named_weights().values()]
        if stored != [id(variable) for variable in network.trainable_variables]:
            raise TrainingError(
                f"{cls.__name__} has weights of layers that are not in its blocks, in the order in which they were made; "
                "they would not be stored."
            )
        if cls is not type(networks[0]):
            raise TrainingError(
                f"The model builder returned a {type(networks[0]).__name__} and a {cls.__name__}; all members of an "
                "ensemble have networks of one class."
            )


_READ_OUT = ("read_out", "bond_values")
