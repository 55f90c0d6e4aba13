"""From a SMILES to its molecular graph: atoms and directed bonds in the order nfp gives them, with their features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rdkit import Chem

from polyid.chemistry.smiles import atoms_of, bonds_of, parse_smiles
from polyid.graphs.features import BondFeature, Feature
from polyid.graphs.molecular import MolecularGraph


def read_graph(smiles: str, atom_features: Callable, bond_features: Callable, explicit_hs: bool) -> MolecularGraph:
    """Molecular graph of a SMILES, atoms and directed bonds in the order nfp's `SmilesPreprocessor` gives them.

    Parameters
    ----------
    smiles : str
        A molecule, as a rule an oligomer.
    atom_features, bond_features : callable
        A `Feature`, or any function of an RDKit atom, or bond and ``flipped``, that returns text.
    explicit_hs : bool
        Whether hydrogens are atoms of the graph.
    """
    return graph_of(parse_smiles(smiles), atom_features, bond_features, explicit_hs)


def graph_of(mol: Chem.Mol, atom_features: Callable, bond_features: Callable, explicit_hs: bool) -> MolecularGraph:
    """`read_graph` of a molecule."""
    if isinstance(atom_features, Feature) and isinstance(bond_features, BondFeature):
        hydrogens = [a.GetTotalNumHs() for a in atoms_of(mol)] if explicit_hs else []
        read = ReadFeatures(atom_features, bond_features, explicit_hs)
        atom_type = np.array([read.atom(a) for a in atoms_of(mol)], np.int64)
        bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), read.bond(b)) for b in bonds_of(mol)]
        begin, end, bond_type = np.array(bonds, np.int64).reshape(-1, 3).T
        return read.graph(atom_type, begin, end, bond_type, np.array(hydrogens, np.int64))
    mol = Chem.AddHs(mol) if explicit_hs else mol
    atom_types: dict = {}
    bond_types: dict = {}
    atom_type = np.array(
        [atom_types.setdefault(str(atom_features(a)), len(atom_types)) for a in atoms_of(mol)], np.int64
    )
    # nfp compares an atom's data with an index, so a bond feature never sees flipped=True; the same is done here.
    texts = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), str(bond_features(b, flipped=False))) for b in bonds_of(mol)]
    bonds = [(begin, end, bond_types.setdefault(text, len(bond_types))) for begin, end, text in texts]
    begin, end, bond_type = np.array(bonds, np.int64).reshape(-1, 3).T
    return _directed(list(atom_types), atom_type, list(bond_types), bond_type, begin, end)


class ReadFeatures:
    """The features of atoms and bonds as they are read one by one, and the graph of numbers that stand for them.

    Parameters
    ----------
    atom_features : Feature
    bond_features : BondFeature
    explicit_hs : bool
    """

    def __init__(self, atom_features: Feature, bond_features: BondFeature, explicit_hs: bool):
        self._features, self._explicit_hs = (atom_features, bond_features), explicit_hs
        self._atoms: dict[tuple, int] = {}
        self._bonds: dict[tuple, int] = {}

    def atom(self, atom: Chem.Atom) -> int:
        """Number of an atom's feature."""
        return self._atoms.setdefault(self._features[0].values(atom, self._explicit_hs), len(self._atoms))

    def bond(self, bond: Chem.Bond) -> int:
        """Number of a bond's feature, as far as its atoms don't matter."""
        return self._bonds.setdefault(self._features[1].values(bond, self._explicit_hs), len(self._bonds))

    def graph(
        self, atom_type: np.ndarray, begin: np.ndarray, end: np.ndarray, bond_type: np.ndarray, hydrogens: np.ndarray
    ) -> MolecularGraph:
        """The graph of heavy atoms (V,) and bonds (B,) of these numbers, and so many `hydrogens` of each atom; none where empty."""
        names = [kind[0] for kind in self._atoms]
        symbols = sorted(set(names))
        element = np.array([symbols.index(name) for name in names], np.int64)[atom_type]
        ends = np.minimum(element[begin], element[end]), np.maximum(element[begin], element[end])
        shape = (max(1, len(self._bonds)), len(symbols), len(symbols))
        plain_ends, bond_type = np.unique(np.ravel_multi_index((bond_type, *ends), shape), return_inverse=True)
        kinds = list(self._bonds)
        atom_texts = [str(kind) for kind in self._atoms]
        bond_texts = [
            str((*kinds[i], [symbols[j], symbols[k]]))
            for i, j, k in zip(*np.unravel_index(plain_ends, shape), strict=True)
        ]
        if hydrogens.any():
            heavy = len(atom_type)
            carriers = np.repeat(np.arange(heavy), hydrogens)
            hydrogen = self._features[1].hydrogen
            to_element = {i: _place(bond_texts, str(hydrogen(symbols[i]))) for i in set(element[carriers].tolist())}
            begin = np.append(begin, carriers)
            end = np.append(end, np.arange(heavy, heavy + len(carriers)))
            bond_type = np.append(bond_type, [to_element[i] for i in element[carriers].tolist()])
            kind = _place(atom_texts, str(self._features[0].hydrogen()))
            atom_type = np.append(atom_type, np.full(len(carriers), kind))
        return _directed(atom_texts, atom_type, bond_texts, bond_type, begin, end)


def _directed(
    atom_texts: list[str],
    atom_type: np.ndarray,
    bond_texts: list[str],
    bond_type: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
) -> MolecularGraph:
    """The graph with each bond in both directions."""
    source, target = np.stack([begin, end], axis=1).ravel(), np.stack([end, begin], axis=1).ravel()
    order = np.argsort(source, kind="stable")
    bond_type = np.repeat(bond_type, 2)[order]
    # Features are listed as they first appear, so that a tokeniser numbers them as nfp would.
    appearance = list(dict.fromkeys(bond_type.tolist()))
    rank = np.zeros(len(bond_texts), np.int64)
    rank[appearance] = np.arange(len(appearance))
    connectivity = np.stack([source[order], target[order]], axis=1)
    return MolecularGraph(
        tuple(atom_texts), atom_type, tuple(bond_texts[k] for k in appearance), rank[bond_type], connectivity
    )


def _place(texts: list[str], text: str) -> int:
    """Where `text` is in `texts`, behind the others if it was not there."""
    if text not in texts:
        texts.append(text)
    return texts.index(text)
