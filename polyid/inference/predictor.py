"""Predictions of all members of an ensemble in one call, on compressed graphs, in memory that doesn't grow with the table."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

import numpy as np

from polyid.bundle.member import BundleMember
from polyid.chemistry.composition import PolymerFragments
from polyid.errors import BundleError
from polyid.graphs.refinement import QuotientGraph, refine
from polyid.inference.answers import Answers, BondValues
from polyid.inference.networks import GraphBatch, MemberNetworks
from polyid.inference.reader import OligomerReader, ReadPolymers, one_ahead, parts_of, read_parts
from polyid.inference.threads import one_blas_thread
from polyid.kernel.neighbourhood import neighbourhood
from polyid.uncertainty.stated import OUTPUTS, stated_errors

# Graph rows of one call; at 64 features about 100 MiB of intermediate states.
_ROWS_A_CALL = 200_000
# Polymers whose graphs are one file of the cache.
_POLYMERS_A_FILE = 2_000
Read = TypeVar("Read", bound=ReadPolymers)


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
        self._outputs = OUTPUTS if first.distilled else 1
        if any(m.preprocessor.featuriser_key != first.preprocessor.featuriser_key for m in members):
            raise BundleError("The members of the ensemble read SMILES differently; train them with one preprocessor.")
        if len({m.network_class for m in members}) > 1:
            raise BundleError("The members' networks are of several classes; train them with one model builder.")
        if len({None if m.kernel is None else id(m.kernel.references) for m in members}) > 1:
            raise BundleError(
                "The kernel regressions of the ensemble's members compare with different polymers, or some members have "
                "none; train them together."
            )
        self.networks = MemberNetworks(self.members)
        scalers = [member.scaler for member in members]
        self._scale, self._centre = (
            np.stack(
                [
                    np.full((1, first.config.properties // self._outputs), default)
                    if s is None
                    else getattr(s, name)[None]
                    for s in scalers
                ]
            )
            for name, default in (("scale_", 1.0), ("center_", 0.0))
        )

    def warm_up(self) -> None:
        """Answer once, so that what takes seconds the first time is done before somebody waits for it."""
        self.predict(["CCCC"])
        self.networks.warm_up(self.reader(fragments=False)(["CCCC"]).graphs[0])

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
        kernel: bool = True,
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
        kernel : bool
            Ask the kernel regressions too, if there are any.

        Raises
        ------
        PolymerError
            Names the row and the SMILES that can't be read.
        """
        rows: dict[str, int] = {}
        for i, text in enumerate(smiles):
            rows.setdefault(text, i)
        # A polymer in two rows is one to the networks: rounding would tell them apart.
        distinct = list(rows)
        step = range(0, max(1, len(distinct)), _POLYMERS_A_FILE)
        parts = [slice(i, i + _POLYMERS_A_FILE) for i in step] if cache else parts_of(len(distinct))
        reader = self.reader(cache=cache, fragments=kernel and fragments is None)
        texts = [(distinct[part], [rows[text] + 1 for text in distinct[part]]) for part in parts]
        read = read_parts(reader, texts, 0 if cache else len(distinct))
        if kernel and fragments is not None:
            own = (fragments.chosen([rows[text] for text in distinct[part]]) for part in parts)
            read = (replace(one, fragments=known) for one, known in zip(read, own, strict=False))
        found = Answers.joined([answers for _, answers in self.each_answer(read, fingerprints, len(texts))])
        place = {text: i for i, text in enumerate(distinct)}
        return found.chosen([place[text] for text in smiles])

    def each_answer(
        self, read: Generator[Read, None, None], fingerprints: bool = False, parts: int | None = None
    ) -> Iterator[tuple[Read, Answers]]:
        """What the ensemble says of polymers that are read part by part; the next part is read meanwhile.

        Parameters
        ----------
        read : generator of ReadPolymers
            Closed at the end, early or not.
        fingerprints : bool
            As of `answers`.
        parts : int, optional
            How many there are, where it is known.
        """
        config = self.networks.config
        widths = (config.properties, config.features) if fingerprints else (config.properties,)

        def batches() -> Generator[tuple[Read, slice, GraphBatch | None], None, None]:
            with closing(read):
                for part in read:
                    yield from ((part, *batch) for batch in self._batches(part.graphs))

        # Threads of products so small wait for each other longer than they compute.
        with one_blas_thread():
            out: list[np.ndarray] = []
            for part, rows, batch in one_ahead(batches(), parts):
                out = out or [np.empty((len(self.members), len(part.graphs), width)) for width in widths]
                if batch is not None:
                    for array, answer in zip(out, self.networks.predictions(batch), strict=False):
                        array[:, rows] = answer
                if rows.stop == len(part.graphs):
                    yield part, self._answers(part, *out)
                    out = []

    def reader(self, *, cache: bool = False, fragments: bool = True) -> OligomerReader:
        """How oligomer SMILES are read for this ensemble.

        Parameters
        ----------
        cache : bool
            Keep the graphs on disk.
        fragments : bool
            Read what the kernel regression needs, if there is one.
        """
        fragments = fragments and self.members[0].kernel is not None
        featuriser = self.members[0].preprocessor.featuriser(self.networks.config.num_messages)
        return OligomerReader(featuriser, cache, fragments)

    def fingerprints(self, smiles: Sequence[str], *, cache: bool = False) -> np.ndarray:
        """Learned fingerprints of oligomer SMILES: the mean final bond state in every member; float32, shape (M, n, F)."""
        learned = self.answers(smiles, cache=cache, fingerprints=True, kernel=False).fingerprints
        assert learned is not None, "they were asked for"
        return learned

    def bond_values(self, smiles: str) -> BondValues:
        """What every directed bond of one oligomer SMILES says of every property, in every member.

        Raises
        ------
        PolymerError
            The SMILES can't be read.
        """
        molecule = self.reader(fragments=False).featuriser.read(smiles)
        graph, _, bond_classes = refine(molecule, self.networks.config.num_messages)
        values = self.networks.bond_values(self.networks.batch([graph])).astype(float)
        centre = np.zeros((len(self.members), 1, values.shape[-1]))
        share = (
            np.ones(len(molecule.connectivity))
            if molecule.weight is None
            else molecule.weight[molecule.connectivity[:, 0]]
        )
        share = share / max(share.sum(), 1e-30)
        return BondValues(
            self._in_units(values), bond_classes[-1], molecule.connectivity, share, self._in_units(centre)[:, 0]
        )

    def atoms_of_graph(self, smiles: str) -> int:
        """Atoms of an oligomer's graph: the heavy ones, and hydrogens where they are atoms of it."""
        return len(self.members[0].preprocessor.molecular_graph(smiles).atom_type)

    def _in_units(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled values (M, n, P) of each member in the units of the properties, as scikit-learn's scaler has them."""
        return scaled[..., : scaled.shape[-1] // self._outputs] * self._scale + self._centre

    def _answers(self, read: ReadPolymers, scaled: np.ndarray, learned: np.ndarray | None = None) -> Answers:
        """Answers to a part of which the networks' are known."""
        network = self._in_units(scaled)
        learned = None if learned is None else learned.astype(np.float32)
        stated = stated_errors(scaled, [m.scaler for m in self.members]) if self._outputs > 1 else (None, None)
        kernels = [member.kernel for member in self.members if member.kernel is not None]
        if not kernels or read.fragments is None:
            return Answers(network, None, None, None, None, learned, *stated)
        first = kernels[0]
        similarity = first.references.similarity(read.fragments)
        descriptors = first.references.described(read.fragments)
        kernel = np.stack([of_member.predict(similarity, descriptors) for of_member in kernels])
        novelty, roughness = neighbourhood(similarity, first.references.labels)
        return Answers(network, kernel, first.share, novelty, roughness, learned)

    def _batches(self, graphs: Sequence[QuotientGraph]) -> Iterator[tuple[slice, GraphBatch | None]]:
        """Batches of as many polymers as one call may hold, each with its place among `graphs`; None if there is no graph."""
        start, rows = 0, 0
        for stop, graph in enumerate(graphs):
            size = int(graph.sizes.sum())
            if stop > start and rows + size > _ROWS_A_CALL:
                yield slice(start, stop), self.networks.batch(graphs[start:stop])
                start, rows = stop, 0
            rows += size
        yield slice(start, len(graphs)), self.networks.batch(graphs[start:]) if graphs else None
