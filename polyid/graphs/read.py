"""From a SMILES to its molecular graph: atoms and directed bonds in the order nfp gives them, with their features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rdkit import Chem

from polyid.chemistry.polymer import LOCAL_REACH, Polymer, times_of_units
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
    if explicit_hs and not (isinstance(atom_features, Feature) and isinstance(bond_features, BondFeature)):
        mol = Chem.AddHs(mol)
    atoms, bonds = atoms_of(mol), bonds_of(mol)
    atom_types: dict = {}
    bond_types: dict = {}
    if isinstance(atom_features, Feature) and isinstance(bond_features, BondFeature):
        of_atom, of_bond = atom_features.values, bond_features.values
        atom_type = np.array([atom_types.setdefault(of_atom(a, explicit_hs), len(atom_types)) for a in atoms], np.int64)
        read = [
            (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), bond_types.setdefault(of_bond(b, explicit_hs), len(bond_types)))
            for b in bonds
        ]
        begin, end, plain = np.array(read, np.int64).reshape(-1, 3).T
        names = [kind[0] for kind in atom_types]
        symbols = sorted(set(names))
        element = np.array([symbols.index(name) for name in names], np.int64)[atom_type]
        ends = np.minimum(element[begin], element[end]), np.maximum(element[begin], element[end])
        shape = (len(bond_types), len(symbols), len(symbols))
        plain_ends, bond_type = np.unique(np.ravel_multi_index((plain, *ends), shape), return_inverse=True)
        kinds = list(bond_types)
        atom_texts = [str(kind) for kind in atom_types]
        bond_texts = [
            str((*kinds[i], [symbols[j], symbols[k]]))
            for i, j, k in zip(*np.unravel_index(plain_ends, shape), strict=True)
        ]
        hydrogens = np.array([a.GetTotalNumHs() for a in atoms_of(mol)] if explicit_hs else [], np.int64)
        if hydrogens.any():
            heavy = len(atom_type)
            carriers = np.repeat(np.arange(heavy), hydrogens)
            to_element = {
                i: _place(bond_texts, str(bond_features.hydrogen(symbols[i]))) for i in set(element[carriers].tolist())
            }
            begin = np.append(begin, carriers)
            end = np.append(end, np.arange(heavy, heavy + len(carriers)))
            bond_type = np.append(bond_type, [to_element[i] for i in element[carriers].tolist()])
            kind = _place(atom_texts, str(atom_features.hydrogen()))
            atom_type = np.append(atom_type, np.full(len(carriers), kind))
    else:
        atom_type = np.array([atom_types.setdefault(str(atom_features(a)), len(atom_types)) for a in atoms], np.int64)
        # nfp compares an atom's data with an index, so a bond feature never sees flipped=True; the same is done here.
        texts = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), str(bond_features(b, flipped=False))) for b in bonds]
        read = [(begin, end, bond_types.setdefault(text, len(bond_types))) for begin, end, text in texts]
        begin, end, bond_type = np.array(read, np.int64).reshape(-1, 3).T
        atom_texts, bond_texts = list(atom_types), list(bond_types)
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


def read_regular(
    polymer: Polymer, atom_features: Callable, bond_features: Callable, explicit_hs: bool, rounds: int
) -> MolecularGraph:
    """Graph of a short chain in which so many rounds of message passing see all that they see in a regular chain.

    Features are read from a still shorter one; the units between its ends and its middle are copies of the middle.

    Returns
    -------
    MolecularGraph
        Its weights say how often each atom counts.
    """
    short = polymer.short_chain()
    graph = graph_of(short.molecule, atom_features, bond_features, explicit_hs)
    unit = short.unit
    if len(graph.atom_type) > len(unit):  # hydrogens come behind all other atoms
        heavy = len(unit)
        carrier = np.zeros(len(graph.atom_type) - heavy, np.int64)
        of_hydrogen = graph.connectivity[:, 0] >= heavy
        carrier[graph.connectivity[of_hydrogen, 0] - heavy] = graph.connectivity[of_hydrogen, 1]
        unit = np.append(unit, unit[carrier])
    units = polymer.units_of_short_chain(rounds + LOCAL_REACH)
    times = times_of_units(units, polymer.degree)
    if units == len(short.times):
        return replace(graph, weight=times[unit])
    return _lengthened(graph, unit, times)


def _lengthened(graph: MolecularGraph, unit: np.ndarray, times: np.ndarray) -> MolecularGraph:
    """A chain with more units, which count `times`, than the one that has a graph; `unit` is the number of each atom's (V,)."""
    before, after = int(unit.max()) + 1, len(times)
    ends = before // 2
    # The unit of the given chain that each unit of the longer one is a copy of.
    copied = np.concatenate([np.arange(ends), np.full(after - 2 * ends, ends), np.arange(before - ends, before)])
    size = np.bincount(unit)
    by_unit = np.argsort(unit, kind="stable")
    place = np.empty(len(unit), np.int64)
    place[by_unit] = np.arange(len(unit)) - np.repeat(np.cumsum(size) - size, size)
    begin = np.cumsum(size[copied]) - size[copied]

    atoms = _of_units(unit, by_unit, copied)
    source, target = graph.connectivity.T
    by_source = np.lexsort((place[source], unit[source]))
    bonds = _of_units(unit[source], by_source, copied)
    own = np.repeat(np.arange(after), np.bincount(unit[source], minlength=before)[copied])
    source, target = source[bonds], target[bonds]
    other = own + unit[target] - unit[source]
    connectivity = np.stack([begin[own] + place[source], begin[other] + place[target]], axis=1)
    return MolecularGraph(
        graph.atom_features,
        graph.atom_type[atoms],
        graph.bond_features,
        graph.bond_type[bonds],
        connectivity,
        np.repeat(times, size[copied]),
    )


def _of_units(unit: np.ndarray, by_unit: np.ndarray, copied: np.ndarray) -> np.ndarray:
    """The items (of which `by_unit` gives the order by unit) of the units `copied`, one unit behind the other."""
    size = np.bincount(unit, minlength=int(copied.max()) + 1)
    begin = (np.cumsum(size) - size)[copied]
    size = size[copied]
    return by_unit[np.arange(size.sum()) + np.repeat(begin - np.cumsum(size) + size, size)]
