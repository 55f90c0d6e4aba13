"""Circular fragments of regular chains, counted on short ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import MOLECULES_KEPT

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=3)
_PHARMACOPHORIC = rdFingerprintGenerator.GetMorganGenerator(
    radius=2, atomInvariantsGenerator=rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
)
GENERATORS: tuple[tuple[Any, Callable[[np.ndarray], np.ndarray]], ...] = (
    (rdFingerprintGenerator.GetMorganGenerator(radius=2), np.sqrt),
    (_MORGAN, np.asarray),
    (_PHARMACOPHORIC, np.asarray),
)
"""Generator of each kind of fragments, and what is done to its counts per heavy atom."""

Counts = tuple[np.ndarray, np.ndarray]
"""Hashes (uint32, ascending) and how often each occurs (float)."""


@lru_cache(maxsize=MOLECULES_KEPT)
def regular_fragments(polymer: Polymer) -> tuple[Counts, Counts, Counts]:
    """Fragments of a regular chain, of the kinds of `GENERATORS`."""
    chain = polymer.short_chain()
    weight = chain.weight
    hashes, atoms, radii = environments(polymer)
    # What has two bonds to each side is found on the way to three.
    small = radii <= 2
    pharmacophoric = environments_in(chain.molecule, _PHARMACOPHORIC)
    return (
        _summed(hashes[small], weight[atoms[small]]),
        _summed(hashes, weight[atoms]),
        _summed(pharmacophoric[0], weight[pharmacophoric[1]]),
    )


@lru_cache(maxsize=MOLECULES_KEPT)
def environments(polymer: Polymer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hash, atom in the centre and radius, up to three bonds, of every Morgan fragment of a regular chain's short one."""
    return environments_in(polymer.short_chain().molecule)


def environments_in(molecule: Any, generator: Any = _MORGAN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hash, atom in the centre and radius of every fragment of a molecule."""
    output = rdFingerprintGenerator.AdditionalOutput()
    output.AllocateBitInfoMap()
    generator.GetSparseCountFingerprint(molecule, additionalOutput=output)
    places = output.GetBitInfoMap()
    hashes = np.fromiter(places.keys(), np.uint32, len(places)).repeat([len(each) for each in places.values()])
    centres = np.fromiter(itertools.chain.from_iterable(itertools.chain.from_iterable(places.values())), np.int64)
    return hashes, centres[::2], centres[1::2]


def _summed(hashes: np.ndarray, weight: np.ndarray) -> Counts:
    distinct, place = np.unique(hashes, return_inverse=True)
    return distinct, np.bincount(place, weight)
