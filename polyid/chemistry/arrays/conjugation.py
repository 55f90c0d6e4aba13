"""Which bonds of chains are conjugated, by RDKit's rule."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from polyid.chemistry.arrays.chains import AROMATIC, ChainArrays

_TABLE = Chem.GetPeriodicTable()
_VALENCE = np.array([0, *(_TABLE.GetDefaultValence(number) for number in range(1, 100))])
_OUTER = np.array([0, *(_TABLE.GetNOuterElecs(number) for number in range(1, 100))])
_LAST_OF_SECOND_PERIOD = 10


def conjugated(chains: ChainArrays) -> np.ndarray:
    """Whether each directed bond is conjugated; bool, shape (2B,)."""
    source, target = chains.source, chains.target
    connections = chains.degree + chains.hydrogens
    candidate = _may_take_part(chains, connections)
    multiple = (chains.order > 1) & candidate[target]
    neighbour = candidate[target] & (connections[target] <= 3)
    middle = candidate & (connections >= 2) & (connections <= 3)
    # A bond is conjugated where an atom has a multiple bond and another one, each to an atom that takes part.
    multiples, neighbours = chains.count(multiple), chains.count(neighbour)
    as_multiple = multiple & (neighbours[source] - neighbour > 0)
    as_neighbour = neighbour & (multiples[source] - multiple > 0)
    marked = middle[source] & (as_multiple | as_neighbour)
    return marked | marked[chains.opposite] | (chains.order == AROMATIC)


def _may_take_part(chains: ChainArrays, connections: np.ndarray) -> np.ndarray:
    """Whether atoms have electrons for a conjugated system; bool, shape (A,)."""
    usual, outer = _VALENCE[chains.element], _OUTER[chains.element]
    light = (
        (chains.element <= _LAST_OF_SECOND_PERIOD) | ((outer != 5) & (outer != 6)) | ((outer == 6) & (connections < 2))
    )
    lone_pair = np.maximum(outer - usual - chains.charge, 0)
    return ~hypervalent(chains) & light & (usual > 1) & (connections <= 3) & (usual - connections + lone_pair > 0)


def hypervalent(chains: ChainArrays) -> np.ndarray:
    """Whether neutral atoms have more bonds than their element usually has; bool, shape (A,). No aromatic atom counts as such."""
    return (chains.charge == 0) & ~chains.aromatic & (chains.valence > _VALENCE[chains.element])
