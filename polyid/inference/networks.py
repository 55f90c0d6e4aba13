"""The networks of an ensemble's members, asked together: few graphs by NumPy, more by the backend that Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from keras import ops

from polyid.bundle.member import BundleMember
from polyid.graphs.batch import pack
from polyid.graphs.refinement import QuotientGraph
from polyid.inference.traced import BatchShapes, compiled
from polyid.nn.network import MessagePassingNetwork
from polyid.nn.tensor import Batch

# Graph rows up to which NumPy is faster: three or four polymers. A backend takes 10 ms to dispatch its operations, however few the rows.
_FEW_ROWS = 2_000
_OF_A_MEMBER = ("atom_token", "bond_token")


@dataclass(frozen=True)
class GraphBatch:
    """Graphs side by side, as networks are asked about them.

    Attributes
    ----------
    arrays : dict
        Of `polyid.graphs.batch.pack`, shared by all members but for their tokens, (M, 1, rows).
    graphs : int
    few : bool
        Whether NumPy is asked.
    """

    arrays: dict
    graphs: int
    few: bool


class MemberNetworks:
    """The networks of all members, with their weights side by side.

    Shapes: M members, G graphs, P outputs of a network, F features, e directed bond classes.

    Parameters
    ----------
    members : sequence of BundleMember
        At least one; all of one class and widths, and with the same reading of SMILES.

    Attributes
    ----------
    config : NetworkConfig
        With the embeddings of the member that has most classes.
    network : MessagePassingNetwork
        Of one member, the first.
    """

    def __init__(self, members: Sequence[BundleMember]):
        self._members, first = list(members), members[0]
        self.config = replace(
            first.config,
            atom_classes=max(m.config.atom_classes for m in members),
            bond_classes=max(m.config.bond_classes for m in members),
        )
        # One member at a time keeps the states of atoms and bonds near the cores; the next begins where cores are idle.
        self.network = first.network_class(self.config, 1, xla=False)
        weights = []
        for member in reversed(self._members):
            self.network.set_member_weights([member.weights])
            weights.append([ops.convert_to_numpy(variable) for variable in self.network.trainable_variables])
        stacked = [ops.convert_to_tensor(np.stack(one)) for one in zip(*reversed(weights), strict=True)]
        # Each is traced when it is first asked for. Fingerprints cost next to nothing, a trace more than a second.
        self._predictions = compiled(partial(self._every_member, _predictions_and_fingerprints, 2), stacked)
        self._values = compiled(partial(self._every_member, _bond_values, 1), stacked)
        self._shapes = BatchShapes()
        # A class of one's own may compute with Keras's operations only.
        self._of_few: MessagePassingNetwork | None = None
        if first.network_class is MessagePassingNetwork:
            self._of_few = MessagePassingNetwork(self.config, len(members))
            self._of_few.set_member_weights([member.weights for member in members])
            self._of_few.to_numpy()

    def warm_up(self, graph: QuotientGraph) -> None:
        """Do what takes seconds the first time, before somebody with more than a few graphs waits for it."""
        self.predictions(self._batch([graph], few=False))

    def batch(self, graphs: Sequence[QuotientGraph]) -> GraphBatch:
        """At least one graph, to be asked about."""
        few = self._of_few is not None and sum(int(graph.sizes.sum()) for graph in graphs) <= _FEW_ROWS
        return self._batch(graphs, few)

    def predictions(self, batch: GraphBatch) -> tuple[np.ndarray, np.ndarray]:
        """Outputs (M, G, P) in scaled units, and learned fingerprints (M, G, F)."""
        outputs, learned = self._asked(_predictions_and_fingerprints, self._predictions, batch)
        return outputs[:, : batch.graphs], learned[:, : batch.graphs]

    def bond_values(self, batch: GraphBatch) -> np.ndarray:
        """What each final bond state says of each output, shape (M, e, P) in scaled units; rows behind e mean nothing."""
        (values,) = self._asked(_bond_values, self._values, batch)
        return values

    def _asked(self, answer: Callable, by_backend: Callable, batch: GraphBatch) -> list[np.ndarray]:
        arrays = batch.arrays
        if not batch.few:
            return [ops.convert_to_numpy(array) for array in by_backend(arrays)]
        return list(answer(self._of_few, arrays | {name: arrays[name][:, 0] for name in _OF_A_MEMBER}))

    def _every_member(self, answer: Callable, outputs: int, weights: list, batch: dict) -> tuple:
        """The outputs of `answer` for a batch, with each member's weights and tokens in turn, joined along the first axis."""

        def answer_of(own: tuple) -> tuple:
            of_member, tokens = own
            with keras.StatelessScope(list(zip(self.network.trainable_variables, of_member, strict=True))):
                return tuple(array[0] for array in answer(self.network, batch | tokens))

        each = (weights, {name: batch[name] for name in _OF_A_MEMBER})
        if keras.backend.backend() != "tensorflow":
            return ops.map(answer_of, each)
        import tensorflow as tf

        # Nothing here is for AutoGraph, which would rewrite it anew for each call that is not traced.
        answer_of = tf.autograph.experimental.do_not_convert(answer_of)
        return tf.map_fn(answer_of, each, fn_output_signature=(tf.float32,) * outputs, parallel_iterations=2)

    def _batch(self, graphs: Sequence[QuotientGraph], few: bool) -> GraphBatch:
        """With every member's tokens; padded where the backend compiles each shape for itself."""
        tokens = [[m.preprocessor.tokenise(g) for g in graphs] for m in self._members]
        needed = np.append(np.sum([graph.sizes for graph in graphs], axis=0), len(graphs))
        padded = None if few else self._shapes.padded(needed)
        batch = pack([graphs], tokens[:1], *((padded[:-1], int(padded[-1])) if padded is not None else ()))
        for place, name in enumerate(_OF_A_MEMBER):
            joined = np.stack([np.concatenate([t[place] for t in own])[None] for own in tokens]).astype(np.int32)
            batch[name] = np.pad(joined, ((0, 0), (0, 0), (0, batch[name].shape[-1] - joined.shape[-1])))
        return GraphBatch(batch, len(graphs), few)


def _predictions_and_fingerprints(network: MessagePassingNetwork, batch: Batch) -> tuple:
    bonds = network.bond_states(batch)
    return network.read_out(bonds, batch), network.fingerprints(bonds, batch)


def _bond_values(network: MessagePassingNetwork, batch: Batch) -> tuple:
    return (network.bond_values(network.bond_states(batch)),)
