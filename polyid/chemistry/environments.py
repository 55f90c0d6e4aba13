"""Circular fragments of molecules: the kinds of them that polymers are compared by, and where each is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

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


def environments_in(molecule: Any, generator: Any = _MORGAN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hash, atom in the centre and radius of every fragment of a molecule."""
    output = rdFingerprintGenerator.AdditionalOutput()
    output.AllocateBitInfoMap()
    generator.GetSparseCountFingerprint(molecule, additionalOutput=output)
    places = output.GetBitInfoMap()
    hashes = np.fromiter(places.keys(), np.uint32, len(places)).repeat([len(each) for each in places.values()])
    centres = np.fromiter(itertools.chain.from_iterable(itertools.chain.from_iterable(places.values())), np.int64)
    return hashes, centres[::2], centres[1::2]
