"""Morgan fragments of many chains at once, numbered as RDKit numbers them.

The algorithm is that of Rogers and Hahn (J. Chem. Inf. Model. 2010, 50, 742): in each round an atom's number becomes a hash of its
own and of its neighbours' numbers, and stands for the bonds that it has come to know. Of several atoms that know the same bonds one
counts. What is hashed, and in which order, is as in RDKit's generators without chirality; `tests/chemistry/test_regular_arrays.py`
holds both against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from polyid.chemistry.arrays.chains import ChainArrays

_GOLDEN = np.uint32(0x9E3779B9)
_NOTHING = np.iinfo(np.uint64).max
_WORD, _HALF = 64, np.uint64(32)
_PLACE_BITS = 31
_MIXER = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST_SHIFT = np.uint64(31)


class Fragments(NamedTuple):
    """Fragments of all atoms: hashes (uint32), atom in the centre and radius of each."""

    hashes: np.ndarray
    centres: np.ndarray
    radii: np.ndarray


def combined(seed: np.ndarray, value: np.ndarray | np.uint32) -> np.ndarray:
    """Boost's hash of a value and of what came before it, uint32."""
    return seed ^ (value + _GOLDEN + (seed << np.uint32(6)) + (seed >> np.uint32(2)))


def connectivity(chains: ChainArrays) -> np.ndarray:
    """RDKit's number of each atom by itself: element, bonds, hydrogens, charge and whether it is in a ring; uint32, shape (A,)."""
    columns = (chains.element, chains.degree + chains.hydrogens, chains.hydrogens, chains.charge, 0 * chains.charge)
    number = np.zeros(len(chains.element), np.uint32)
    for column in columns:
        number = combined(number, column.astype(np.uint32))
    return np.where(chains.in_ring, combined(number, np.uint32(1)), number)


def morgan(chains: ChainArrays, numbers: Sequence[np.ndarray], radii: Sequence[int]) -> list[Fragments]:
    """Fragments of several kinds, each up to a radius.

    Parameters
    ----------
    chains : ChainArrays
    numbers : sequence of uint32 arrays, shape (A,)
        Of each atom by itself, for each kind.
    radii : sequence of int
        Bonds, for each kind.
    """
    atoms = len(chains.polymer)
    # All kinds go through the rounds together, as copies of the chains.
    kinds = len(numbers)
    offset = atoms * np.arange(kinds).repeat(atoms)
    neighbour = np.tile(chains.neighbours, (kinds, 1)) + offset[:, None]
    there = chains.neighbours >= 0
    order = np.zeros(there.shape, np.uint64)
    order[chains.source, chains.slots] = chains.order
    there, order = np.tile(there, (kinds, 1)), np.tile(order << _HALF, (kinds, 1))
    own = _bonds_of_each(chains)
    known, grown = np.tile(np.zeros_like(own), (kinds, 1)), np.tile(own, (kinds, 1))
    chain = (np.tile(chains.polymer, kinds) + offset * len(chains.units)).astype(np.uint64)

    now, following = np.concatenate(numbers), np.zeros(kinds * atoms, np.uint32)
    found = [(now, np.arange(kinds * atoms), np.zeros(kinds * atoms, np.int64))]
    alive = there.any(axis=1)
    seen = np.zeros((0, own.shape[1] + 1), np.uint64)
    for layer in range(max(radii)):
        alive &= np.repeat(np.asarray(radii) > layer, atoms)
        at = np.flatnonzero(alive)
        around, bonded = neighbour[at], there[at]
        hashed = combined(np.full(len(at), layer, np.uint32), now[at])
        pairs = np.where(bonded, order[at] | now[around], _NOTHING)
        pairs.sort(axis=1)
        of_pair = combined(np.zeros(pairs.shape, np.uint32), (pairs >> _HALF).astype(np.uint32))
        of_pair = combined(of_pair, pairs.astype(np.uint32))
        spread = grown[at]
        for column in range(pairs.shape[1]):
            hashed = np.where(pairs[:, column] == _NOTHING, hashed, combined(hashed, of_pair[:, column]))
            spread |= np.where(bonded[:, column, None], known[around[:, column]], np.uint64(0))
        following, grown = following.copy(), grown.copy()
        following[at], grown[at] = hashed, spread
        rows = np.column_stack([chain[at], spread])
        first = _first_of_equal(rows, hashed, seen)
        chosen = at[first]
        found.append((hashed[first], chosen, np.full(len(first), layer + 1)))
        seen = np.concatenate([seen, rows[first]])
        alive = np.zeros(kinds * atoms, bool)
        alive[chosen] = True
        now, known = following, grown
    hashes, centres, radius = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kind, centres = np.divmod(centres, atoms)
    return [Fragments(*(values[kind == number] for values in (hashes, centres, radius))) for number in range(kinds)]


def _bonds_of_each(chains: ChainArrays) -> np.ndarray:
    """The bonds that each atom has, a bit each; uint64, shape (A, words)."""
    forward = np.flatnonzero(chains.source < chains.target)
    of_chain = chains.polymer[chains.source[forward]]
    bond = np.zeros(len(chains.source), np.int64)
    bond[forward] = np.arange(len(forward)) - np.searchsorted(of_chain, np.arange(len(chains.units)))[of_chain]
    bond = np.maximum(bond, bond[chains.opposite])
    own = np.zeros((len(chains.polymer), int(bond.max(initial=0)) // _WORD + 1), np.uint64)
    np.bitwise_or.at(own, (chains.source, bond // _WORD), np.uint64(1) << (bond % _WORD).astype(np.uint64))
    return own


def _first_of_equal(rows: np.ndarray, numbers: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Of rows (K, w) that were not seen, the first of each kind by number, then by place; indices, ascending."""
    together = np.concatenate([seen, rows])
    # What was seen comes before all else.
    rank = np.arange(len(together), dtype=np.uint64)
    rank[len(seen) :] |= (numbers.astype(np.uint64) + np.uint64(1)) << np.uint64(_PLACE_BITS)
    order, begins = _groups(together)
    least = np.minimum.reduceat(rank[order], begins)
    chosen = (least & np.uint64((1 << _PLACE_BITS) - 1)).astype(np.int64) - len(seen)
    return np.sort(chosen[chosen >= 0])


def _groups(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order in which equal rows (K, w) lie side by side, and where each kind begins in it."""
    mixed = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        # The mixer of SplitMix64: to sort one number takes a fraction of the time of sorting rows.
        mixed += column
        for shift, factor in _MIXER:
            mixed = (mixed ^ (mixed >> shift)) * factor
        mixed ^= mixed >> _LAST_SHIFT
    order = np.argsort(mixed)
    ordered = mixed[order]
    differ = ordered[1:] != ordered[:-1]
    alike = np.flatnonzero(~differ)
    if (rows[order[alike]] != rows[order[alike + 1]]).any():  # two rows of one number: once in 10^11 parts of a table
        order = np.lexsort(rows.T)
        differ = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    return order, np.flatnonzero(np.append(True, differ))
