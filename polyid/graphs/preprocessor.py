"""From a row of a table to the integers a network reads; nfp's preprocessor interface over our one featuriser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

import networkx as nx
import numpy as np
import pandas as pd
from nfp.preprocessing.mol_preprocessor import SmilesPreprocessor

from polyid.chemistry.polymer import Polymer
from polyid.common.custom import check_custom_class, custom_class
from polyid.errors import BundleError
from polyid.graphs.features import FEATURES, atom_features_v1, bond_features_v1, feature_name, resolve_feature
from polyid.graphs.featuriser import Featuriser
from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.read import read_graph
from polyid.graphs.refinement import QuotientGraph
from polyid.graphs.vocabulary import FeatureVocabulary


class PolymerPreprocessor(SmilesPreprocessor):
    """Numbers the atom and bond features of the ``smiles_polymer`` of a row, or of a SMILES.

    Class 0 is padding and class 1 a feature not seen in training, as in nfp.

    Parameters
    ----------
    atom_features, bond_features : callable, optional
        Functions of an RDKit atom or bond that return text; by default nfp's `atom_features_v1` and `bond_features_v1`.
    explicit_hs : bool
        Whether hydrogens are atoms of the graph.

    Notes
    -----
    A class of one's own overrides `molecular_graph`, which must not depend on what was fitted, `tokenise`, or `fit_rows` and
    `row_features`; with settings of its own also `to_dict` and `from_dict`. A model records its name, and is loaded with
    ``custom_objects={name: class}``.
    """

    def __init__(
        self,
        atom_features: Callable | None = None,
        bond_features: Callable | None = None,
        explicit_hs: bool = True,
        **kwargs: Any,
    ):
        super().__init__(
            atom_features=resolve_feature(atom_features or atom_features_v1),
            bond_features=resolve_feature(bond_features or bond_features_v1),
            explicit_hs=explicit_hs,
            **kwargs,
        )
        self.atom_tokenizer, self.bond_tokenizer = FeatureVocabulary(), FeatureVocabulary()

    def create_nx_graph(self, row: pd.Series | str, **kwargs: Any) -> nx.DiGraph:
        return super().create_nx_graph(_oligomer(row), **kwargs)

    def molecular_graph(self, smiles: str) -> MolecularGraph:
        """The graph of a SMILES in this preprocessor's features."""
        return read_graph(smiles, self.atom_features, self.bond_features, self.explicit_hs)

    def __call__(
        self,
        structure: pd.Series | str,
        *args: Any,
        train: bool = False,
        max_num_nodes: int | None = None,
        max_num_edges: int | None = None,
        **kwargs: Any,
    ) -> dict[str, np.ndarray]:
        """Arrays ``atom`` (V,), ``bond`` (D,) and ``connectivity`` (D, 2), as nfp's preprocessor gives them."""
        graph = self.molecular_graph(_oligomer(structure))
        n_atoms, n_bonds = len(graph.atom_type), len(graph.bond_type)
        max_num_nodes = n_atoms if max_num_nodes is None else max_num_nodes
        max_num_edges = n_bonds if max_num_edges is None else max_num_edges
        if n_atoms > max_num_nodes or n_bonds > max_num_edges:
            raise ValueError(f"{n_atoms} atoms and {n_bonds} directed bonds exceed {max_num_nodes} and {max_num_edges}")
        self.atom_tokenizer.train = self.bond_tokenizer.train = train
        atom = np.zeros(max_num_nodes, self.output_dtype)
        bond = np.zeros(max_num_edges, self.output_dtype)
        connectivity = np.zeros((max_num_edges, 2), "int64")
        atom_classes, bond_classes = self.tokenise(graph)
        atom[:n_atoms] = atom_classes[graph.atom_type]
        bond[:n_bonds] = bond_classes[graph.bond_type]
        connectivity[:n_bonds] = graph.connectivity
        return {"atom": atom, "bond": bond, "connectivity": connectivity, **self.row_features(structure)}

    def row_features(self, row: pd.Series | str) -> dict[str, Any]:
        """What `__call__` gives besides, of other columns of a row; for networks that are trained elsewhere."""
        return {}

    def fit_rows(self, rows: pd.DataFrame) -> None:
        """Take from the training rows what `row_features` needs."""

    def tokenise(self, graph: MolecularGraph | QuotientGraph) -> tuple[np.ndarray, np.ndarray]:
        """Embedding classes of the graph's `atom_features` and `bond_features`."""
        atoms = np.array([self.atom_tokenizer(text) for text in graph.atom_features], np.int32)
        bonds = np.array([self.bond_tokenizer(text) for text in graph.bond_features], np.int32)
        return atoms, bonds

    def fit(self, graphs: Iterable[MolecularGraph | QuotientGraph]) -> PolymerPreprocessor:
        """Give every feature of `graphs` a class of its own."""
        self.atom_tokenizer.train = self.bond_tokenizer.train = True
        for graph in graphs:
            self.tokenise(graph)
        self.atom_tokenizer.train = self.bond_tokenizer.train = False
        return self

    def featuriser(self, rounds: int) -> Featuriser:
        """How SMILES are read for a network of so many rounds of message passing."""
        own_reading = (
            self.molecular_graph if type(self).molecular_graph is not PolymerPreprocessor.molecular_graph else None
        )
        return Featuriser(self.atom_features, self.bond_features, self.explicit_hs, rounds, own_reading)

    @property
    def featuriser_key(self) -> tuple[str, str, str, bool]:
        """What a graph depends on besides the SMILES; equal keys mean equal graphs."""
        return type(self).__name__, feature_name(self.atom_features), feature_name(self.bond_features), self.explicit_hs

    def to_dict(self) -> dict[str, Any]:
        """All that is needed to read SMILES the same way again, as JSON can hold it."""
        return {
            "preprocessor": type(self).__name__,
            "atom_features": feature_name(self.atom_features),
            "bond_features": feature_name(self.bond_features),
            "explicit_hs": self.explicit_hs,
            "atom_classes": self.atom_tokenizer.to_dict(),
            "bond_classes": self.bond_tokenizer.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any], custom_objects: dict[str, Callable] | None = None) -> Self:
        """The preprocessor that `to_dict` described; feature functions of one's own come in `custom_objects` by name."""
        features: dict[str, Callable] = {**FEATURES, **(custom_objects or {})}
        for key in ("atom_features", "bond_features"):
            if state[key] not in features:
                raise BundleError(
                    f"The model was trained with {key} {state[key]!r}, which this version does not have; "
                    f"pass the function as custom_objects={{{state[key]!r}: function}}."
                )
        new = cls(
            atom_features=features[state["atom_features"]],
            bond_features=features[state["bond_features"]],
            explicit_hs=bool(state["explicit_hs"]),
        )
        new.atom_tokenizer = FeatureVocabulary.from_dict(state["atom_classes"])
        new.bond_tokenizer = FeatureVocabulary.from_dict(state["bond_classes"])
        return new


def _oligomer(structure: pd.Series | str) -> str:
    """SMILES of a row's oligomer, whose ``smiles_polymer`` is that or a `polyid.chemistry.polymer.Polymer.key`."""
    return structure if isinstance(structure, str) else Polymer.read(structure["smiles_polymer"]).smiles()


_OF_NFP_ALONE = dict.fromkeys(
    (
        "create_nx_graph",
        "get_node_features",
        "get_edge_features",
        "get_graph_features",
        "get_connectivity",
        "construct_feature_matrices",
        "output_signature",
        "padding_values",
        "__call__",
    ),
    "molecular_graph, which gives the graphs, or tokenise, which numbers their features",
)


def check_preprocessor(cls: type) -> None:
    """Refuse a preprocessor that can't do here what it says; see `polyid.common.custom.check_custom_class`."""
    check_custom_class(cls, PolymerPreprocessor, _OF_NFP_ALONE)


def read_preprocessor(state: dict[str, Any], custom_objects: dict[str, Callable] | None = None) -> PolymerPreprocessor:
    """The preprocessor of any class that `to_dict` described; a class of one's own comes in `custom_objects` by its name.

    Raises
    ------
    BundleError
        The class, or a feature function, is not there.
    """
    name = str(state.get("preprocessor", PolymerPreprocessor.__name__))
    cls = custom_class(name, PolymerPreprocessor, "preprocessor", custom_objects)
    return cls.from_dict(state, custom_objects)
