"""The package's own features of atoms and bonds, told for all atoms and bonds of many chains in one pass.

Each gives the columns of numbers that decide a feature, and the feature's values, as `polyid.graphs.features` has them, of a row of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit import Chem

from polyid.chemistry.arrays.chains import BOND_TYPES, ChainArrays
from polyid.chemistry.arrays.conjugation import conjugated, hypervalent
from polyid.graphs.features import (
    LARGEST_RING,
    Feature,
    atom_features_stereo,
    atom_features_v1,
    bond_features_stereo,
    bond_features_v1,
    bond_features_v2,
)

_CARBON = 6


@lru_cache
def symbol(element: int) -> str:
    """Symbol of an atomic number."""
    return str(Chem.GetPeriodicTable().GetElementSymbol(element))


@dataclass(frozen=True)
class ArrayFeature:
    """How a feature is told from arrays.

    Attributes
    ----------
    columns : callable
        (chains, whether hydrogens count as atoms) -> int arrays, one value an atom (A,) or directed bond (2B,).
    values : callable
        A row of them -> what `Feature.values` gives.
    """

    columns: Callable[[ChainArrays, bool], tuple[np.ndarray, ...]]
    values: Callable[..., tuple]


def _implicit_hydrogens(chains: ChainArrays) -> np.ndarray:
    """Hydrogens that SMILES leaves to be told from an atom's bonds."""
    fixed_at_end = (chains.at_end > 0) & (hypervalent(chains) | (chains.aromatic & (chains.element != _CARBON)))
    return np.where(chains.bracketed | fixed_at_end, 0, chains.hydrogens)


def _atom_v1(chains: ChainArrays, explicit_hs: bool) -> tuple[np.ndarray, ...]:
    if explicit_hs:
        nothing = np.zeros_like(chains.hydrogens)
        return chains.element, chains.degree + chains.hydrogens, nothing, nothing, chains.aromatic
    return chains.element, chains.degree, chains.hydrogens, _implicit_hydrogens(chains), chains.aromatic


def _atom_stereo(chains: ChainArrays, explicit_hs: bool) -> tuple[np.ndarray, ...]:
    hydrogens = 0 * chains.hydrogens if explicit_hs else chains.hydrogens
    connections = chains.degree + (chains.hydrogens if explicit_hs else 0)
    return chains.element, connections, hydrogens, chains.aromatic, chains.charge, chains.in_ring


def _bond(chains: ChainArrays, explicit_hs: bool) -> tuple[np.ndarray, ...]:
    return chains.order, conjugated(chains), chains.ring_size > 0


def _bond_v2(chains: ChainArrays, explicit_hs: bool) -> tuple[np.ndarray, ...]:
    return chains.order, conjugated(chains), np.minimum(chains.ring_size, LARGEST_RING)


def _bond_v2_values(order: int, conjugated: int, size: int) -> tuple[Any, ...]:
    return (BOND_TYPES[order], bool(conjugated), Chem.BondStereo.STEREONONE, "max" if size == LARGEST_RING else size)


ARRAY_FEATURES: dict[Feature, ArrayFeature] = {
    atom_features_v1: ArrayFeature(
        _atom_v1,
        lambda element, degree, hydrogens, implicit, aromatic: (
            symbol(element),
            degree,
            hydrogens,
            implicit,
            bool(aromatic),
        ),
    ),
    atom_features_stereo: ArrayFeature(
        _atom_stereo,
        lambda element, degree, hydrogens, aromatic, charge, in_ring: (
            symbol(element),
            degree,
            hydrogens,
            bool(aromatic),
            charge,
            bool(in_ring),
            "",
        ),
    ),
    bond_features_v1: ArrayFeature(
        _bond, lambda order, conjugated, in_ring: (BOND_TYPES[order], bool(conjugated), bool(in_ring))
    ),
    bond_features_v2: ArrayFeature(_bond_v2, _bond_v2_values),
    bond_features_stereo: ArrayFeature(
        _bond,
        lambda order, conjugated, in_ring: (str(BOND_TYPES[order]), bool(conjugated), bool(in_ring), "STEREONONE"),
    ),
}
"""Of regular chains, whose atoms and bonds have no configuration."""


@lru_cache(maxsize=10_000)
def atom_text(feature: Feature, *row: int) -> str:
    """Text of an atom's feature, of a row of its columns; of none, that of a hydrogen atom."""
    return str(ARRAY_FEATURES[feature].values(*row) if row else feature.hydrogen())


@lru_cache(maxsize=10_000)
def bond_text(feature: Feature, ends: tuple[int, int], *row: int) -> str:
    """Text of a bond's feature, of the elements of its atoms and a row of its columns; of none, that of a bond to hydrogen."""
    if not row:
        return str(feature.hydrogen(symbol(max(ends))))
    return str((*ARRAY_FEATURES[feature].values(*row), sorted(map(symbol, ends))))
