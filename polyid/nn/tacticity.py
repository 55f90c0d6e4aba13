"""Upstream's tacticity network: a network of one's own that reads a number of the whole polymer, the share of meso dyads.

Stereo marks are features of atoms to the presets here; upstream's `pm_model` (https://github.com/NREL/polyID) knows a chain's tacticity
as one number instead, which begins the global state. It is here as the example of a network of one's own, with
`polyid.graphs.tacticity.PmPreprocessor`, which reads that number off a chain.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from polyid.nn.builders import global100
from polyid.nn.config import NetworkConfig
from polyid.nn.layers import MemberDense
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch, Tensor


class PmNetwork(MessagePassingNetwork):
    """The published network with a dense layer of the share of meso dyads added to its first global state.

    Upstream's does without the update of the global state before the first round of messages; the rest is the same
    (`tests/nn/test_tacticity_network.py`).
    """

    def __init__(
        self, config: NetworkConfig, members: int = 1, compute_dtype: str = "float32", xla: bool = True, **kwargs: Any
    ):
        super().__init__(config, members, compute_dtype, xla, **kwargs)
        self.pm = MemberDense(members, {"pm": 1}, config.mol_features, name="pm")
        self.pm.build()

    def blocks(self) -> list[Any]:
        return [*super().blocks(), self.pm]

    def first_global_state(self, elements: list[tuple[Tensor, Tensor, Tensor]], batch: Batch, graphs: int) -> Tensor:
        state = super().first_global_state(elements, batch, graphs)
        (share,) = batch["graph_numbers"]
        return state + self.pm.add_bias(self.pm.project("pm", ops.expand_dims(share, -1)))


def pm_model(
    preprocessor: Any,
    model_summary: bool = False,
    prediction_columns: list[str] | None = None,
    params: dict[str, Any] | None = None,
) -> PmNetwork:
    """Upstream's builder: arguments as of `polyid.nn.builders.global100`; ``num_features`` is the width, if it is given."""
    params = dict(params or {})
    if params.get("num_features"):
        params["atom_features"] = params["num_features"]
    network = PmNetwork(global100(preprocessor, False, prediction_columns, params).config)
    network.initialise([params.get("seed", 0)])
    if model_summary:
        network.summary()
    return network
