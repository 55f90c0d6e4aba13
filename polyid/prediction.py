"""Predictions of all members of an ensemble in one call, on compressed graphs, in memory that doesn't grow with the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
from keras import ops

from polyid.bundle import BundleMember
from polyid.errors import BundleError
from polyid.featurise import featurise
from polyid.graphs import QuotientGraph, pack
from polyid.network import MessagePassingNetwork

# Graph rows times members of one call; at 64 features about 200 MiB of intermediate states.
_ROWS_A_CALL = 200_000
_POLYMERS_A_CHUNK = 2_000


class EnsemblePredictor:
    """The members of an ensemble side by side.

    Parameters
    ----------
    members : sequence of BundleMember
        At least one; all with the same widths and the same reading of SMILES.
    """

    def __init__(self, members: Sequence[BundleMember]):
        if not members:
            raise BundleError("The ensemble has no trained members.")
        self.members = list(members)
        first = members[0]
        if any(m.preprocessor.featuriser_key != first.preprocessor.featuriser_key for m in members):
            raise BundleError("The members of the ensemble read SMILES differently; train them with one preprocessor.")
        widest = replace(
            first.config,
            atom_classes=max(m.config.atom_classes for m in members),
            bond_classes=max(m.config.bond_classes for m in members),
        )
        self.network = MessagePassingNetwork(widest, len(members))
        self.network.set_member_weights([m.weights for m in members])
        self._forward = self._compile()

    def _compile(self):
        if keras.backend.backend() != "tensorflow":
            return lambda batch: self.network(batch, training=False)
        import tensorflow as tf

        function = None

        def forward(batch):
            # Traced once for open shapes: every later table and single SMILES runs the same graph.
            nonlocal function
            if function is None:
                spec = tf.nest.map_structure(
                    lambda a: tf.TensorSpec((a.shape[0], *[None] * (a.ndim - 1)), tf.as_dtype(a.dtype)), batch
                )
                function = tf.function(lambda b: self.network(b, training=False), input_signature=(spec,))
            return function(batch)

        return forward

    def warm_up(self) -> None:
        """Answer once, so that what takes seconds the first time is done before somebody waits for it."""
        self.predict(["CCCC"])

    def predict(self, smiles: Sequence[str], *, cache: bool = False) -> np.ndarray:
        """Predictions of every member for oligomer SMILES.

        Parameters
        ----------
        smiles : sequence of str
        cache : bool
            Keep the graphs on disk.

        Returns
        -------
        float array, shape (M, n, P)
            In the units of the properties.
        """
        key = self.members[0].preprocessor
        out = np.empty((len(self.members), len(smiles), self.network.config.properties))
        for start in range(0, len(smiles), _POLYMERS_A_CHUNK):
            part = smiles[start : start + _POLYMERS_A_CHUNK]
            graphs = featurise(
                part,
                key.atom_features,
                key.bond_features,
                key.explicit_hs,
                self.network.config.num_messages,
                cache=cache,
            )
            out[:, start : start + len(part)] = self.predict_graphs(graphs)
        for m, member in enumerate(self.members):
            if member.scaler is not None:
                out[m] = member.scaler.inverse_transform(out[m])
        return out

    def predict_graphs(self, graphs: Sequence[QuotientGraph]) -> np.ndarray:
        """Scaled predictions, shape (M, n, P), of featurised polymers."""
        members = len(self.members)
        out = np.empty((members, len(graphs), self.network.config.properties))
        cost = np.array([g.sizes.sum() for g in graphs])
        order = np.argsort(cost, kind="stable")
        start = 0
        while start < len(order):
            stop = start + 1
            rows = cost[order[start]]
            while stop < len(order) and (rows + cost[order[stop]]) * members <= _ROWS_A_CALL:
                rows += cost[order[stop]]
                stop += 1
            chosen = order[start:stop]
            part = [graphs[i] for i in chosen]
            tokens = [[m.preprocessor.tokenise(g) for g in part] for m in self.members]
            batch = pack([part], tokens[:1])
            batch = _for_members(batch, tokens)
            out[:, chosen] = ops.convert_to_numpy(self._forward(batch))
            start = stop
        return out


def _for_members(batch: dict, tokens: list) -> dict:
    """The batch of one member's graphs for all members, each with its own tokens."""
    members = len(tokens)

    def repeat(array: np.ndarray) -> np.ndarray:
        return np.repeat(array, members, axis=0)

    wide = {
        name: tuple(repeat(a) for a in value) if isinstance(value, tuple) else repeat(value)
        for name, value in batch.items()
    }
    for m, own in enumerate(tokens):
        wide["atom_token"][m] = np.concatenate([t[0] for t in own])
        wide["bond_token"][m] = np.concatenate([t[1] for t in own])
    return wide
