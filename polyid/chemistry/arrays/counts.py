"""What is counted on regular chains, for all polymers of a part of a table in one pass: circular fragments and descriptors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit.Chem import rdMolDescriptors as descriptors

from polyid.chemistry.arrays.chains import ChainArrays
from polyid.chemistry.arrays.descriptors import (
    ATOM_MASSES,
    HYDROGEN_SURFACE,
    acceptors,
    amide_bonds,
    labute_surface,
    polar_surface,
    rotatable_bonds,
)
from polyid.chemistry.arrays.morgan import Fragments, connectivity, morgan
from polyid.chemistry.arrays.patterns import AtomPatterns, donors, feature_invariants
from polyid.chemistry.arrays.unit_arrays import UnitArrays
from polyid.chemistry.arrays.units import RING_COUNTS
from polyid.chemistry.polymer import LOCAL_REACH, Polymer
from polyid.chemistry.smiles import MOLECULES_KEPT
from polyid.common.kept import Kept

Counts = tuple[np.ndarray, np.ndarray]
"""Hashes (uint32, ascending) and how often each occurs (float)."""
_CARBON, _HYDROGEN = 6, 1


@dataclass(frozen=True)
class LocalCounts:
    """Counts of one regular chain.

    Attributes
    ----------
    fragments : tuple of Counts
        Morgan fragments of radius 2, of radius 3, and pharmacophoric ones of radius 2.
    descriptors : dict of callable to float
        What each of RDKit's functions would give for the chain.
    elements : float array
        Atoms of each atomic number.
    sp3_carbon : float
        Carbon atoms with four neighbours, hydrogens included.
    chains : ChainArrays
        Of all polymers that were counted together.
    places : Fragments
        Where the first two kinds of fragments are in these.
    number : int
        Which of these chains the polymer is.
    """

    fragments: tuple[Counts, Counts, Counts]
    descriptors: dict[Callable, float]
    elements: np.ndarray
    sp3_carbon: float
    chains: ChainArrays
    places: Fragments
    number: int


_KEPT: Kept[Polymer, LocalCounts] = Kept(2 * MOLECULES_KEPT)
# Graphs and counts of a part of a table are asked for one after the other.
_UNITS: Kept[tuple[Polymer, ...], UnitArrays] = Kept(2)


def chain_arrays(polymers: Sequence[Polymer], reach: int) -> ChainArrays:
    """Short chains that have the counts of regular polymers, of all that reaches so many bonds."""
    key = tuple(polymers)
    units = _UNITS.get(key)
    if units is None:
        units = UnitArrays.of([polymer.facts for polymer in polymers])
        _UNITS.keep({key: units})
    return units.chains(np.array([polymer.degree for polymer in polymers]), reach)


def local_counts(polymers: Sequence[Polymer]) -> list[LocalCounts]:
    """Counts of regular polymers, in the order given."""
    found = {polymer: _KEPT.get(polymer) for polymer in polymers}
    new = [polymer for polymer, counts in found.items() if counts is None]
    if new:
        counted = dict(zip(new, _counted(new), strict=True))
        _KEPT.keep(counted)
        found |= counted
    return [counts for polymer in polymers if (counts := found[polymer]) is not None]


def _counted(polymers: Sequence[Polymer]) -> list[LocalCounts]:
    facts = [polymer.facts for polymer in polymers]
    degrees = np.array([polymer.degree for polymer in polymers])
    chains = chain_arrays(polymers, LOCAL_REACH)
    patterns = AtomPatterns(chains)
    structural, pharmacophoric = morgan(chains, (connectivity(chains), feature_invariants(patterns)), (3, 2))
    radius_2, radius_3 = _summed(chains, structural, (structural.radii <= 2, structural.radii <= 3))
    (of_features,) = _summed(chains, pharmacophoric, (pharmacophoric.radii <= 2,))
    elements = np.zeros((len(polymers), len(ATOM_MASSES)))
    np.add.at(elements, (chains.polymer, chains.element), chains.weight)
    sp3 = (chains.element == _CARBON) & (chains.degree + chains.hydrogens == 4)
    sp3_carbon = np.bincount(chains.polymer, chains.weight * sp3, len(polymers))
    totals = _descriptors(patterns, elements) | {
        count: of_units * degrees
        for count, of_units in zip(RING_COUNTS, np.array([unit.ring_counts for unit in facts]).T, strict=True)
    }
    return [
        LocalCounts(
            (radius_2[i], radius_3[i], of_features[i]),
            {function: float(values[i]) for function, values in totals.items()},
            elements[i],
            float(sp3_carbon[i]),
            chains,
            structural,
            i,
        )
        for i in range(len(polymers))
    ]


def _summed(chains: ChainArrays, fragments: Fragments, parts: Sequence[np.ndarray]) -> list[list[Counts]]:
    """Counts of each polymer, for each choice of fragments."""
    polymer = chains.polymer[fragments.centres]
    keys, place = np.unique(polymer.astype(np.uint64) << np.uint64(32) | fragments.hashes, return_inverse=True)
    weight = chains.weight[fragments.centres]
    of_each = (keys >> np.uint64(32)).astype(np.int64)
    hashes = keys.astype(np.uint32)
    found = []
    for part in parts:
        times = np.bincount(place, weight * part)
        there = times > 0
        ends = np.searchsorted(of_each[there], np.arange(1, len(chains.units)))
        found.append(list(zip(np.split(hashes[there], ends), np.split(times[there], ends), strict=True)))
    return found


def _descriptors(patterns: AtomPatterns, elements: np.ndarray) -> dict[Callable, np.ndarray]:
    """Descriptors (n,) of whole chains, but for those of their rings, by RDKit's function."""
    chains, n = patterns.chains, len(elements)

    def total(of_atoms: np.ndarray) -> np.ndarray:
        return np.bincount(chains.polymer, chains.weight * of_atoms, n)

    return {
        descriptors.CalcTPSA: total(polar_surface(patterns)),
        descriptors.CalcLabuteASA: total(labute_surface(patterns)) + HYDROGEN_SURFACE,
        descriptors.CalcNumRotatableBonds: total(rotatable_bonds(patterns)),
        descriptors.CalcNumHBD: total(donors(patterns)),
        descriptors.CalcNumHBA: total(acceptors(patterns)),
        descriptors.CalcNumHeteroatoms: total(chains.element != _CARBON),
        descriptors.CalcNumAmideBonds: total(amide_bonds(patterns)),
        descriptors.CalcExactMolWt: elements @ ATOM_MASSES + total(chains.hydrogens) * ATOM_MASSES[_HYDROGEN],
    }
