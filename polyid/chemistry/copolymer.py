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
from rdkit.Chem import Descriptors

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.chain import MAX_HEAVY_ATOMS, canonical, chain
from polyid.chemistry.copolymer_text import Architecture, CopolymerText, copolymer_text, shares_of
from polyid.chemistry.forms import PolymerForm, parse_polymer
from polyid.chemistry.functional_groups import MAX_MONOMER_HEAVY_ATOMS, self_polymerising_unit
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.repeat_unit import Unit, unit_of
from polyid.chemistry.unit_frame import head_first
from polyid.common.text import shorten
from polyid.config.settings import DEGREE_OF_POLYMERISATION
from polyid.errors import PolymerError

MOST_COMPONENTS = 16
LONGEST_PERIOD = 5
"""Units in a row whose statistics are those of the random chain: what four bonds to both sides hold of vinyl polymers."""
MOST_CHAINS = 81
"""More components shorten the period, to two at least, until its sequences are no more than these."""
# Fractions at which a sequence is neither computed nor counted: below what float32 can add.
_LEAST_WEIGHT = 1e-7
# Alternating units are as many of each; a ratio that says otherwise is a contradiction.
_UNEVEN = 0.02
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
            Of random sequences; see `LONGEST_PERIOD` and `MOST_CHAINS`.
        """
        if self.architecture is Architecture.BLOCK:
            yield from self._block_sequences(degree)
            return
        count = len(self.units)
        if period is None:
            period = next((p for p in range(LONGEST_PERIOD, 2, -1) if count**p <= MOST_CHAINS), 2)
        for word in itertools.product(range(count), repeat=min(period, degree)):
            weight = math.prod(self.fractions[unit] for unit in word)
            if weight >= _LEAST_WEIGHT:
                yield weight, tuple(itertools.islice(itertools.cycle(word), degree))

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

    def weighted_chains(self, degree: int, period: int | None = None) -> dict[str, float]:
        """Canonical SMILES of the chains that stand for it, with weights that add up to 1.

        A chain that would pass 2,000 heavy atoms has fewer units, and as much more weight.

        Parameters
        ----------
        degree, period
            As of `weighted_sequences`.

        Raises
        ------
        PolymerError
            Two units of a chain pass 2,000 heavy atoms.
        """
        chains: dict[str, float] = {}
        for weight, sequence in self.weighted_sequences(degree, period):
            units = tuple(self.units[unit] for unit in sequence)
            repeats = _repeats(units)
            smiles = _joined(units[:repeats])
            chains[smiles] = chains.get(smiles, 0.0) + weight * degree / repeats
        total = sum(chains.values())
        return {smiles: weight / total for smiles, weight in chains.items()}


# Copolymers of one pair of units at many ratios are of the same chains.
@lru_cache(maxsize=2_000)
def _joined(units: tuple[str, ...]) -> str:
    parsed = {unit: _parsed(unit) for unit in set(units)}
    return canonical(chain([parsed[unit] for unit in units]))


@lru_cache(maxsize=1_000)
def _parsed(unit: str) -> Unit:
    return unit_of(Chem.MolFromSmiles(unit))


@dataclass(frozen=True)
class CopolymerReading:
    """What the text of a copolymer stands for.

    Attributes
    ----------
    polymer : Copolymer or str
        The SMILES of a repeat unit where there is only one of them, or units alternate.
    key : str or None
        Of `polyid.chemistry.identity.polymer_identity`: the same for every ratio and architecture of the same units. None for a
        single repeat unit, which has a key of its own.
    notes : tuple of str
        What was understood, for people.
    degree : int or None
        Units of its chains, where written.
    """

    polymer: Copolymer | str
    key: str | None
    notes: tuple[str, ...]
    degree: int | None

    @property
    def units(self) -> str:
        """Its repeat units as one SMILES, with dots between them."""
        return self.polymer if isinstance(self.polymer, str) else ".".join(dict.fromkeys(self.polymer.units))


def read_copolymer(text: str) -> CopolymerReading | None:
    """Read the text of a copolymer, as of `polyid.chemistry.copolymer_text.copolymer_text`; None for any other text.

    Raises
    ------
    PolymerError
        A component is no repeat unit and no monomer that polymerises by itself, there are too many, or the ratio is none.
    """
    taken_apart = copolymer_text(text)
    return None if taken_apart is None else _read(taken_apart)


@lru_cache(maxsize=1_000)
def _read(written: CopolymerText) -> CopolymerReading:
    shown = shorten(str(written))
    if len(written.components) > MOST_COMPONENTS:
        raise PolymerError(
            f"“{shown}” has {len(written.components)} components, but at most {MOST_COMPONENTS} are read; leave out those "
            "there is least of."
        )
    try:
        units = [component_unit(component) for component in written.components]
    except PolymerError:
        if written.architecture is Architecture.BLOCK or not _are_partners(written):
            raise
        monomers = ".".join(written.components)
        return CopolymerReading(monomers, None, (f"read as the monomers {monomers}, as many of each",), written.degree)
    notes = [note for component in written.components for note in as_smiles(component).notes]
    shares = written.shares
    if shares is None:
        shares = (1.0 / len(units),) * len(units)
        notes.append("equal amounts assumed" if written.architecture is not Architecture.ALTERNATING else "")
    elif written.by_weight:
        masses = [_molar_mass(unit) for unit in units]
        shares = shares_of([share / mass for share, mass in zip(shares, masses, strict=True)], shown)
    architecture = written.architecture or Architecture.RANDOM
    if written.architecture is None:
        notes.append("random order assumed")
    if architecture is Architecture.ALTERNATING:
        polymer, fractions = _alternating(units, shares, shown), shares
        notes.append(f"read as the repeat unit {polymer}")
    else:
        units, fractions = _merged(units, shares, architecture)
        if len(units) < len(written.components):
            notes.append("components of one unit added up, those of no share left out")
        polymer = units[0] if len(units) == 1 else Copolymer(tuple(units), tuple(fractions), architecture)
        notes.append(f"read as {polymer if isinstance(polymer, str) else f'{polymer.text()} copolymer, by mole'}")
    different = sorted({_without_stereo(unit) for unit in units})
    key = " : ".join(different) if len(different) > 1 else None
    return CopolymerReading(polymer, key, tuple(note for note in notes if note), written.degree)


def _are_partners(written: CopolymerText) -> bool:
    """Whether components are monomers in equal amounts, which may grow together though none of them does alone."""
    shares = written.shares or (1.0,)
    forms = [parse_polymer(component)[1] for component in written.components]
    return max(shares) - min(shares) <= _UNEVEN and set(forms) == {PolymerForm.OLIGOMER} and not written.by_weight


def component_unit(component: str) -> str:
    """The repeat unit of a component, as SMILES that begins with its head; see `polyid.chemistry.unit_frame.head_first`.

    Raises
    ------
    PolymerError
        It can't be read, or doesn't make a chain by itself.
    """
    molecule, form = parse_polymer(component)
    if form is PolymerForm.REPEAT_UNIT:
        return head_first(molecule)
    small = molecule.GetNumHeavyAtoms() <= MAX_MONOMER_HEAVY_ATOMS
    monomer = self_polymerising_unit(molecule) if form is PolymerForm.OLIGOMER and small else None
    if monomer is None:
        raise PolymerError(
            f"The component “{shorten(component)}” of a copolymer is neither a repeat unit nor a monomer that is known to "
            "polymerise by itself; write its repeat unit with two attachment points, such as *CC(*)c1ccccc1."
        )
    return head_first(chain([monomer[1]], head_cap=0, tail_cap=0))


def _molar_mass(unit: str) -> float:
    """Of a repeat unit; attachment points weigh nothing."""
    return float(Descriptors.MolWt(Chem.MolFromSmiles(unit)))


def _without_stereo(unit: str) -> str:
    molecule = Chem.MolFromSmiles(unit)
    Chem.RemoveStereochemistry(molecule)
    return head_first(molecule)


def _alternating(units: Sequence[str], shares: Sequence[float], shown: str) -> str:
    """The repeat unit of units that follow each other in order."""
    if max(shares) - min(shares) > _UNEVEN:
        raise PolymerError(
            f"“{shown}” is alternating, which takes equal amounts; leave the ratio out, or write random or block."
        )
    joined = chain([_parsed(unit) for unit in units], head_cap=0, tail_cap=0)
    stereo = any(mark in unit for unit in units for mark in "@/\\")
    return str(Chem.MolToSmiles(joined)) if stereo else canonical_unit(unit_of(joined))


def _merged(units: Sequence[str], shares: Sequence[float], architecture: Architecture) -> tuple[list[str], list[float]]:
    """Units and fractions in the one order, each unit (or, of blocks, each block) once, those of no share left out."""
    pairs = [(unit, share) for unit, share in zip(units, shares, strict=True) if round(share, 8) > 0]
    if architecture is Architecture.RANDOM:
        pairs.sort()
    pairs = [
        (unit, sum(share for _, share in same)) for unit, same in itertools.groupby(pairs, key=lambda pair: pair[0])
    ]
    pairs = min(pairs, pairs[::-1])
    shares = shares_of([round(share, 8) for _, share in pairs], "")
    return [unit for unit, _ in pairs], list(shares)


def weighted_chains(text: str) -> tuple[tuple[str, float], ...]:
    """The chains that stand for a polymer, with weights that add up to 1: itself alone where it is the SMILES of an oligomer.

    Parameters
    ----------
    text : str
        The oligomer, or copolymer with the number of its units, as `polyid.chemistry.oligomer.to_oligomer` gives them.
    """
    written = copolymer_text(text)
    return ((text, 1.0),) if written is None else _weighted_chains(written)


@lru_cache(maxsize=500)
def _weighted_chains(written: CopolymerText) -> tuple[tuple[str, float], ...]:
    polymer, degree = _copolymer(written)
    return tuple(polymer.weighted_chains(degree).items())


def _copolymer(written: CopolymerText) -> tuple[Copolymer, int]:
    """The copolymer of a text that stands where the SMILES of an oligomer may stand, and the units of its chains."""
    reading = _read(written)
    if isinstance(reading.polymer, str):
        raise PolymerError(
            f"“{shorten(str(written))}” is the repeat unit {reading.polymer}; make an oligomer of it first."
        )
    return reading.polymer, reading.degree or DEGREE_OF_POLYMERISATION


def repeating_chains(text: str) -> tuple[str, ...]:
    """Chains in which all that is common in a polymer repeats, for its domain of validity; `text` as of `weighted_chains`.

    Of random copolymers every sequence of three units that at least one unit in a hundred begins; of block copolymers the
    homopolymers of the blocks, since what is at their junctions is rare.
    """
    written = copolymer_text(text)
    return (text,) if written is None else _repeating_chains(written)


@lru_cache(maxsize=500)
def _repeating_chains(written: CopolymerText) -> tuple[str, ...]:
    polymer, degree = _copolymer(written)
    if polymer.architecture is Architecture.BLOCK:
        weighted = [(share, (unit,) * degree) for unit, share in zip(polymer.units, polymer.fractions, strict=True)]
    else:
        weighted = [
            (weight, tuple(polymer.units[unit] for unit in sequence))
            for weight, sequence in polymer.weighted_sequences(degree, _DOMAIN_PERIOD)
        ]
    least = min(_RARE_SEQUENCE, max(weight for weight, _ in weighted))
    return tuple(dict.fromkeys(_joined(units[: _repeats(units)]) for weight, units in weighted if weight >= least))


def _repeats(units: Sequence[str]) -> int:
    """How many of the units of a chain are within 2,000 heavy atoms, two at least."""
    heavy = {unit: _parsed(unit).heavy_atoms for unit in set(units)}
    repeats = min(len(units), MAX_HEAVY_ATOMS * len(units) // sum(heavy[unit] for unit in units))
    if repeats < 2:
        raise PolymerError(
            f"The units of the copolymer have up to {max(heavy.values()):,} heavy atoms; two of them pass the limit of "
            f"{MAX_HEAVY_ATOMS:,}."
        )
    return repeats
