"""From SMILES to the quotient graphs that networks read, computed once a molecule and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from polyid.chemistry.copolymer_reading import weighted_chains
from polyid.chemistry.polymer import Polymer
from polyid.common.files import cache_folder
from polyid.errors import PolymerError
from polyid.graphs.cache import CACHE_VERSION, GraphStore
from polyid.graphs.features import FEATURES, feature_name
from polyid.graphs.molecular import MolecularGraph, weighted_union
from polyid.graphs.read import read_graph
from polyid.graphs.read_regular import read_regular
from polyid.graphs.refinement import QuotientGraph
from polyid.graphs.together import compress_all

# What an interrupted run loses at most.
_MOLECULES_KEPT_TOGETHER = 1_000


@dataclass(frozen=True)
class Featuriser:
    """How a network's SMILES become graphs.

    Attributes
    ----------
    atom_features, bond_features : callable
        See `polyid.graphs.read.read_graph`.
    explicit_hs : bool
        Whether hydrogens are atoms of the graph.
    rounds : int
        Rounds of message passing the graphs must be exact for.
    own_reading : callable, optional
        SMILES -> `MolecularGraph`, of a preprocessor that reads SMILES in a way of its own.

    Examples
    --------
    >>> featuriser = PolymerPreprocessor().featuriser(rounds=4)
    >>> graphs = featuriser(["CCCCCCCC"])
    """

    atom_features: Callable
    bond_features: Callable
    explicit_hs: bool
    rounds: int
    own_reading: Callable[[str], MolecularGraph] | None = None

    def __call__(
        self, smiles: Sequence[str], *, cache: bool = True, rows: Sequence[int] | None = None
    ) -> list[QuotientGraph]:
        """Quotient graphs of SMILES, equal SMILES sharing one.

        Parameters
        ----------
        smiles : sequence of str
        cache : bool
            Look on the disk first, and leave there what is new. Only the package's own features are kept: another
            function may change under its name.
        rows : sequence of int, optional
            Number of each SMILES in the user's table, for errors; by default counted from 1.

        Raises
        ------
        PolymerError
            Names the row and the SMILES that can't be read.
        """
        row_of: dict[str, int] = {}
        for row, text in zip(range(1, len(smiles) + 1) if rows is None else rows, smiles, strict=True):
            row_of.setdefault(text, row)
        store = GraphStore(cache_folder("graphs") / f"{CACHE_VERSION}.sqlite") if cache and self._is_kept else None
        distinct = list(row_of)
        graphs: dict[str, QuotientGraph] = {}
        for start in range(0, len(distinct), _MOLECULES_KEPT_TOGETHER):
            part = distinct[start : start + _MOLECULES_KEPT_TOGETHER]
            graphs |= self._computed(part, row_of) if store is None else self._kept(part, row_of, store)
        return [graphs[text] for text in smiles]

    @property
    def _is_kept(self) -> bool:
        ours = FEATURES.values()
        return self.own_reading is None and self.atom_features in ours and self.bond_features in ours

    def _kept(self, smiles: Sequence[str], row_of: dict[str, int], store: GraphStore) -> dict[str, QuotientGraph]:
        """The graphs of some different SMILES, from the disk where they are there."""
        names = {text: self._name(text) for text in smiles}
        stored = store.load(names.values())
        new = self._computed([text for text in smiles if names[text] not in stored], row_of)
        if new:
            store.save({names[text]: graph for text, graph in new.items()})
        return {text: new[text] if text in new else stored[names[text]] for text in smiles}

    def _name(self, smiles: str) -> str:
        features = (feature_name(self.atom_features), feature_name(self.bond_features))
        key = json.dumps([*features, self.explicit_hs, self.rounds, smiles])
        return hashlib.sha256(key.encode()).hexdigest()[:32]

    def _computed(self, smiles: Sequence[str], row_of: dict[str, int]) -> dict[str, QuotientGraph]:
        chains = {}
        for text in smiles:
            try:
                chains[text] = weighted_chains(text)
            except PolymerError as error:
                raise PolymerError(f"Row {row_of[text]}: {error}") from None
        regular = self._read_regular({own: None for of_polymer in chains.values() for own, _ in of_polymer})
        graphs = []
        for text, of_polymer in chains.items():
            try:
                graphs.append(self._joined(of_polymer, regular))
            except PolymerError as error:
                raise PolymerError(f"Row {row_of[text]}: {error}") from None
        return dict(zip(smiles, compress_all(graphs, self.rounds), strict=True))

    def read(self, smiles: str) -> MolecularGraph:
        """The whole graph of one SMILES, or of the weighted chains that stand for a copolymer."""
        chains = weighted_chains(smiles)
        return self._joined(chains, self._read_regular({text: None for text, _ in chains}))

    def _joined(self, chains: Sequence[tuple[str, float]], regular: dict[str, MolecularGraph]) -> MolecularGraph:
        """One graph of a polymer's chains; those that are regular have been read."""
        graphs = [regular[text] if text in regular else self._read_molecule(text) for text, _ in chains]
        return graphs[0] if len(graphs) == 1 else weighted_union(graphs, [weight for _, weight in chains])

    def _read_regular(self, smiles: Iterable[str]) -> dict[str, MolecularGraph]:
        """The graphs of those that are regular chains."""
        if self.own_reading is not None:
            return {}
        polymers = {text: polymer for text in smiles if (polymer := Polymer.read(text)).is_regular}
        graphs = read_regular(
            list(polymers.values()), self.atom_features, self.bond_features, self.explicit_hs, self.rounds
        )
        return dict(zip(polymers, graphs, strict=True))

    def _read_molecule(self, smiles: str) -> MolecularGraph:
        if self.own_reading is not None:
            return self.own_reading(Polymer.read(smiles).smiles())
        return read_graph(smiles, self.atom_features, self.bond_features, self.explicit_hs)
