"""Builders of networks, by upstream PolyID's names."""

from __future__ import annotations

from typing import Any

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
