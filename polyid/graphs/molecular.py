"""A molecule as arrays: its atoms, its directed bonds and their features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MolecularGraph:
    """A molecule as a directed graph, each bond once in each direction.

    Attributes
    ----------
    atom_features : tuple of str
        The distinct atom features.
    atom_type : int array, shape (V,)
        Index into `atom_features` of each atom.
    bond_features : tuple of str
        The distinct bond features.
    bond_type : int array, shape (D,)
        Index into `bond_features` of each directed bond.
    connectivity : int array, shape (D, 2)
        Source and target atom of each directed bond, ordered by source.
    """

    atom_features: tuple[str, ...]
    atom_type: np.ndarray
    bond_features: tuple[str, ...]
    bond_type: np.ndarray
    connectivity: np.ndarray
