"""Fragments and composition of a polymer, counted on its oligomer: what the kernel regression compares."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors as descriptors

from polyid.chemistry.arrays.counts import LocalCounts, local_counts
from polyid.chemistry.copolymer_reading import weighted_chains
from polyid.chemistry.environments import GENERATORS
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.smiles import MOLECULES_KEPT, atoms_of, parse_smiles

_ELEMENTS = ("C", "N", "O", "F", "S", "Si", "Cl", "Br", "P")
_ATOMIC_NUMBERS = {symbol: Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in _ELEMENTS}
_COUNTED = (
    descriptors.CalcTPSA,
    descriptors.CalcLabuteASA,
    descriptors.CalcNumRotatableBonds,
    descriptors.CalcNumRings,
    descriptors.CalcNumAromaticRings,
    descriptors.CalcNumAliphaticRings,
    descriptors.CalcNumSaturatedRings,
    descriptors.CalcNumHBD,
    descriptors.CalcNumHBA,
    descriptors.CalcNumHeteroatoms,
    descriptors.CalcNumAmideBonds,
    descriptors.CalcNumSpiroAtoms,
    descriptors.CalcNumBridgeheadAtoms,
    descriptors.CalcNumHeterocycles,
    descriptors.CalcExactMolWt,
)
_IN_FORMULA = re.compile(r"([A-Z][a-z]?)(\d*)")
_CSP3 = len(_COUNTED)
_CARBON = _CSP3 + 1 + _ELEMENTS.index("C")
DESCRIPTORS = len(_COUNTED) + 1 + len(_ELEMENTS) + 3
FRAGMENTS = ("Morgan, radius 2", "Morgan, radius 3", "pharmacophoric Morgan, radius 2")
"""Kinds of fragments, in the order of their counts."""


@dataclass(frozen=True)
class PolymerFragments:
    """What the kernel compares, of n polymers.

    Attributes
    ----------
    keys, counts : tuple of lists of arrays
        For each of the kinds of fragments and each polymer: hashes (uint32, ascending) and counts per heavy atom.
    composition : float array, shape (n, D)
        Descriptors per heavy atom.
    """

    keys: tuple[list[np.ndarray], ...]
    counts: tuple[list[np.ndarray], ...]
    composition: np.ndarray

    def __len__(self) -> int:
        return len(self.composition)

    def chosen(self, index: Sequence[int] | np.ndarray) -> PolymerFragments:
        """The polymers of `index`."""
        return PolymerFragments(
            tuple([keys[i] for i in index] for keys in self.keys),
            tuple([counts[i] for i in index] for counts in self.counts),
            self.composition[np.asarray(index, int)],
        )


def polymer_fragments(smiles: Sequence[str]) -> PolymerFragments:
    """Fragments and composition of oligomer SMILES; of copolymers, the mean over the chains that stand for them.

    Raises
    ------
    PolymerError
        A SMILES can't be read.
    """
    of_polymer = [weighted_chains(text) for text in smiles]
    place = {text: i for i, text in enumerate(dict.fromkeys(text for chains in of_polymer for text, _ in chains))}
    chains = _counted(list(place))
    keys: tuple[list, ...] = tuple([] for _ in GENERATORS)
    counts: tuple[list, ...] = tuple([] for _ in GENERATORS)
    composition = np.empty((len(smiles), DESCRIPTORS))
    for number, weighted in enumerate(of_polymer):
        index = [place[text] for text, _ in weighted]
        weights = np.array([weight for _, weight in weighted])
        composition[number] = _mixed(chains.composition[index], weights, chains.heavy[index])
        for generator, (_, transform) in enumerate(GENERATORS):
            hashes, values = _summed([chains.fragments[generator][i] for i in index], weights)
            keys[generator].append(hashes)
            per_atom = values.astype(np.float32) / np.float32(weights @ chains.heavy[index])
            counts[generator].append(transform(per_atom).astype(np.float32))
    return PolymerFragments(keys, counts, composition)


@dataclass(frozen=True)
class _Counted:
    """Of n molecules: hashes (ascending) and counts of each of the kinds of fragments, heavy atoms (n,), composition (n, D)."""

    fragments: tuple[list[tuple[np.ndarray, np.ndarray]], ...]
    heavy: np.ndarray
    composition: np.ndarray


def _counted(smiles: Sequence[str]) -> _Counted:
    fragments: tuple[list, ...] = tuple([] for _ in GENERATORS)
    heavy = np.ones(len(smiles))
    composition = np.empty((len(smiles), DESCRIPTORS))
    for start in range(0, len(smiles), MOLECULES_KEPT):
        part = smiles[start : start + MOLECULES_KEPT]
        polymers = [Polymer.read(text) for text in part]
        regular = dict(zip(part, _regular_counts(polymers), strict=True))
        written = [i for i, polymer in enumerate(polymers) if not polymer.is_regular]
        molecules = [parse_smiles(part[i]) for i in written]
        for number, (generator, _) in enumerate(GENERATORS):
            counts: list[Any] = [None if own is None else own.fragments[number] for own in regular.values()]
            # All at once, because RDKit then uses every core; it starts their threads even where there is nothing to do.
            found = generator.GetSparseCountFingerprints(molecules, numThreads=0) if molecules else ()
            for i, fingerprint in zip(written, found, strict=True):
                elements = fingerprint.GetNonzeroElements()
                hashes = np.fromiter(elements.keys(), np.uint32, len(elements))
                order = np.argsort(hashes)
                counts[i] = hashes[order], np.fromiter(elements.values(), float, len(elements))[order]
            fragments[number].extend(counts)
        for i, (text, own) in enumerate(regular.items(), start):
            if own is not None:
                totals, stereo = _regular_totals(own), _NO_STEREO
            else:
                totals, stereo = _totals(parse_smiles(text)), _stereo(parse_smiles(text), "@" in text)
            heavy[i] = max(totals[-1], 1.0)
            composition[i] = _composition(totals, stereo)
    return _Counted(fragments, heavy, composition)


def _summed(counted: Sequence[tuple[np.ndarray, np.ndarray]], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of several molecules' fragments, ascending, and their counts, each molecule's times its weight."""
    if len(counted) == 1:
        return counted[0]
    hashes, place = np.unique(np.concatenate([hashes for hashes, _ in counted]), return_inverse=True)
    each = [weight * values for weight, (_, values) in zip(weights, counted, strict=True)]
    return hashes, np.bincount(place, np.concatenate(each))


def _mixed(composition: np.ndarray, weights: np.ndarray, heavy: np.ndarray) -> np.ndarray:
    """Composition (D,) of molecules (n, D) together, each as often as its weight says."""
    if len(weights) == 1:
        return composition[0]
    mixed = np.average(composition, axis=0, weights=weights * heavy)
    # What is per carbon, or per pair of stereocentres, and not per heavy atom.
    for columns, per_atom in (([_CSP3], composition[:, _CARBON]), ([-2, -1], composition[:, -3])):
        if per_atom.any():
            mixed[columns] = np.average(composition[:, columns], axis=0, weights=weights * heavy * per_atom)
    return mixed


def _totals(molecule: Chem.Mol) -> np.ndarray:
    """Descriptors that add up over the parts of a molecule: those of `_COUNTED`, sp3 carbon, `_ELEMENTS`, heavy atoms."""
    # Going through the atoms takes as long as all else together.
    symbols = {symbol: int(n or 1) for symbol, n in _IN_FORMULA.findall(descriptors.CalcMolFormula(molecule))}
    elements = [symbols.get(element, 0) for element in _ELEMENTS]
    sp3 = round(descriptors.CalcFractionCSP3(molecule) * symbols.get("C", 0))
    return np.array([*(count(molecule) for count in _COUNTED), sp3, *elements, molecule.GetNumHeavyAtoms()], float)


def _regular_counts(polymers: Sequence[Polymer]) -> list[LocalCounts | None]:
    """Counts of those polymers that are regular chains."""
    counts = iter(local_counts([polymer for polymer in polymers if polymer.is_regular]))
    return [next(counts) if polymer.is_regular else None for polymer in polymers]


def _regular_totals(counts: LocalCounts) -> np.ndarray:
    """`_totals` of a regular chain."""
    elements = counts.elements[[_ATOMIC_NUMBERS[symbol] for symbol in _ELEMENTS]]
    found = (counts.descriptors[count] for count in _COUNTED)
    return np.array([*found, counts.sp3_carbon, *elements, counts.elements.sum()])


def _composition(totals: np.ndarray, stereo: Sequence[float]) -> np.ndarray:
    """Descriptors (D,), as a rule per heavy atom, from `_totals` and `_stereo`."""
    atoms, carbon = max(totals[-1], 1.0), totals[_CARBON]
    composition = np.concatenate([totals[:-1] / atoms, stereo])
    composition[_CSP3] = totals[_CSP3] / carbon if carbon else 0.0
    composition[-3] /= atoms
    return composition


_NO_STEREO = (0.0, 0.0, 0.0)


def _stereo(molecule: Chem.Mol, centres: bool) -> tuple[float, float, float]:
    """Stereocentres, if there are any, and how they follow each other.

    The last is what a stereoirregular unit does to a melting point: it falls with the logarithm of the share of the units
    that fit the crystal (Flory, Trans. Faraday Soc. 1955, 51, 848), whether the crystal is isotactic or syndiotactic.
    """
    labels = {a.GetIdx(): a.GetProp("_CIPCode") for a in atoms_of(molecule) if a.HasProp("_CIPCode")} if centres else {}
    # Neighbouring centres of one label are, in a chain of one repeat unit, a meso dyad.
    same = [labels[left] == labels[right] for left, right in _dyads(molecule, labels)]
    if not same:
        return float(len(labels)), 0.0, 0.0
    meso = sum(same) / len(same)
    return float(len(labels)), 2.0 * meso - 1.0, math.log(max(meso, 1.0 - meso))


def _dyads(molecule: Chem.Mol, centres: Collection[int]) -> set[tuple[int, int]]:
    """Pairs of stereocentres of which one is, by bonds, the nearest or among the nearest of the other.

    Found along the bonds and not by the numbers of atoms, which depend on where a SMILES begins.
    """
    if len(centres) < 2:
        return set()
    bonded = [[other.GetIdx() for other in atom.GetNeighbors()] for atom in molecule.GetAtoms()]
    pairs = set()
    for start in centres:
        seen, shell = {start}, {start}
        near: set[int] = set()
        while shell and not near:
            shell = {other for atom in shell for other in bonded[atom]} - seen
            seen |= shell
            near = shell.intersection(centres)
        pairs |= {(min(start, other), max(start, other)) for other in near}
    return pairs
