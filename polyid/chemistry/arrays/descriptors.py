"""Descriptors of regular chains that add up over atoms, bonds and rings, from the arrays of short chains.

Each is RDKit's of the same name, its patterns written out for arrays; `tests/chemistry/test_regular_arrays.py` holds them against each
other. Of an atom in a short chain that counts for many, its part counts as often.
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from polyid.chemistry.arrays.patterns import AtomPatterns

_ELEMENTS = 100
_TABLE = Chem.GetPeriodicTable()
_RADII = np.array([0.0, *(_TABLE.GetRb0(number) for number in range(1, _ELEMENTS))])
ATOM_MASSES = np.array([0.0, *(_TABLE.GetMostCommonIsotopeMass(number) for number in range(1, _ELEMENTS))])
"""Of the most common isotope of each atomic number, in g/mol."""
_C, _N, _O, _S = 6, 7, 8, 16
_HALOGENS = (9, 17, 35)
HYDROGEN_SURFACE = 4 * np.pi * _RADII[1] ** 2
"""Of a molecule, beside the parts of its atoms in Labute's surface."""
_SHORTENED = np.zeros(13)
_SHORTENED[[2, 3, 12]] = 0.2, 0.3, 0.1
"""How much shorter bonds of each order are than single ones, in angstroms (Labute, J. Mol. Graph. Model. 2000, 18, 464)."""

# Of nitrogen and oxygen by (heavy neighbours, hydrogens, charge, single, double, triple, aromatic bonds, in a ring of three), from
# Ertl et al., J. Med. Chem. 2000, 43, 3714.
_POLAR_SURFACE: dict[int, dict[tuple[int, ...], float]] = {
    _N: {
        (1, 0, 0, 0, 0, 1, 0): 23.79,
        (1, 1, 0, 0, 1, 0, 0): 23.85,
        (1, 2, 0, 1, 0, 0, 0): 26.02,
        (1, 2, 1, 0, 1, 0, 0): 25.59,
        (1, 3, 1, 1, 0, 0, 0): 27.64,
        (2, 0, 0, 1, 1, 0, 0): 12.36,
        (2, 0, 0, 0, 1, 1, 0): 13.60,
        (2, 1, 0, 2, 0, 0, 0): 12.03,
        (2, 0, 1, 1, 0, 1, 0): 4.36,
        (2, 1, 1, 1, 1, 0, 0): 13.97,
        (2, 2, 1, 2, 0, 0, 0): 16.61,
        (2, 0, 0, 0, 0, 0, 2): 12.89,
        (2, 1, 0, 0, 0, 0, 2): 15.79,
        (2, 1, 1, 0, 0, 0, 2): 14.14,
        (3, 0, 0, 3, 0, 0, 0): 3.24,
        (3, 0, 0, 1, 2, 0, 0): 11.68,
        (3, 0, 1, 2, 1, 0, 0): 3.01,
        (3, 1, 1, 3, 0, 0, 0): 4.44,
        (3, 0, 0, 0, 0, 0, 3): 4.41,
        (3, 0, 0, 1, 0, 0, 2): 4.93,
        (3, 0, 0, 0, 1, 0, 2): 8.39,
        (3, 0, 1, 0, 0, 0, 3): 4.10,
        (3, 0, 1, 1, 0, 0, 2): 3.88,
        (4, 0, 1, 4, 0, 0, 0): 0.0,
    },
    _O: {
        (1, 0, 0, 0, 1, 0, 0): 17.07,
        (1, 1, 0, 1, 0, 0, 0): 20.23,
        (1, 0, -1, 1, 0, 0, 0): 23.06,
        (2, 0, 0, 2, 0, 0, 0): 9.23,
        (2, 0, 0, 0, 0, 0, 2): 13.14,
    },
}
_POLAR_SURFACE_OF_THREE_RING: dict[tuple[int, ...], float] = {(_N, 2, 1): 21.94, (_N, 3, 0): 3.01, (_O, 2, 0): 12.53}
_OTHER_POLAR_SURFACE = {_N: (30.5, 8.2), _O: (28.5, 8.6)}


def polar_surface(patterns: AtomPatterns) -> np.ndarray:
    """Part of each atom in the topological polar surface area of N and O, in square angstroms; shape (A,)."""
    chains = patterns.chains
    surface = np.zeros(len(chains.element))
    at = np.flatnonzero((chains.element == _N) | (chains.element == _O))
    if not len(at):
        return surface
    bonds = [
        chains.count(marked)[at]
        for marked in (patterns.single, patterns.double, chains.order == 3, patterns.aromatic_bond)
    ]
    columns = (chains.element[at], chains.degree[at], chains.hydrogens[at], chains.charge[at], *bonds)
    kinds, kind = np.unique(
        np.stack([*columns, chains.any(chains.ring_size == 3)[at]], axis=1), axis=0, return_inverse=True
    )
    surface[at] = np.array([_polar_surface_of(*own) for own in kinds.tolist()])[kind.ravel()]
    return surface


def _polar_surface_of(element: int, degree: int, hydrogens: int, charge: int, *bonds: int) -> float:
    *orders, three_ring = bonds
    single_only = charge == 0 and orders[0] == degree
    if three_ring and single_only and (known := _POLAR_SURFACE_OF_THREE_RING.get((element, degree, hydrogens))):
        return known
    if (value := _POLAR_SURFACE[element].get((degree, hydrogens, charge, *orders))) is not None:
        return value
    whole, less = _OTHER_POLAR_SURFACE[element]
    return max(0.0, whole - degree * less + hydrogens * 1.5)


def labute_surface(patterns: AtomPatterns) -> np.ndarray:
    """Part of each atom in Labute's approximate surface area, but for `HYDROGEN_SURFACE`, in square angstroms; shape (A,).

    As in RDKit, each atom hides and shows the surface of one hydrogen, however many it has.
    """
    chains = patterns.chains
    radius = _RADII[chains.element]
    own, other = radius[chains.source], radius[chains.target]
    hidden = np.bincount(chains.source, _hidden(own, other, own + other - _SHORTENED[chains.order]), len(radius))
    hydrogen = np.full(len(radius), _RADII[1])
    hidden += _hidden(radius, hydrogen, radius + hydrogen)
    of_hydrogen = np.pi * hydrogen * _hidden(hydrogen, radius, radius + hydrogen)
    return np.pi * radius * (4 * radius - hidden) - of_hydrogen


def _hidden(own: np.ndarray, other: np.ndarray, length: np.ndarray) -> np.ndarray:
    """What a bond of a length to an atom of another radius hides of an atom, over pi and its radius."""
    apart = np.minimum(np.maximum(np.abs(own - other), length), own + other)
    return other**2 - (own - apart) ** 2 / apart


def rotatable_bonds(patterns: AtomPatterns) -> np.ndarray:
    """Half of the rotatable bonds that leave each atom, by RDKit's strict definition; shape (A,)."""
    p, chains = patterns, patterns.chains
    beside_triple = chains.any(chains.order == 3)
    methyl = p.carbon & (chains.hydrogens == 3)
    bulky = p.carbon & (p.neighbours(methyl, p.single) > 2)
    for halogen in _HALOGENS:
        bulky |= p.carbon & (p.neighbours((chains.element == halogen) & p.aliphatic, p.single) > 2)
    end = ~beside_triple & (chains.degree != 1) & ~bulky
    free = p.single & (chains.ring_size == 0)
    acid = p.carbon & (chains.degree == 3) & (p.neighbours(p.nitrogen | p.oxygen_or_sulphur, p.double) > 0)
    partner = (chains.element == _N) | p.oxygen | (p.sulphur & (chains.degree != 1))
    stiff = (acid & (p.neighbours(partner, free) > 0)) | (partner & (p.neighbours(acid, free) > 0))
    source, target = chains.source, chains.target
    turns = free & end[source] & end[target] & ~(stiff[source] & stiff[target])
    return chains.count(turns) / 2.0


def acceptors(patterns: AtomPatterns) -> np.ndarray:
    """Whether each atom takes hydrogen bonds; bool, shape (A,)."""
    p, chains = patterns, patterns.chains
    outside_ring = p.to_heteroatom & (chains.ring_size == 0)
    beside = p.neighbours(chains.any(outside_ring), p.single) > 0
    return (
        (p.oxygen_or_sulphur & p.one_hydrogen & p.divalent & (p.neighbours(~p.doubly_bonded, p.single) > 0))
        | (p.oxygen_or_sulphur & p.no_hydrogen & p.divalent)
        | (p.oxygen_or_sulphur & p.negative)
        | (p.nitrogen & p.trivalent & ~beside)
        | (p.aromatic_nitrogen & (chains.degree == 2) & p.no_hydrogen)
        | ((chains.element == _O) & chains.aromatic)
        | ((chains.element == _S) & chains.aromatic & p.neutral)
    )


def amide_bonds(patterns: AtomPatterns) -> np.ndarray:
    """Amide bonds of each carbon atom; int, shape (A,)."""
    p = patterns
    oxygen = p.neighbours(p.oxygen & ~p.chains.in_ring, p.double)
    return p.carbon * oxygen * p.neighbours(p.nitrogen, p.single)
