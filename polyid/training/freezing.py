"""Weights that training leaves as they are: those of another model that a network starts from, if it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from polyid.config.settings import EMBEDDINGS, MESSAGES
from polyid.nn.tensor import Tensor

_TABLES = {"atom_embedding": "atom_rows", "bond_embedding": "bond_rows"}


def is_frozen(name: str, freeze: str, rounds: int) -> bool:
    """Whether a weight stays as it is.

    Parameters
    ----------
    name : str
        As of `polyid.nn.network.MessagePassingNetwork.named_weights`.
    freeze : str
        ``embeddings``, ``messages`` (embeddings and all rounds), or so many of the first rounds, with the embeddings.
    rounds : int
        Of the network.
    """
    block = name.partition("/")[0]
    if block in _TABLES:
        return True
    first = {EMBEDDINGS: 0, MESSAGES: rounds}.get(freeze)
    first = int(freeze) if first is None else first
    kind, _, number = block.partition("_")
    if kind not in ("global", "edge", "node"):
        return False
    return first > 0 if number == "start" else number.isdecimal() and int(number) < first


def rows_to_keep(rows: Sequence[tuple[int, int]]) -> dict[str, np.ndarray]:
    """What `tuned_parts` is told of the members beside `polyid.training.optimiser.update_numbers`: rows of atom and bond
    embeddings that are another model's, shape (M,) each."""
    atoms, bonds = np.array(rows, np.int32).T
    return {"atom_rows": atoms, "bond_rows": bonds}


def tuned_parts(
    names: Sequence[str], weights: Sequence[Tensor], freeze: str, rounds: int, numbers: Mapping[str, Any]
) -> list[Tensor | float]:
    """For each weight 1 where it is trained and 0 where it stays, in a shape that multiplies it.

    Of a frozen embedding the rows that the other model did not have are trained.

    Parameters
    ----------
    names, weights : sequences of str and of Tensor
        In the order of the network's trainable variables.
    freeze, rounds
        As of `is_frozen`.
    numbers : mapping
        With those of `rows_to_keep`.
    """
    parts: list[Tensor | float] = []
    for name, weight in zip(names, weights, strict=True):
        rows = _TABLES.get(name.partition("/")[0])
        if not is_frozen(name, freeze, rounds):
            parts.append(1.0)
        elif rows is None:
            parts.append(0.0)
        else:
            own = ops.expand_dims(ops.arange(weight.shape[1], dtype="int32"), 0) >= ops.expand_dims(numbers[rows], 1)
            parts.append(ops.expand_dims(ops.cast(own, "float32"), -1))
    return parts
