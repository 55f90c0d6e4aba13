"""Graphs of regular chains, read from short ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from polyid.chemistry.polymer import LOCAL_REACH, Polymer
from polyid.chemistry.smiles import atoms_of, bonds_of
from polyid.graphs.features import BondFeature, Feature
from polyid.graphs.molecular import MolecularGraph
from polyid.graphs.read import ReadFeatures, graph_of


def read_regular(
    polymer: Polymer, atom_features: Callable, bond_features: Callable, explicit_hs: bool, rounds: int
) -> MolecularGraph:
    """Graph of a short chain in which so many rounds of message passing see all that they see in a regular chain.

    The package's own features are read from a still shorter one, whose atoms and bonds are as those of the other.

    Returns
    -------
    MolecularGraph
        Its weights say how often each atom counts.
    """
    unit = polymer.chain_unit
    reach = rounds + LOCAL_REACH
    units = unit.units(reach, polymer.degree)
    weight = unit.weight(units, reach, polymer.degree).ravel()
    if isinstance(atom_features, Feature) and isinstance(bond_features, BondFeature):
        graph = _from_shorter(polymer, units, ReadFeatures(atom_features, bond_features, explicit_hs), explicit_hs)
    else:
        graph = graph_of(unit.chain(units), atom_features, bond_features, explicit_hs)
    return replace(graph, weight=np.append(weight, weight[_carriers(graph, len(weight))]))


def _carriers(graph: MolecularGraph, heavy: int) -> np.ndarray:
    """The atom that each hydrogen is bonded to; hydrogens come behind all other atoms."""
    carrier = np.zeros(len(graph.atom_type) - heavy, np.int64)
    of_hydrogen = graph.connectivity[:, 0] >= heavy
    carrier[graph.connectivity[of_hydrogen, 0] - heavy] = graph.connectivity[of_hydrogen, 1]
    return carrier


def _from_shorter(polymer: Polymer, units: int, read: ReadFeatures, explicit_hs: bool) -> MolecularGraph:
    """Graph of a chain of so many units, its features read from the short chain of all that is local."""
    short, unit = polymer.short_chain(), polymer.chain_unit
    atoms, bonds, links = unit.places(LOCAL_REACH)
    each_atom = atoms.in_shorter(units, short.units) * unit.atoms + np.arange(unit.atoms)
    each_bond = bonds.in_shorter(units, short.units) * len(unit.bonds) + np.arange(len(unit.bonds))
    each_link = short.units * len(unit.bonds) + links.in_shorter(units - 1, short.units - 1)
    molecule = short.molecule
    # Atoms that stand for none of the longer chain are as others before them.
    atom_type = np.array([read.atom(atom) for atom in atoms_of(molecule)], np.int64)[each_atom.ravel()]
    hydrogens = np.zeros(0, np.int64)
    if explicit_hs:
        hydrogens = np.array([atom.GetTotalNumHs() for atom in atoms_of(molecule)], np.int64)[each_atom.ravel()]
    every = np.append(each_bond, each_link)
    bond_type = np.array([read.bond(bond) for bond in bonds_of(molecule)], np.int64)[every]
    start = np.arange(0, units * unit.atoms, unit.atoms)
    within = (start[:, None, None] + unit.bonds).reshape(-1, 2)
    between = start[:-1, None] + np.array([unit.link[0], unit.atoms + unit.link[1]])
    begin, end = np.concatenate([within, between]).T
    return read.graph(atom_type, begin, end, bond_type, hydrogens)
