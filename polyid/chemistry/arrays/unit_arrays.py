"""Short chains of many regular polymers as flat arrays, made from their repeat units without a molecule of them.

What reaches so many bonds sees at most one end of a chain from any atom, once the chain is long enough. An atom then is of one of
three kinds: it sees the first end, the last end, or none. Every atom of a unit has its own number of places of the first two
kinds, and of the third as many as the chain is long; so a short chain in which one of these counts for all has the counts of the
long one, exactly. This is worked out for all polymers of a part of a table in one pass, so that what NumPy takes for a call is paid
once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyid.chemistry.arrays.chains import AROMATIC, ChainArrays, neighbour_table
from polyid.chemistry.arrays.units import AtomKind, UnitFacts

_BOND_NUMBERS = np.array([0, 0, 1, AROMATIC, 2, 0, 3])
"""By twice the order."""
_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class UnitArrays:
    """Repeat units of n polymers side by side, without their attachment points.

    Attributes
    ----------
    start : int array, shape (n + 1,)
        First atom of each unit, and the number of all.
    polymer, element, charge, hydrogens, degree, in_ring, bracketed : arrays, shape (V,)
        Of each atom, as in the middle of a chain.
    source, target, order, ring_size : int arrays, shape (D,)
        Of each directed bond within a unit, by source, then target.
    first, last : int arrays, shape (n,)
        The atom bonded to the unit before, and that bonded to the next one.
    from_first, from_last : int arrays, shape (V,)
        Bonds away from these.
    """

    start: np.ndarray
    polymer: np.ndarray
    element: np.ndarray
    charge: np.ndarray
    hydrogens: np.ndarray
    degree: np.ndarray
    in_ring: np.ndarray
    bracketed: np.ndarray
    source: np.ndarray
    target: np.ndarray
    order: np.ndarray
    ring_size: np.ndarray
    first: np.ndarray
    last: np.ndarray
    from_first: np.ndarray
    from_last: np.ndarray

    @classmethod
    def of(cls, units: Sequence[UnitFacts]) -> UnitArrays:
        width = np.array([len(unit.kinds) for unit in units])
        begin = np.cumsum(width) - width
        kinds = np.array([kind for unit in units for kind in unit.kinds], np.int64).reshape(-1, len(AtomKind._fields))
        points = np.array([unit.points for unit in units], np.int64).reshape(-1, 2) + begin[:, None]
        element, charge, hydrogens, connections, in_ring = kinds.T
        heavy = np.ones(len(kinds), bool)
        heavy[points.ravel()] = False
        place = np.cumsum(heavy) - 1
        bracketed = np.zeros(len(kinds), bool)
        bracketed[
            [start + atom for start, unit in zip(begin.tolist(), units, strict=True) for atom in unit.bracketed]
        ] = True

        bonds = np.concatenate([unit.bonds for unit in units])
        of_unit = np.repeat(np.arange(len(units)), [len(unit.bonds) for unit in units])
        source, target = np.divmod(bonds, width[of_unit])
        source, target = source + begin[of_unit], target + begin[of_unit]
        order = _BOND_NUMBERS[(2.0 * np.concatenate([unit.orders for unit in units])).astype(np.int64)]
        ring_size = _ring_sizes(units, begin, source, target, len(kinds))
        neighbour = np.zeros(len(kinds), np.int64)
        neighbour[source] = target  # of a point, which has one
        first, last = place[neighbour[points]].T
        inside = heavy[source] & heavy[target]
        source, target = place[source[inside]], place[target[inside]]
        start = np.append(0, np.cumsum(width - 2))
        table = neighbour_table(source, target, int(start[-1]))
        degree = connections - hydrogens
        return cls(
            start,
            np.repeat(np.arange(len(units)), width - 2),
            element[heavy],
            charge[heavy],
            hydrogens[heavy],
            degree[heavy],
            in_ring[heavy].astype(bool),
            bracketed[heavy],
            source,
            target,
            order[inside],
            ring_size[inside],
            first,
            last,
            *_bonds_away(table, first, last),
        )

    def chains(self, degrees: np.ndarray, reach: int) -> ChainArrays:
        """Short chains that have the counts of chains of so many units, of all that reaches so many bonds.

        Parameters
        ----------
        degrees : int array, shape (n,)
        reach : int
        """
        n = len(degrees)
        backbone = (self.from_first[self.last] + 1)[self.polymer]
        sees_first, sees_last = (
            np.maximum((reach - distance) // backbone + 1, 0) for distance in (self.from_first, self.from_last)
        )
        least = np.zeros(n, np.int64)
        np.maximum.at(least, self.polymer, sees_first + sees_last)
        both = np.maximum(sees_first[self.source], sees_first[self.target]) + np.maximum(
            sees_last[self.source], sees_last[self.target]
        )
        np.maximum.at(least, self.polymer[self.source], both)
        units = np.minimum(degrees, np.maximum(least + 1, sees_first[self.last] + sees_last[self.first] + 2))

        size = np.diff(self.start)
        unit_atom, unit, chain = _copies(self.start[:-1], size, units)
        begin = np.cumsum(units * size) - units * size  # of each chain
        weight = np.ones(len(chain))
        weight += np.where(unit == sees_first[unit_atom], (degrees - units)[chain], 0)
        at_end = np.zeros(len(chain), np.int64)
        np.add.at(at_end, begin + self.first - self.start[:-1], 1)
        np.add.at(at_end, begin + (units - 1) * size + self.last - self.start[:-1], 1)

        own_bonds = np.bincount(self.polymer[self.source], minlength=n)
        bond, bond_unit, of_chain = _copies(np.cumsum(own_bonds) - own_bonds, own_bonds, units)
        shift = begin[of_chain] + bond_unit * size[of_chain] - self.start[of_chain]
        between = np.repeat(np.arange(n), units - 1)
        number = np.arange(len(between)) - np.repeat(np.cumsum(units - 1) - (units - 1), units - 1)
        left = begin[between] + number * size[between] + (self.last - self.start[:-1])[between]
        right = begin[between] + (number + 1) * size[between] + (self.first - self.start[:-1])[between]
        source = np.concatenate([self.source[bond] + shift, left, right])
        target = np.concatenate([self.target[bond] + shift, right, left])
        single = np.ones(2 * len(between), np.int64)
        by_source = np.argsort(source * len(chain) + target, kind="stable")
        return ChainArrays(
            units,
            chain,
            unit_atom,
            self.element[unit_atom],
            self.charge[unit_atom],
            self.hydrogens[unit_atom] + at_end,
            self.degree[unit_atom] - at_end,
            self.in_ring[unit_atom],
            self.bracketed[unit_atom],
            weight,
            at_end,
            source[by_source],
            target[by_source],
            np.concatenate([self.order[bond], single])[by_source],
            np.concatenate([self.ring_size[bond], 0 * single])[by_source],
        )


def _copies(start: np.ndarray, size: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Runs of numbers, each so often one behind the other: the numbers, which copy each is of, and of which run."""
    length = size * times
    run = np.repeat(np.arange(len(size)), length)
    place = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    copy, within = np.divmod(place, size[run])
    return start[run] + within, copy, run


def _bonds_away(neighbours: np.ndarray, *starts: np.ndarray) -> list[np.ndarray]:
    """Bonds to each atom from the nearest of some atoms, for several choices of these; all atoms can be reached."""
    atoms, choices = len(neighbours), len(starts)
    away = np.full(choices * atoms, _FAR)
    front = np.concatenate([own + atoms * number for number, own in enumerate(starts)])
    distance = 0
    while len(front):
        away[front] = distance
        distance += 1
        choice, atom = np.divmod(front, atoms)
        reached = neighbours[atom]
        front = (reached + atoms * choice[:, None])[reached >= 0]
        front = front[away[front] == _FAR]
    return np.split(away, choices)


def _ring_sizes(
    units: Sequence[UnitFacts], begin: np.ndarray, source: np.ndarray, target: np.ndarray, atoms: int
) -> np.ndarray:
    """Size of the smallest ring that each directed bond is in, 0 outside rings; bonds are ordered by source, then target."""
    size = np.array([len(ring) for unit in units for ring in unit.rings], np.int64)
    found = np.full(len(source), _FAR)
    if len(size):
        members = np.array([atom for unit in units for ring in unit.rings for atom in ring], np.int64)
        own = np.repeat(begin, [sum(map(len, unit.rings)) for unit in units])
        members = members + own
        following = np.roll(members, -1)
        ends = np.cumsum(size)
        following[ends - 1] = members[ends - size]
        keys = source * atoms + target
        for one, other in ((members, following), (following, members)):
            np.minimum.at(found, np.searchsorted(keys, one * atoms + other), np.repeat(size, size))
    return np.where(found == _FAR, 0, found)
