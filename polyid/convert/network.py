"""Upstream's `global100` found again in a Keras model, layer by layer, and its weights under this package's names.

Layers are known by what they are joined to, not by their names, which count on from model to model of a process. Whatever a model has
besides is refused: its predictions would be other ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyid.convert.hdf5 import KerasModel, Layer
from polyid.nn.config import NetworkConfig

_ENDS = ("bond", "source", "target", "global")
_PLAIN = {"dropout": (0, 0.0, None), "num_heads": (1, None)}


class _Walk:
    """A way through the layers of a model that notes which were met."""

    def __init__(self, model: KerasModel) -> None:
        self.model = model
        self.met: set[str] = set()

    def find(self, kind: str, *inputs: str) -> Layer | None:
        """The layer of a class behind these others, None where there is none."""
        layer = self.model.with_inputs(kind, inputs)
        if layer is not None:
            self.met.add(layer.name)
            for setting, allowed in _PLAIN.items():
                if kind.endswith("Update") and layer.config.get(setting) not in allowed:
                    raise self.model.wrong(f"its layer {layer.name} has {setting} {layer.config[setting]!r}")
        return layer

    def get(self, kind: str, *inputs: str) -> Layer:
        """The same, which must be there."""
        layer = self.find(kind, *inputs)
        if layer is None:
            raise self.model.wrong(f"it has no {kind} behind {', '.join(inputs)}, so its network is not global100")
        return layer


def global100_weights(model: KerasModel, properties: Sequence[str], dropout: float) -> tuple[dict, NetworkConfig]:
    """Weights by the names of `polyid.nn.network.MessagePassingNetwork`, and the sizes of the network.

    Parameters
    ----------
    model : KerasModel
    properties : sequence of str
        In the order of the outputs.
    dropout : float
        Of training; it changes no prediction.

    Raises
    ------
    BundleError
        The model is no `global100`, or its weights have other shapes.
    """
    walk = _Walk(model)
    for name in ("atom", "bond", "connectivity"):
        if name not in model.layers or model.layers[name].kind != "InputLayer":
            raise model.wrong(f"it has no input {name!r}, so its network is not global100")
        walk.met.add(name)
    weights: dict[str, np.ndarray] = {}
    atoms, bonds = (walk.get("Embedding", element) for element in ("atom", "bond"))
    weights["atom_embedding/table"], weights["bond_embedding/table"] = (one.weights[0] for one in (atoms, bonds))
    atom, bond = atoms.name, bonds.name
    start = walk.get("GlobalUpdate", atom, bond, "connectivity")
    weights |= _attention(model, start, "global_start")
    state, rounds = start.name, 0
    while (update := walk.find("GlobalUpdate", atom, bond, "connectivity", state)) is not None:
        weights |= _attention(model, update, f"global_{rounds}")
        state = walk.get("Add", state, update.name).name
        edge = walk.get("EdgeUpdate", atom, bond, "connectivity", state)
        weights |= _edge(model, edge, rounds)
        bond = walk.get("Add", bond, edge.name).name
        node = walk.find("NodeUpdate", atom, bond, "connectivity", state)
        rounds += 1
        if node is not None:
            weights |= _node(model, node, rounds - 1)
            atom = walk.get("Add", atom, node.name).name
    # No output reads the last update of the atoms, and Keras leaves it out.
    weights |= _readout(walk, bond, len(properties))
    if unmet := sorted(set(model.layers) - walk.met):
        raise model.wrong(f"its network has a layer {unmet[0][:60]} that global100 has not")
    return weights, _config(model, weights, rounds, len(properties), dropout)


def _dense(model: KerasModel, layer: Layer, place: int, path: str, inputs: Sequence[tuple[str, int]]) -> dict:
    """Kernel and bias of a dense layer inside a layer, the kernel cut into the pieces of its inputs.

    Parameters
    ----------
    model : KerasModel
    layer : Layer
    place : int
        Of the dense layer among those of the layer.
    path : str
        Of it in our names.
    inputs : sequence of (str, int)
        Name and width of each input, in the order of concatenation.
    """
    if len(layer.weights) < 2 * place + 2:
        raise model.wrong(f"its layer {layer.name} has {len(layer.weights)} weights")
    kernel, bias = layer.weights[2 * place : 2 * place + 2]
    if kernel.ndim != 2 or bias.shape != kernel.shape[1:] or len(kernel) != sum(width for _, width in inputs):
        raise model.wrong(f"a kernel of its layer {layer.name} has the shape {kernel.shape}")
    pieces, begin = {}, 0
    for name, width in inputs:
        pieces[f"{path}/{name}_kernel"] = kernel[begin : begin + width]
        begin += width
    return {**pieces, f"{path}/bias": bias[None]}


def _attention(model: KerasModel, layer: Layer, block: str) -> dict:
    width = len(layer.weights[0]) if layer.weights else 0
    by_name = {name.rpartition("/")[0].rpartition("/")[2]: i // 2 for i, name in enumerate(layer.weight_names)}
    if set(by_name) != {"query", "value"}:
        raise model.wrong(f"its layer {layer.name} has no query and value")
    return {
        key: value
        for part, place in by_name.items()
        for key, value in _dense(model, layer, place, f"{block}/{part}", [("state", width)]).items()
    }


def _widths(model: KerasModel, layer: Layer, ends: int) -> tuple[int, int]:
    """Width of the states and of the global state, from the kernel of the first dense layer, of `ends` states and a global one."""
    kernel = layer.weights[0] if layer.weights else np.zeros((0, 0))
    width = kernel.shape[-1] // 2
    if kernel.ndim != 2 or len(kernel) <= ends * width or not width:
        raise model.wrong(f"a kernel of its layer {layer.name} has the shape {kernel.shape}")
    return width, len(kernel) - ends * width


def _edge(model: KerasModel, layer: Layer, number: int) -> dict:
    width, units = _widths(model, layer, 3)
    inputs = list(zip(_ENDS, (width, width, width, units), strict=True))
    return {
        **_dense(model, layer, 0, f"edge_{number}/hidden", inputs),
        **_dense(model, layer, 1, f"edge_{number}/out", [("hidden", 2 * width)]),
    }


def _node(model: KerasModel, layer: Layer, number: int) -> dict:
    width, units = _widths(model, layer, 2)
    if not all("concat" in name for name in layer.weight_names[:4]):
        raise model.wrong(f"the weights of its layer {layer.name} are in another order")
    return {
        **_dense(model, layer, 0, f"node_{number}/message", [("target", width), ("bond", width), ("global", units)]),
        **_dense(model, layer, 1, f"node_{number}/message_out", [("hidden", 2 * width)]),
        **_dense(model, layer, 2, f"node_{number}/hidden", [("messages", width)]),
        **_dense(model, layer, 3, f"node_{number}/out", [("hidden", 2 * width)]),
    }


def _readout(walk: _Walk, bond: str, properties: int) -> dict:
    """A dense unit for each property on the final bond states, averaged over the bonds, in the order of the outputs."""
    model = walk.model
    output = model.outputs[0] if len(model.outputs) == 1 else ""
    joined = model.layers.get(output)
    means: tuple[str, ...] = (output,)
    if joined is not None and joined.kind == "Concatenate":
        walk.met.add(output)
        means = joined.inputs
    kernels, biases = [], []
    for mean in means:
        pooled = model.layers.get(mean)
        values = model.layers.get(pooled.inputs[0]) if pooled is not None and len(pooled.inputs) == 1 else None
        if pooled is None or values is None or pooled.kind != "GlobalAveragePooling1D" or values.kind != "Dense":
            raise model.wrong("its outputs are not means over bonds, so its network is not global100")
        if values.config.get("activation") != "linear":
            raise model.wrong(f"its layer {values.name} has the activation {values.config.get('activation')!r}")
        walk.met |= {mean, values.name}
        (state,) = values.inputs
        if model.layers[state].kind == "Dropout":
            walk.met.add(state)
            (state,) = model.layers[state].inputs
        if state != bond or len(values.weights) != 2:
            raise model.wrong(f"its layer {values.name} reads something else than the last bond states")
        kernels.append(values.weights[0])
        biases.append(values.weights[1])
    if len(kernels) != properties:
        raise model.wrong(f"it has {len(kernels)} outputs for {properties} properties")
    kernel, bias = np.concatenate(kernels, axis=1), np.concatenate(biases)[None]
    return {"readout/values/bond_kernel": kernel, "readout/values/bias": bias}


def _config(model: KerasModel, weights: dict, rounds: int, properties: int, dropout: float) -> NetworkConfig:
    """The sizes, if all weights have them."""
    if not rounds:
        raise model.wrong("it has no rounds of messages, so its network is not global100")
    atoms, bonds = weights["atom_embedding/table"], weights["bond_embedding/table"]
    units = weights["edge_0/hidden/global_kernel"].shape[0]
    config = NetworkConfig(len(atoms), len(bonds), atoms.shape[-1], units, rounds, properties, dropout)
    shapes = {name: array.shape for name, array in weights.items()}
    if shapes != config.weight_shapes():
        odd = sorted(
            name
            for name in shapes.keys() | config.weight_shapes()
            if shapes.get(name) != config.weight_shapes().get(name)
        )
        raise model.wrong(
            f"its weight {odd[0]} has the shape {shapes.get(odd[0])}, not {config.weight_shapes().get(odd[0])}"
        )
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise model.wrong("it has weights that are not finite")
    return config
