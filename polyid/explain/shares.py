"""Shares of bonds in a prediction, added up on the atoms and bonds of the units that a chain repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from polyid.explain.copies import Repeats, repeats_of_units
from polyid.inference.answers import BondValues


@dataclass(frozen=True)
class PlacedShares:
    """Shares of a prediction, columns P + 1: of each property, and of all bonds.

    Attributes
    ----------
    repeat_unit : str
        SMILES of the unit, or units side by side, whose atoms and bonds `atoms` (U, P + 1) and `bonds` (W, P + 1) number.
    copies : int
    atoms, bonds : float arrays
    end_groups : float array, shape (P + 1,)
    centre : float array, shape (P,)
    """

    repeat_unit: str
    copies: int
    atoms: np.ndarray
    bonds: np.ndarray
    end_groups: np.ndarray
    centre: np.ndarray


def weighted_bond_shares(values: BondValues) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The share of each bond of a molecule in the prediction.

    Parameters
    ----------
    values : BondValues

    Returns
    -------
    ends : int array, shape (B, 2)
        The atoms of each bond, the lower first.
    shares : float array, shape (B, P)
        Mean over the members; with `centre` they add up to the mean prediction.
    weights : float array, shape (B,)
        Share of each bond among all; they add up to 1.
    centre : float array, shape (P,)
    """
    per_class = (values.values - values.centre[:, None]).mean(axis=0)
    ends, bond = np.unique(np.sort(values.connectivity, axis=1).reshape(-1, 2), axis=0, return_inverse=True)
    shares = np.zeros((len(ends), per_class.shape[1]))
    np.add.at(shares, bond.ravel(), values.share[:, None] * per_class[values.bond_class])
    weights = np.bincount(bond.ravel(), values.share, len(ends))
    return ends, shares, weights, values.centre.mean(axis=0)


def placed_on_unit(repeats: Repeats, ends: np.ndarray, shares: np.ndarray, centre: np.ndarray) -> PlacedShares:
    """Shares (B, P + 1) of an oligomer's bonds on the unit that it repeats."""
    return PlacedShares(repeats.smiles, repeats.copies, *_on_unit(repeats, ends, shares), centre)


def placed_on_units(
    chains: Mapping[str, Sequence[str]], sizes: Sequence[int], ends: np.ndarray, shares: np.ndarray, centre: np.ndarray
) -> PlacedShares:
    """Shares (B, P + 1) of the bonds of the chains that stand for a copolymer, on its units side by side.

    Parameters
    ----------
    chains : mapping of str to sequence of str
        SMILES of each chain to its units, in their order.
    sizes : sequence of int
        Atoms of each chain in the network's graph, in which they lie one behind the other.
    ends, shares, centre
        As of `weighted_bond_shares`, with a column of weights.
    """
    units = sorted({unit for sequence in chains.values() for unit in sequence})
    begins = np.cumsum([0, *sizes])
    chain_of_bond = np.searchsorted(begins, ends[:, 0], side="right") - 1
    placed = []
    for number, (smiles, sequence) in enumerate(chains.items()):
        own = chain_of_bond == number
        repeats = repeats_of_units(smiles, sequence, units)
        placed.append(_on_unit(repeats, ends[own] - begins[number], shares[own]))
    atoms, bonds, end_groups = (np.sum(parts, axis=0) for parts in zip(*placed, strict=True))
    return PlacedShares(".".join(units), max(map(len, chains.values())), atoms, bonds, end_groups, centre)


def _on_unit(repeats: Repeats, ends: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of an oligomer's bonds (B, P) added up on the atoms (U, P) and bonds (W, P) of its unit, and on the end groups (P,)."""
    unit = Chem.MolFromSmiles(repeats.smiles)
    atoms = np.zeros((unit.GetNumAtoms(), shares.shape[1]))
    bonds = np.zeros((unit.GetNumBonds(), shares.shape[1]))
    end_groups = np.zeros(shares.shape[1])
    heavy = len(repeats.atom)

    def add_to_atom(atom: int, share: np.ndarray) -> None:
        if repeats.atom[atom] >= 0:
            atoms[repeats.atom[atom]] += share
        else:
            end_groups[:] += share

    def add_to_bond(begin: int, end: int, share: np.ndarray) -> None:
        bonds[unit.GetBondBetweenAtoms(begin, end).GetIdx()] += share

    for (i, j), share in zip(ends.tolist(), shares, strict=True):
        if j >= heavy:
            # A hydrogen is shown with its atom.
            add_to_atom(i, share)
            continue
        for atom, across in ((i, j), (j, i)):
            add_to_atom(atom, share / 2)
            if repeats.copy[atom] >= 0:
                inner = repeats.copy[atom] == repeats.copy[across]
                neighbour = repeats.atom[across] if inner else repeats.links[atom, across]
                add_to_bond(int(repeats.atom[atom]), int(neighbour), share / 2)
    # A bond to an attachment point is half a bond.
    stars = {atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0}
    weight = np.array([0.5 if stars & {b.GetBeginAtomIdx(), b.GetEndAtomIdx()} else 1.0 for b in unit.GetBonds()])
    return (
        _evened(atoms, repeats.alike_atoms, np.ones(len(atoms))),
        _evened(bonds, repeats.alike_bonds, weight),
        end_groups,
    )


def _evened(values: np.ndarray, alike: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values shared equally, by weight, among what is alike; only the chain's ends make a difference there."""
    _, group = np.unique(alike, return_inverse=True)
    sums = np.zeros((int(group.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(sums, group, values)
    return sums[group] * (weight / np.bincount(group, weight)[group])[:, None]
