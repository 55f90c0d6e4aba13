"""Predictions of all members of an ensemble in one call, on compressed graphs, in memory that doesn't grow with the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from keras import ops

from polyid.bundle import BundleMember
from polyid.errors import BundleError
from polyid.featurise import featurise
from polyid.graphs import QuotientGraph, pack, refine
from polyid.kernel import PolymerFragments, neighbourhood, polymer_fragments
from polyid.network import MessagePassingNetwork
from polyid.stacking import blended

# Graph rows of one call; at 64 features about 100 MiB of intermediate states.
_ROWS_A_CALL = 200_000
_POLYMERS_A_CHUNK = 2_000
_OF_A_MEMBER = ("atom_token", "bond_token")


@dataclass(frozen=True)
class BondValues:
    """What every bond of one molecule says of every property; a prediction is their mean over the directed bonds.

    Attributes
    ----------
    values : float array, shape (M, e, P)
        Value of each class of directed bonds, in the units of the properties.
    bond_class : int array, shape (D,)
        Class of each directed bond.
    connectivity : int array, shape (D, 2)
        Source and target atom of each directed bond, numbered as `polyid.features.parse_smiles` numbers them; hydrogens,
        where they are atoms of the network's graph, come behind all others.
    centre : float array, shape (M, P)
        What a bond says that the network's last layer gives 0: the median of the member's training targets.
    """

    values: np.ndarray
    bond_class: np.ndarray
    connectivity: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Answers:
    """What an ensemble says of n polymers, part by part.

    Attributes
    ----------
    network : float array, shape (M, n, P)
        Predictions of each member's network, in the units of the properties.
    kernel : float array, shape (M, n, P), or None
        Predictions of each member's kernel regression.
    share : float array, shape (P,), or None
        Share of the networks in the prediction.
    novelty, roughness : float arrays, shape (n, P), or None
        Of `polyid.kernel.neighbourhood`.
    fingerprints : float32 array, shape (M, n, F), or None
        Learned fingerprints, where asked for.
    """

    network: np.ndarray
    kernel: np.ndarray | None
    share: np.ndarray | None
    novelty: np.ndarray | None
    roughness: np.ndarray | None
    fingerprints: np.ndarray | None = None

    @property
    def members(self) -> np.ndarray:
        """Prediction of each member, shape (M, n, P)."""
        return blended(self.network, self.kernel, self.share)

    @property
    def clues(self) -> np.ndarray:
        """What the expected error is guessed from, shape (n, P, 4); see `polyid.intervals`."""
        return error_clues(self.network, self.kernel, self.novelty, self.roughness)


def error_clues(
    network: np.ndarray, kernel: np.ndarray | None, novelty: np.ndarray | None, roughness: np.ndarray | None
) -> np.ndarray:
    """Clues (n, P, 4) of `polyid.intervals.CLUES`; those not known are zero.

    Networks and kernel regressions disagree by the mean over the members of the difference of the two. Without a kernel
    regression the networks disagree by their mean absolute difference, taken over pairs so that it doesn't depend on
    their number.
    """
    members, n, properties = network.shape
    clues = np.zeros((n, properties, 4))
    clues[..., 0] = 1.0
    if kernel is not None:
        clues[..., 1] = np.abs(network - kernel).mean(axis=0)
    elif members > 1:
        rank = 2.0 * np.arange(members) - (members - 1)
        clues[..., 1] = np.tensordot(rank, np.sort(network, axis=0), 1) * 2.0 / (members * (members - 1))
    if novelty is not None:
        clues[..., 2], clues[..., 3] = novelty, roughness
    return clues


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
        if len({None if m.kernel is None else id(m.kernel.references) for m in members}) > 1:
            raise BundleError(
                "The kernel regressions of the ensemble's members compare with different polymers, or some members have "
                "none; train them together."
            )
        widest = replace(
            first.config,
            atom_classes=max(m.config.atom_classes for m in members),
            bond_classes=max(m.config.bond_classes for m in members),
        )
        # One member at a time keeps the states of atoms and bonds near the cores; the next begins where cores are idle.
        self.network = MessagePassingNetwork(widest, 1, xla=False)
        weights = []
        for member in reversed(members):
            self.network.set_member_weights([member.weights])
            weights.append([ops.convert_to_numpy(variable) for variable in self.network.trainable_variables])
        self._weights = [ops.convert_to_tensor(np.stack(one)) for one in zip(*reversed(weights), strict=True)]
        # Each is traced when it is first asked for. Fingerprints cost next to nothing, a trace more than a second.
        self._predictions = _compiled(partial(self._every_member, self._predictions_and_fingerprints, 2))
        self._values = _compiled(partial(self._every_member, self._bond_values, 1))

    def _every_member(self, answer: Callable, outputs: int, batch: dict) -> tuple:
        """The outputs of `answer` for a batch, with each member's weights and tokens in turn, joined along the first axis."""

        def of_member(own: tuple) -> tuple:
            weights, tokens = own
            with keras.StatelessScope(list(zip(self.network.trainable_variables, weights, strict=True))):
                return answer(batch | tokens)

        each = (self._weights, {name: batch[name] for name in _OF_A_MEMBER})
        if keras.backend.backend() != "tensorflow":
            return ops.map(of_member, each)
        import tensorflow as tf

        return tf.map_fn(of_member, each, fn_output_signature=(tf.float32,) * outputs, parallel_iterations=2)

    def _predictions_and_fingerprints(self, batch: dict) -> tuple:
        bonds = self.network.bond_states(batch)
        return self.network.read_out(bonds, batch)[0], self.network.fingerprints(bonds, batch)[0]

    def _bond_values(self, batch: dict) -> tuple:
        return (self.network.bond_values(self.network.bond_states(batch))[0],)

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
        return self.answers(smiles, cache=cache).members

    def answers(
        self,
        smiles: Sequence[str],
        *,
        cache: bool = False,
        fingerprints: bool = False,
        fragments: PolymerFragments | None = None,
    ) -> Answers:
        """All that the ensemble says of oligomer SMILES, part by part.

        Parameters
        ----------
        smiles : sequence of str
        cache : bool
            Keep the graphs on disk.
        fingerprints : bool
            Give the learned fingerprints too, which costs next to nothing.
        fragments : PolymerFragments, optional
            Of `smiles`, where they are known already.
        """
        config = self.network.config
        widths = (config.properties, config.features) if fingerprints else (config.properties,)
        scaled, *learned = self._answers(widths, smiles, cache)
        network = self._in_units(scaled)
        learned = learned[0].astype(np.float32) if learned else None
        first = self.members[0].kernel
        if first is None:
            return Answers(network, None, None, None, None, learned)
        kernel = np.empty_like(network)
        novelty, roughness = np.empty(network.shape[1:]), np.empty(network.shape[1:])
        for start in range(0, len(smiles), _POLYMERS_A_CHUNK):
            rows = range(start, min(start + _POLYMERS_A_CHUNK, len(smiles)))
            own = polymer_fragments([smiles[i] for i in rows]) if fragments is None else fragments.chosen(rows)
            similarity = first.references.similarity(own)
            for m, member in enumerate(self.members):
                kernel[m, rows] = member.kernel.predict(similarity)
            novelty[rows], roughness[rows] = neighbourhood(similarity, first.references.labels)
        return Answers(network, kernel, first.share, novelty, roughness, learned)

    def fingerprints(self, smiles: Sequence[str], *, cache: bool = False) -> np.ndarray:
        """Learned fingerprints of oligomer SMILES: the mean final bond state in every member; float32, shape (M, n, F)."""
        config = self.network.config
        return self._answers((config.properties, config.features), smiles, cache)[1].astype(np.float32)

    def bond_values(self, smiles: str) -> BondValues:
        """What every directed bond of one oligomer SMILES says of every property, in every member.

        Raises
        ------
        PolymerError
            The SMILES can't be read.
        """
        molecule = self.members[0].preprocessor.molecular_graph(smiles)
        graph, _, bond_classes = refine(molecule, self.network.config.num_messages)
        values = ops.convert_to_numpy(self._values(self._batch([graph]))[0]).astype(float)
        centre = np.zeros((len(self.members), 1, values.shape[-1]))
        return BondValues(self._in_units(values), bond_classes[-1], molecule.connectivity, self._in_units(centre)[:, 0])

    def _in_units(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled values (M, n, P) of each member in the units of the properties."""
        return np.stack(
            [
                # scikit-learn refuses a table without rows.
                values if member.scaler is None or not len(values) else member.scaler.inverse_transform(values)
                for values, member in zip(scaled, self.members, strict=True)
            ]
        )

    def _answers(self, widths: Sequence[int], smiles: Sequence[str], cache: bool) -> list[np.ndarray]:
        """Scaled predictions and, if two widths are given, fingerprints, shape (M, n, width) each, in calls."""
        # A polymer in two rows is one to the networks: rounding would tell them apart.
        place = {text: i for i, text in enumerate(dict.fromkeys(smiles))}
        out = [np.empty((len(self.members), len(place), width)) for width in widths]
        for rows, batch in _one_ahead(self._batches(list(place), cache)):
            for array, answer in zip(out, self._predictions(batch), strict=False):
                array[:, rows] = ops.convert_to_numpy(answer)
        return [array[:, [place[text] for text in smiles]] for array in out]

    def _batches(self, smiles: Sequence[str], cache: bool) -> Iterator[tuple[slice, dict]]:
        """Batches of as many polymers as one call may hold, each with its place among `smiles`."""
        # The networks wait for the first batch alone, so it is a small one.
        start, graphs, rows, limit = 0, [], 0, _ROWS_A_CALL // 8
        for graph in self._graphs(smiles, cache):
            size = int(graph.sizes.sum())
            if graphs and rows + size > limit:
                yield slice(start, start + len(graphs)), self._batch(graphs)
                start, graphs, rows, limit = start + len(graphs), [], 0, _ROWS_A_CALL
            graphs.append(graph)
            rows += size
        if graphs:
            yield slice(start, start + len(graphs)), self._batch(graphs)

    def _graphs(self, smiles: Sequence[str], cache: bool) -> Iterator[QuotientGraph]:
        key = self.members[0].preprocessor
        rounds = self.network.config.num_messages
        step = _POLYMERS_A_CHUNK if cache else 1
        for start in range(0, len(smiles), step):
            part = smiles[start : start + step]
            yield from featurise(part, key.atom_features, key.bond_features, key.explicit_hs, rounds, cache=cache)

    def _batch(self, graphs: Sequence[QuotientGraph]) -> dict:
        """The graphs side by side, with every member's tokens."""
        tokens = [[m.preprocessor.tokenise(g) for g in graphs] for m in self.members]
        batch = pack([graphs], tokens[:1])
        for place, name in enumerate(_OF_A_MEMBER):
            batch[name] = np.stack([np.concatenate([t[place] for t in own])[None] for own in tokens])
        return keras.tree.map_structure(ops.convert_to_tensor, batch)


def _one_ahead(items: Iterator) -> Iterator:
    """The items, each made while the caller works on the one before."""
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        ahead = reader.submit(next, items, None)
        while (item := ahead.result()) is not None:
            ahead = reader.submit(next, items, None)
            yield item


def _compiled(function: Callable) -> Callable:
    """A function of a batch that TensorFlow traces once, for open shapes: every later table or single SMILES reuses it."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    traced = None

    def call(batch: dict):
        nonlocal traced
        if traced is None:
            spec = tf.nest.map_structure(
                lambda a: tf.TensorSpec((a.shape[0], *[None] * (a.ndim - 1)), tf.as_dtype(a.dtype)), batch
            )
            traced = tf.function(function, input_signature=(spec,), autograph=False)
        return traced(batch)

    return call
