"""The sizes of a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class NetworkConfig:
    """What a network is made of.

    Attributes
    ----------
    atom_classes, bond_classes : int
        Rows of the embeddings; class 0 is padding, class 1 unknown.
    features : int
        Width F of the atom and bond states.
    mol_features : int
        Width U of the global state.
    num_messages : int
        Rounds of message passing R.
    properties : int
        Outputs P.
    dropout : float
        Share of bond features dropped before the readout while training.
    """

    atom_classes: int
    bond_classes: int
    features: int
    mol_features: int
    num_messages: int
    properties: int
    dropout: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
