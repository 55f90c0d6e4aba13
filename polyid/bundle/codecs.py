"""What belongs to one fold as files: weights, scaler, preprocessor and training log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from safetensors.numpy import save
from sklearn.preprocessing import RobustScaler

from polyid.bundle.schema import OUR_NETWORK, Network, Scaler
from polyid.bundle.strict import read_checked_json
from polyid.bundle.tensors import read_arrays
from polyid.common.arrays import ArrayRule, check_arrays
from polyid.errors import BundleError
from polyid.nn.config import NetworkConfig

_LOG_NAME = re.compile(r"[A-Za-z_]\w{0,60}")


def weights_to_file(weights: Mapping[str, np.ndarray], config: NetworkConfig, network_class: str) -> bytes:
    """Weights by name, with the sizes and the class of the network in the header."""
    arrays = {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
    # One entry, because safetensors writes several in any order: the same weights would give other bytes.
    return save(arrays, {"network": json.dumps({**config.to_dict(), "class": network_class})})


def weights_from_file(
    content: bytes, file: str, implied: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], NetworkConfig, str]:
    """Weights, sizes and name of the class of a network; `implied` is what an older version doesn't say of it.

    Raises
    ------
    BundleError
        It is no network, or its weights don't have its sizes; those that a class of one's own adds are looked at when the
        network is built.
    """
    arrays, texts = read_arrays(content, file)
    if not isinstance(texts.get("network"), str):
        raise BundleError.damaged(file, "its header describes no network")
    described = read_checked_json(Network, texts["network"].encode(), file, implied).model_dump()
    network_class = described.pop("network_class")
    config = NetworkConfig(**described)
    if config.num_messages > len(arrays):
        raise BundleError.damaged(file, f"it has {len(arrays)} arrays for num_messages {config.num_messages}")
    rules = {name: ArrayRule("float32", shape) for name, shape in config.weight_shapes().items()}
    if network_class != OUR_NETWORK:
        rules |= {name: ArrayRule("float32", array.shape) for name, array in arrays.items() if name not in rules}
    check_arrays(arrays, rules, {}, file)
    return arrays, config, network_class


def scaler_to_dict(scaler: RobustScaler | None) -> dict[str, Any]:
    if scaler is None:
        return {"scaler": None}
    if not isinstance(scaler, RobustScaler):
        raise BundleError(f"A {type(scaler).__name__} can't be stored; use scikit-learn's RobustScaler or none.")
    return {"scaler": "RobustScaler", "center": scaler.center_.tolist(), "scale": scaler.scale_.tolist()}


def scaler_from(stored: Scaler) -> RobustScaler | None:
    """The scaler that `scaler_to_dict` described."""
    if stored.center is None or stored.scale is None:
        return None
    scaler = RobustScaler()
    scaler.center_, scaler.scale_ = np.array(stored.center), np.array(stored.scale)
    scaler.n_features_in_ = len(stored.center)
    return scaler


def log_to_csv(log: Sequence[Mapping[str, float]]) -> str:
    if not log:
        return ""
    lines = [",".join(log[0])]
    lines += [",".join(repr(v) for v in row.values()) for row in log]
    return "\n".join(lines) + "\n"


def log_from_csv(content: bytes, file: str) -> list[dict[str, float]]:
    """The rows that `log_to_csv` wrote.

    Raises
    ------
    BundleError
        It is no such table.
    """
    try:
        header, *lines = content.decode().splitlines() or [""]
        names = header.split(",")
        if content and (len(set(names)) < len(names) or not all(map(_LOG_NAME.fullmatch, names))):
            raise ValueError("its first line doesn't name its columns")
        return [
            {name: int(v) if name == "epoch" else float(v) for name, v in zip(names, line.split(","), strict=True)}
            for line in lines
        ]
    except ValueError as error:
        raise BundleError.damaged(file, f"it is no table of epochs, {error}") from None
