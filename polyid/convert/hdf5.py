"""Keras models in HDF5: how layers are joined, and their weights. No layer is made, and nothing that the file says is run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from polyid.errors import BundleError

MOST_BYTES = 2**31
_MOST_LAYERS, _MOST_CONFIG = 10_000, 64 * 2**20


@dataclass(frozen=True)
class Layer:
    """A layer of a Keras model.

    Attributes
    ----------
    name, kind : str
        Its own name, and that of its class.
    config : dict
    inputs : tuple of str
        Names of the layers whose outputs it takes, in order.
    weights : tuple of arrays
        In Keras's order.
    weight_names : tuple of str
    """

    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[str, ...]
    weights: tuple[np.ndarray, ...] = ()
    weight_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class KerasModel:
    """Layers by name, and the names of the layers that give the outputs."""

    layers: dict[str, Layer]
    outputs: tuple[str, ...]
    file: str

    def wrong(self, what: str) -> BundleError:
        return BundleError(f"{self.file} can't be converted: {what}.")

    def with_inputs(self, kind: str, inputs: Sequence[str]) -> Layer | None:
        """The layer of a class that takes these inputs; None where there is none."""
        return next((x for x in self.layers.values() if x.kind == kind and x.inputs == tuple(inputs)), None)


def read_keras_model(path: str | os.PathLike, file: str) -> KerasModel:
    """The layers of a functional Keras model that was saved as HDF5.

    Parameters
    ----------
    path : path
    file : str
        For messages.

    Raises
    ------
    BundleError
        It is too large, no such file, leads to other files, or is damaged.
    """
    if Path(path).stat().st_size > MOST_BYTES:
        raise BundleError(f"{file} can't be converted: it has more than {MOST_BYTES:,} bytes.")
    try:
        with h5py.File(path, "r") as stored:
            return _read(stored, file)
    except BundleError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, IndexError, RecursionError):
        raise BundleError(
            f"{file} can't be converted: it is no Keras model in HDF5, or it is damaged; models saved as .keras don't convert."
        ) from None


def _read(stored: h5py.File, file: str) -> KerasModel:
    text = stored.attrs["model_config"]
    text = text.decode() if isinstance(text, bytes) else str(text)
    if len(text) > _MOST_CONFIG:
        raise ValueError
    config = json.loads(text)["config"]
    described = config["layers"]
    if not isinstance(described, list) or len(described) > _MOST_LAYERS:
        raise ValueError
    weights = _weights_group(stored)
    layers = {}
    # No array may be counted more often than it is stored.
    room = stored.id.get_filesize()
    for one in described:
        name, own = str(one["name"]), tuple(_weights(weights, str(one["name"]), room))
        room -= sum(array.nbytes for _, array in own)
        layers[name] = Layer(
            name,
            str(one["class_name"]),
            dict(one["config"]),
            _inputs(one),
            tuple(array for _, array in own),
            tuple(weight for weight, _ in own),
        )
    if len(layers) < len(described):
        raise ValueError
    outputs = config["output_layers"]
    # A single output is not in a list of its own in all versions.
    outputs = [outputs] if outputs and isinstance(outputs[0], str) else outputs
    return KerasModel(layers, tuple(str(output[0]) for output in outputs), file)


def _inputs(layer: dict[str, Any]) -> tuple[str, ...]:
    """Names of a layer's inputs: ``[[[name, 0, 0, {}], …]]``, once for the one time that it is called; what a call is handed
    by keyword, or as a number, is none of them."""
    calls = layer["inbound_nodes"]
    if not calls:
        return ()
    if len(calls) > 1:
        raise ValueError
    call = calls[0]
    if isinstance(call, dict):
        raise ValueError
    call = [call] if call and isinstance(call[0], str) else call
    return tuple(str(given[0]) for given in call)


def _weights_group(stored: h5py.File) -> h5py.Group:
    link = stored.get("model_weights", getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise ValueError
    return stored["model_weights"]


def _weights(group: h5py.Group, layer: str, room: int) -> Iterator[tuple[str, np.ndarray]]:
    """Name and values of each weight of a layer, of `room` bytes at most."""
    if "/" not in layer and group.get(layer, getlink=True) is None:
        return
    own = _inside(group, layer)
    for name in own.attrs["weight_names"]:
        name = name.decode() if isinstance(name, bytes) else str(name)
        stored: Any = own
        for part in name.split("/"):
            stored = _inside(stored, part)
        # Neither may values lie in other files, nor few bytes stand for gigabytes.
        if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual or stored.dtype != np.float32:
            raise ValueError
        room -= stored.nbytes
        if room < 0 or stored.id.get_storage_size() < stored.nbytes:
            raise ValueError
        yield name, np.asarray(stored[()])


def _inside(group: h5py.Group, name: str) -> Any:
    """A member of a group that is stored in it: links to elsewhere are not followed."""
    # h5py would walk along a path, and through links on the way.
    if name in ("", ".", "..") or "/" in name or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError
    return group[name]
