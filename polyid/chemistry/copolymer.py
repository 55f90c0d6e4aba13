"""Copolymers: units with mole fractions in random order or in blocks, and the weighted chains that stand for one.

What a model reads of a chain is local: surroundings of atoms, as far as a few bonds reach. Of a random copolymer the expected
count of each of them is wanted, and no chain drawn by chance has it. But along the chain that repeats a sequence of p units,
averaged over all sequences, each with the product of its units' fractions as weight, any p neighbours in a row are as
frequent as in the random chain. So these chains, weighted, have the expected count of everything that p units can hold: a
polynomial in the fractions, which at their ends is the homopolymer's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem

from polyid.chemistry.chain import MAX_HEAVY_ATOMS, canonical, chain
from polyid.chemistry.copolymer_text import Architecture, CopolymerText
from polyid.chemistry.repeat_unit import Unit, unit_of
from polyid.errors import PolymerError

LONGEST_PERIOD = 5
"""Units in a row whose statistics are those of the random chain: what four bonds to both sides hold of vinyl polymers."""
MOST_CHAINS = 81
"""More components shorten the period, to two at least, until its sequences are no more than these."""
MANY_HEAVY_ATOMS, MOST_HEAVY_ATOMS = 30_000, 60_000
"""In all chains together: what would pass the first has a shorter period too, what would pass the second is refused."""
# Fractions at which a sequence is neither computed nor counted: below what float32 can add.
_LEAST_WEIGHT = 1e-7
# The domain of validity looks at sequences that at least so large a share of the chain's units begin.
_RARE_SEQUENCE = 0.01
_DOMAIN_PERIOD = 3


@dataclass(frozen=True)
class Copolymer:
    """A random or block copolymer of at least two units.

    Attributes
    ----------
    units : tuple of str
        Repeat units as SMILES that begin with the head, sorted where random, along the chain where in blocks.
    fractions : tuple of float
        Of amount, above zero, sum 1.
    architecture : Architecture
        ``RANDOM`` or ``BLOCK``; alternating units are one repeat unit.
    """

    units: tuple[str, ...]
    fractions: tuple[float, ...]
    architecture: Architecture

    def text(self, degree: int | None = None) -> str:
        """The one way to write it, with the number of units of its chains."""
        return str(CopolymerText(self.units, self.fractions, False, self.architecture, degree))

    def weighted_sequences(self, degree: int, period: int | None = None) -> Iterator[tuple[float, tuple[int, ...]]]:
        """Sequences of so many units, by their numbers, and their weights, which add up to 1.

        Parameters
        ----------
        degree : int
        period : int, optional
            Of random sequences; see `LONGEST_PERIOD`, `MOST_CHAINS` and `MANY_HEAVY_ATOMS`.

        Raises
        ------
        PolymerError
            Chains of pairs would pass `MOST_HEAVY_ATOMS` already.
        """
        if self.architecture is Architecture.BLOCK:
            yield from self._block_sequences(degree)
            return
        period = self._period(degree) if period is None else period
        for word in itertools.product(range(len(self.units)), repeat=min(period, degree)):
            weight = math.prod(self.fractions[unit] for unit in word)
            if weight >= _LEAST_WEIGHT:
                yield weight, tuple(itertools.islice(itertools.cycle(word), degree))

    def _period(self, degree: int) -> int:
        count = len(self.units)
        heavy = sum(parsed_unit(unit).heavy_atoms for unit in self.units) / count
        of_a_chain = min(degree * heavy, MAX_HEAVY_ATOMS)
        if count**2 > MOST_HEAVY_ATOMS / of_a_chain:
            raise PolymerError(
                f"A random copolymer of {count} units of {heavy:.0f} heavy atoms is more than can be read; leave out those there "
                "is least of."
            )
        most = min(MOST_CHAINS, MANY_HEAVY_ATOMS / of_a_chain)
        return next((p for p in range(LONGEST_PERIOD, 2, -1) if count**p <= most), 2)

    def _block_sequences(self, degree: int) -> Iterator[tuple[float, tuple[int, ...]]]:
        """Blocks one behind the other, from either end; where one ends within a unit, the mean of the chains around.

        The unit at place k is of the block that holds the point k - u, for all u from 0 to 1.
        """
        for order in (range(len(self.units)), range(len(self.units) - 1, -1, -1)):
            ends = [degree * end for end in itertools.accumulate(self.fractions[unit] for unit in order)]
            ends[-1] = float(degree)
            breaks = sorted({0.0, 1.0, *(math.ceil(end) - end for end in ends)})
            for low, high in itertools.pairwise(breaks):
                middle = (low + high) / 2
                blocks = (next(b for b, end in enumerate(ends) if k - middle < end) for k in range(1, degree + 1))
                if high - low >= _LEAST_WEIGHT:
                    yield (high - low) / 2, tuple(order[block] for block in blocks)

    def weighted_chains(self, degree: int) -> dict[str, float]:
        """Canonical SMILES of the chains that stand for it, with weights that add up to 1.

        A chain that would pass 2,000 heavy atoms has fewer units, and as much more weight; units of one backbone atom count as
        halves, as they do in homopolymers.

        Raises
        ------
        PolymerError
            Two units of a chain pass 2,000 heavy atoms.
        """
        chains: dict[str, float] = {}
        for weight, units in self._weighted_units(degree):
            smiles = _joined(units)
            chains[smiles] = chains.get(smiles, 0.0) + weight / len(units)
        total = sum(chains.values())
        return {smiles: weight / total for smiles, weight in chains.items()}

    def chains(self, degree: int) -> dict[str, tuple[str, ...]]:
        """The chains of `weighted_chains`, with the units of each from head to tail."""
        return {_joined(units): units for _, units in self._weighted_units(degree)}

    def _weighted_units(self, degree: int) -> Iterator[tuple[float, tuple[str, ...]]]:
        degree *= 2 if all(parsed_unit(unit).has_one_atom for unit in self.units) else 1
        for weight, sequence in self.weighted_sequences(degree):
            units = tuple(self.units[unit] for unit in sequence)
            yield weight, units[: _repeats(units)]

    def repeating_chains(self, degree: int) -> list[str]:
        """Chains in which all that is common in the polymer repeats, for its domain of validity.

        Of random copolymers every sequence of three units that at least one unit in a hundred begins; of block copolymers the
        homopolymers of the blocks, since what is at their junctions is rare.
        """
        if self.architecture is Architecture.BLOCK:
            weighted = [(share, (unit,) * degree) for unit, share in zip(self.units, self.fractions, strict=True)]
        else:
            weighted = [
                (weight, tuple(self.units[unit] for unit in sequence))
                for weight, sequence in self.weighted_sequences(degree, _DOMAIN_PERIOD)
            ]
        least = min(_RARE_SEQUENCE, max(weight for weight, _ in weighted))
        return list(dict.fromkeys(_joined(units[: _repeats(units)]) for weight, units in weighted if weight >= least))


# Copolymers of one pair of units at many ratios are of the same chains.
@lru_cache(maxsize=2_000)
def _joined(units: tuple[str, ...]) -> str:
    parsed = {unit: parsed_unit(unit) for unit in set(units)}
    return canonical(chain([parsed[unit] for unit in units]))


@lru_cache(maxsize=1_000)
def parsed_unit(unit: str) -> Unit:
    """The unit of a SMILES that begins with its head."""
    return unit_of(Chem.MolFromSmiles(unit))


def _repeats(units: Sequence[str]) -> int:
    """How many of the units of a chain are within 2,000 heavy atoms, two at least."""
    heavy = {unit: parsed_unit(unit).heavy_atoms for unit in set(units)}
    repeats = min(len(units), MAX_HEAVY_ATOMS * len(units) // sum(heavy[unit] for unit in units))
    if repeats < 2:
        raise PolymerError(
            f"The units of the copolymer have up to {max(heavy.values()):,} heavy atoms; two of them pass the limit of "
            f"{MAX_HEAVY_ATOMS:,}."
        )
    return repeats
