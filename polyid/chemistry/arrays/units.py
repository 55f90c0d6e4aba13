"""What atoms, bonds and rings of a linear repeat unit are in the middle of its chain, as numbers.

RDKit is asked for whole molecules: to ask it atom by atom from Python takes longer than all that is done with the answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors as descriptors

RING_COUNTS = (
    descriptors.CalcNumRings,
    descriptors.CalcNumAromaticRings,
    descriptors.CalcNumAliphaticRings,
    descriptors.CalcNumSaturatedRings,
    descriptors.CalcNumSpiroAtoms,
    descriptors.CalcNumBridgeheadAtoms,
    descriptors.CalcNumHeterocycles,
)


_TABLE = Chem.GetPeriodicTable()
_ATOM = re.compile(r"\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops*]")


class AtomKind(NamedTuple):
    """What RDKit's hash of an atom, of no radius, is made of."""

    element: int
    charge: int
    hydrogens: int
    connections: int
    in_ring: bool


_KINDS: dict[int, AtomKind] = {}


@dataclass(frozen=True)
class UnitFacts:
    """A sanitised linear repeat unit without configurations, with its two attachment points.

    Shapes: W atoms with the points, D directed bonds.

    Attributes
    ----------
    kinds : list of AtomKind, length W
    bonds : int array, shape (D,)
        Source times W plus target of each directed bond, ascending.
    orders : float array, shape (D,)
        Bond orders; 1.5 of aromatic bonds.
    points : tuple of int
        The head and the tail.
    rings : tuple of tuples of int
        Atoms of each ring, one beside the next.
    ring_counts : list of int
        What `RING_COUNTS` give.
    bracketed : tuple of int
        Atoms whose hydrogens are fixed, as SMILES writes them in brackets.
    """

    kinds: list[AtomKind]
    bonds: np.ndarray
    orders: np.ndarray
    points: tuple[int, int]
    rings: tuple[tuple[int, ...], ...]
    ring_counts: list[int]
    bracketed: tuple[int, ...]

    @property
    def elements(self) -> set[str]:
        """Symbols of the elements."""
        return {_TABLE.GetElementSymbol(kind.element) for kind in set(self.kinds) if kind.element}


def unit_facts(molecule: Chem.Mol, smiles: str, order: Sequence[int] | None = None) -> UnitFacts:
    """Facts of the molecule of a SMILES with two attachment points, the first of which is the head.

    Parameters
    ----------
    molecule : rdkit.Chem.Mol
        Sanitised.
    smiles : str
    order : sequence of int, optional
        Which atom of the molecule each of the SMILES is, where that was written of it; by default it was read from it.
    """
    hashes = list(descriptors.GetConnectivityInvariants(molecule))
    kinds = [_KINDS.get(number) or _read_kind(molecule, place, number) for place, number in enumerate(hashes)]
    orders = Chem.GetAdjacencyMatrix(molecule, useBO=True)
    rings = molecule.GetRingInfo().AtomRings()
    if order is not None:
        kinds = [kinds[old] for old in order]
        orders = orders[np.ix_(order, order)]
        place = {old: new for new, old in enumerate(order)}
        rings = tuple(tuple([place[old] for old in ring]) for ring in rings)
    head, tail = (place for place, kind in enumerate(kinds) if not kind.element)
    orders = orders.ravel()
    bonds = np.flatnonzero(orders)
    counts = [count(molecule) for count in RING_COUNTS]
    bracketed = [place for place, atom in enumerate(_ATOM.findall(smiles)) if atom[0] == "["] if "[" in smiles else []
    return UnitFacts(kinds, bonds, orders[bonds], (head, tail), rings, counts, tuple(bracketed))


def _read_kind(molecule: Chem.Mol, place: int, number: int) -> AtomKind:
    atom = molecule.GetAtomWithIdx(place)
    kind = AtomKind(
        atom.GetAtomicNum(), atom.GetFormalCharge(), atom.GetTotalNumHs(), atom.GetTotalDegree(), atom.IsInRing()
    )
    _KINDS[number] = kind
    return kind
