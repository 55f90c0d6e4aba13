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

    def weight_shapes(self) -> dict[str, tuple[int, int]]:
        """Shape of every weight of a `MessagePassingNetwork` of these sizes, by its name, for one member."""
        width, units = self.features, self.mol_features
        states, wide = {"state": width}, {"hidden": 2 * width}
        shapes: dict[str, tuple[int, int]] = {
            "atom_embedding/table": (self.atom_classes, width),
            "bond_embedding/table": (self.bond_classes, width),
        }
        for name in ("start", *range(self.num_messages)):
            shapes |= _dense(f"global_{name}/query", states, 1) | _dense(f"global_{name}/value", states, units)
        for i in range(self.num_messages):
            ends = {"bond": width, "source": width, "target": width, "global": units}
            shapes |= _dense(f"edge_{i}/hidden", ends, 2 * width) | _dense(f"edge_{i}/out", wide, width)
        for i in range(self.num_messages - 1):
            message = {"target": width, "bond": width, "global": units}
            shapes |= _dense(f"node_{i}/message", message, 2 * width) | _dense(f"node_{i}/message_out", wide, width)
            shapes |= _dense(f"node_{i}/hidden", {"messages": width}, 2 * width) | _dense(f"node_{i}/out", wide, width)
        shapes |= _dense("readout/values", {"bond": width}, self.properties)
        return shapes


def _dense(path: str, inputs: dict[str, int], units: int) -> dict[str, tuple[int, int]]:
    """Shapes of a `polyid.nn.layers.MemberDense`."""
    return {f"{path}/{name}_kernel": (rows, units) for name, rows in inputs.items()} | {f"{path}/bias": (1, units)}
