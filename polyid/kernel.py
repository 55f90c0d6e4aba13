"""Kernel regression on the fragments of a polymer: the second opinion beside the networks.

Two polymers are similar as far as they have the same fragments in the same proportions. For counts per heavy atom a and b
that is the min-max kernel (generalised Tanimoto or Ruzicka similarity), sum min(a, b) / sum max(a, b), a positive definite
kernel (Gower, Biometrics 1971, 27, 857; for molecules Ralaivola et al., Neural Networks 2005, 18, 1093). The kernel is the
mean of three of these, on Morgan fragments of two radii (Rogers and Hahn, J. Chem. Inf. Model. 2010, 50, 742) and on
pharmacophoric Morgan fragments, and of a Gaussian of the polymer's composition. The regression is the mean of kernel ridge
regression, best for the mean, and support vector regression, which is robust against wrong labels; both are scikit-learn's
and linear in the kernel, so that one coefficient a reference polymer holds both.

Everything is counted on the oligomer and divided by its heavy atoms, so that a prediction doesn't depend on how a polymer
was written.

Shapes: n polymers asked for, N reference polymers, M ensemble members, P properties, D composition descriptors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem import rdMolDescriptors as descriptors
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR

from polyid.errors import BundleError
from polyid.features import MOLECULES_KEPT, atoms_of, parse_smiles

MOST_REFERENCES = 3000
"""Reference polymers at most: the cost of a fit grows with their cube, that of a prediction with their number."""

_RIDGE = 0.01
_PENALTY, _TUBE = 5.0, 0.02
_ELEMENTS = ("C", "N", "O", "F", "S", "Si", "Cl", "Br", "P")
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
DESCRIPTORS = len(_COUNTED) + 1 + len(_ELEMENTS) + 3
_GENERATORS = (
    (rdFingerprintGenerator.GetMorganGenerator(radius=2), np.sqrt),
    (rdFingerprintGenerator.GetMorganGenerator(radius=3), np.asarray),
    (
        rdFingerprintGenerator.GetMorganGenerator(
            radius=2, atomInvariantsGenerator=rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
        ),
        np.asarray,
    ),
)


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

    def chosen(self, index: Sequence[int]) -> PolymerFragments:
        """The polymers of `index`."""
        return PolymerFragments(
            tuple([kind[i] for i in index] for kind in self.keys),
            tuple([kind[i] for i in index] for kind in self.counts),
            self.composition[np.asarray(index, int)],
        )


def polymer_fragments(smiles: Sequence[str]) -> PolymerFragments:
    """Fragments and composition of oligomer SMILES.

    Raises
    ------
    PolymerError
        A SMILES can't be read.
    """
    keys: tuple[list, ...] = tuple([] for _ in _GENERATORS)
    counts: tuple[list, ...] = tuple([] for _ in _GENERATORS)
    composition = np.empty((len(smiles), DESCRIPTORS))
    for start in range(0, len(smiles), MOLECULES_KEPT):
        molecules = [parse_smiles(text) for text in smiles[start : start + MOLECULES_KEPT]]
        atoms = [max(molecule.GetNumHeavyAtoms(), 1) for molecule in molecules]
        for kind, (generator, transform) in enumerate(_GENERATORS):
            # All at once, because RDKit then uses every core.
            every = generator.GetSparseCountFingerprints(molecules, numThreads=0)
            for fingerprint, heavy in zip(every, atoms, strict=True):
                found = fingerprint.GetNonzeroElements()
                hashes = np.fromiter(found.keys(), np.uint32, len(found))
                order = np.argsort(hashes)
                keys[kind].append(hashes[order])
                values = np.fromiter(found.values(), np.float32, len(found))[order] / np.float32(heavy)
                counts[kind].append(transform(values).astype(np.float32))
        for i, (molecule, heavy) in enumerate(zip(molecules, atoms, strict=True), start):
            composition[i] = _composition(molecule, heavy, "@" in smiles[i])
    return PolymerFragments(keys, counts, composition)


def _composition(molecule: Chem.Mol, atoms: int, centres: bool) -> list[float]:
    """Descriptors per heavy atom, and, if there are stereocentres, those that say how they follow each other.

    The last is what a stereoirregular unit does to a melting point: it falls with the logarithm of the share of the units
    that fit the crystal (Flory, Trans. Faraday Soc. 1955, 51, 848), whether the crystal is isotactic or syndiotactic.
    """
    counted = [function(molecule) / atoms for function in _COUNTED]
    # Going through the atoms takes as long as all else together.
    symbols = {symbol: int(n or 1) for symbol, n in _IN_FORMULA.findall(descriptors.CalcMolFormula(molecule))}
    elements = [symbols.get(element, 0) / atoms for element in _ELEMENTS]
    labels = {a.GetIdx(): a.GetProp("_CIPCode") for a in atoms_of(molecule) if a.HasProp("_CIPCode")} if centres else {}
    # Neighbouring centres of one label are, in a chain of one repeat unit, a meso dyad.
    same = [labels[one] == labels[other] for one, other in _dyads(molecule, labels)]
    meso = sum(same) / len(same) if same else None
    return [
        *counted,
        descriptors.CalcFractionCSP3(molecule),
        *elements,
        len(labels) / atoms,
        0.0 if meso is None else 2.0 * meso - 1.0,
        0.0 if meso is None else math.log(max(meso, 1.0 - meso)),
    ]


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


@dataclass(frozen=True)
class _Kind:
    """Counts of one kind of fragments in the reference polymers, by fragment."""

    keys: np.ndarray
    by_fragment: csr_array
    totals: np.ndarray

    @classmethod
    def of(cls, keys: list[np.ndarray], counts: list[np.ndarray]) -> _Kind:
        known, column = np.unique(np.concatenate(keys), return_inverse=True)
        row = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        table = csr_array((np.concatenate(counts), (column, row)), shape=(len(known), len(keys)))
        return cls(known, table, np.array([c.sum(dtype=float) for c in counts]))

    def similarity(self, keys: list[np.ndarray], counts: list[np.ndarray]) -> np.ndarray:
        """Min-max similarity, shape (n, N)."""
        out = np.zeros((len(keys), len(self.totals)))
        table = self.by_fragment
        for i, (hashes, values) in enumerate(zip(keys, counts, strict=True)):
            place = np.minimum(np.searchsorted(self.keys, hashes), len(self.keys) - 1)
            known = self.keys[place] == hashes
            place, own = place[known], values[known]
            first, last = table.indptr[place], table.indptr[place + 1]
            length = last - first
            position = np.arange(length.sum()) + np.repeat(first - np.cumsum(length) + length, length)
            shared = np.bincount(
                table.indices[position], np.minimum(table.data[position], np.repeat(own, length)), len(self.totals)
            )
            out[i] = shared / np.maximum(values.sum(dtype=float) + self.totals - shared, 1e-12)
        return out


class ReferencePolymers:
    """The polymers that others are compared with.

    Parameters
    ----------
    fragments : PolymerFragments
        Of N polymers.
    labels : float array, shape (N, P)
        Measured values, the mean where a polymer has several; NaN where unmeasured.
    centre, scale : float arrays, shape (D,), optional
        Mean and standard deviation of the descriptors; computed if not given.
    width : float, optional
        Median squared distance of their compositions, in standard deviations; computed if not given.
    """

    def __init__(
        self,
        fragments: PolymerFragments,
        labels: np.ndarray,
        centre: np.ndarray | None = None,
        scale: np.ndarray | None = None,
        width: float | None = None,
    ):
        self.fragments, self.labels = fragments, labels
        self._kinds = [_Kind.of(k, c) for k, c in zip(fragments.keys, fragments.counts, strict=True)]
        raw = fragments.composition
        self.centre = raw.mean(axis=0) if centre is None else centre
        if scale is None:
            scale = raw.std(axis=0)
            scale = np.where(scale > 1e-9, scale, np.inf)
        self.scale = scale
        self._composition = self._standardised(raw)
        if width is None:
            sample = self._composition[np.random.default_rng(0).permutation(len(raw))[:1000]]
            width = float(np.median(pdist(sample, "sqeuclidean"))) if len(sample) > 1 else 1.0
        self.width = width if width > 0 else 1.0

    def __len__(self) -> int:
        return len(self.fragments)

    def _standardised(self, composition: np.ndarray) -> np.ndarray:
        return np.clip((composition - self.centre) / self.scale, -5.0, 5.0)

    def similarity(self, fragments: PolymerFragments) -> np.ndarray:
        """The kernel between n polymers and the references, float32, shape (n, N), from 0 to 1."""
        parts = self.similarities(fragments)
        return (sum(parts.values()) / len(parts)).astype(np.float32)

    def similarities(self, fragments: PolymerFragments) -> dict[str, np.ndarray]:
        """The parts whose mean the kernel is, each of shape (n, N): of the kinds of fragments and of the composition."""
        parts = {
            name: kind.similarity(keys, counts)
            for name, kind, keys, counts in zip(FRAGMENTS, self._kinds, fragments.keys, fragments.counts, strict=True)
        }
        own = self._standardised(fragments.composition)
        square = (own**2).sum(1)[:, None] + (self._composition**2).sum(1)[None] - 2.0 * own @ self._composition.T
        parts["composition"] = np.exp(-np.maximum(square, 0.0) / self.width)
        return parts

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays."""
        arrays = {
            "labels": self.labels,
            "composition": self.fragments.composition,
            "centre": self.centre,
            "scale": self.scale,
            "width": np.array([self.width]),
        }
        for kind, (keys, counts) in enumerate(zip(self.fragments.keys, self.fragments.counts, strict=True)):
            arrays[f"lengths_{kind}"] = np.array([len(k) for k in keys], np.int32)
            arrays[f"keys_{kind}"] = np.concatenate(keys)
            arrays[f"counts_{kind}"] = np.concatenate(counts)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> ReferencePolymers:
        """The references that `to_arrays` wrote."""
        polymers, properties = _array(arrays, "labels", None, None).shape
        keys, counts = [], []
        for kind in range(len(_GENERATORS)):
            lengths = _array(arrays, f"lengths_{kind}", polymers)
            total = int(lengths.sum()) if len(lengths) and lengths.min() >= 0 else -1
            ends = np.cumsum(lengths)[:-1]
            keys.append(np.split(_array(arrays, f"keys_{kind}", total), ends))
            counts.append(np.split(_array(arrays, f"counts_{kind}", total), ends))
        return cls(
            PolymerFragments(tuple(keys), tuple(counts), _array(arrays, "composition", polymers, DESCRIPTORS)),
            _array(arrays, "labels", polymers, properties),
            _array(arrays, "centre", DESCRIPTORS),
            _array(arrays, "scale", DESCRIPTORS),
            float(_array(arrays, "width", 1)[0]),
        )


@dataclass(frozen=True)
class KernelMember:
    """The kernel regression of one ensemble member.

    Attributes
    ----------
    references : ReferencePolymers
        The same for all members.
    coefficients : float array, shape (N, P)
        Zero for polymers the member didn't train on.
    offset : float array, shape (P,)
        About the median of the member's training labels; what a polymer unlike all others is predicted.
    share : float array, shape (P,)
        Share of the networks in the prediction; the rest is this regression's.
    """

    references: ReferencePolymers
    coefficients: np.ndarray
    offset: np.ndarray
    share: np.ndarray

    def predict(self, similarity: np.ndarray) -> np.ndarray:
        """Predictions, shape (n, P), from similarities (n, N)."""
        return self.offset + similarity.astype(float) @ self.coefficients

    @property
    def trained(self) -> np.ndarray:
        """Which labels of the references this member trained on, shape (N, P)."""
        return self.coefficients != 0.0


def fit_member(references: ReferencePolymers, similarity: np.ndarray, targets: np.ndarray) -> KernelMember:
    """Fit the regression of one member.

    Parameters
    ----------
    references : ReferencePolymers
    similarity : float array, shape (N, N)
        Of the references with each other.
    targets : float array, shape (N, P)
        Labels of the polymers the member trains on; NaN elsewhere.
    """
    coefficients = np.zeros(targets.shape)
    offset = np.zeros(targets.shape[1])
    for p, labels in enumerate(targets.T):
        train = np.flatnonzero(np.isfinite(labels))
        if len(train) == 0:
            continue
        offset[p] = np.median(labels[train])
        scale = np.std(labels[train])
        if len(train) < 3 or scale == 0.0:
            continue
        gram, scaled = similarity[np.ix_(train, train)].astype(float), (labels[train] - offset[p]) / scale
        ridge = KernelRidge(alpha=_RIDGE, kernel="precomputed").fit(gram, scaled)
        vector = SVR(kernel="precomputed", C=_PENALTY, epsilon=_TUBE).fit(gram, scaled)
        dual = ridge.dual_coef_.copy()
        dual[vector.support_] += vector.dual_coef_[0]
        # As exact as it will be stored, so that a loaded model predicts the same.
        coefficients[train, p] = (0.5 * scale * dual).astype(np.float32)
        offset[p] += 0.5 * scale * float(vector.intercept_[0])
    return KernelMember(references, coefficients, offset, np.full(len(offset), 0.5))


def neighbourhood(similarity: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How new polymers are to a set of measured ones, and how much the values around them vary.

    Parameters
    ----------
    similarity : float array, shape (n, N)
    labels : float array, shape (N, P)
        NaN where unmeasured, or where a member may not look.

    Returns
    -------
    novelty : float array, shape (n, P)
        1 minus the mean similarity to the five most similar measured polymers.
    roughness : float array, shape (n, P)
        Mean absolute deviation of the values of the eight most similar, weighted by the fourth power of the similarity.
    """
    novelty = np.ones((len(similarity), labels.shape[1]))
    roughness = np.zeros_like(novelty)
    for p, values in enumerate(labels.T):
        measured = np.flatnonzero(np.isfinite(values))
        if len(measured) == 0:
            continue
        near = similarity[:, measured].astype(float)
        most = min(8, len(measured))
        top = np.argsort(-near, axis=1, kind="stable")[:, :most]
        similar = np.take_along_axis(near, top, axis=1)
        novelty[:, p] = 1.0 - similar[:, :5].mean(axis=1)
        weight = similar**4 + 1e-12
        weight /= weight.sum(axis=1, keepdims=True)
        found = values[measured][top]
        centre = (weight * found).sum(axis=1, keepdims=True)
        roughness[:, p] = (weight * np.abs(found - centre)).sum(axis=1)
    return novelty, roughness


def members_to_arrays(members: Sequence[KernelMember]) -> dict[str, np.ndarray]:
    """The regressions of all members, with their references, as arrays."""
    return {
        **members[0].references.to_arrays(),
        "coefficients": np.stack([m.coefficients for m in members]).astype(np.float32),
        "offset": np.stack([m.offset for m in members]),
        "share": np.stack([m.share for m in members]),
    }


def members_from_arrays(arrays: dict[str, np.ndarray]) -> list[KernelMember]:
    """The regressions that `members_to_arrays` wrote."""
    references = ReferencePolymers.from_arrays(arrays)
    polymers, properties = references.labels.shape
    coefficients = _array(arrays, "coefficients", None, polymers, properties).astype(float)
    offset = _array(arrays, "offset", len(coefficients), properties)
    share = _array(arrays, "share", len(coefficients), properties)
    return [KernelMember(references, *own) for own in zip(coefficients, offset, share, strict=True)]


def _array(arrays: dict[str, np.ndarray], name: str, *shape: int | None) -> np.ndarray:
    """An array of a stored regression, of the shape it must have; None is any length."""
    found = arrays.get(name)
    if (
        found is None
        or found.ndim != len(shape)
        or any(wanted not in (None, own) for own, wanted in zip(found.shape, shape, strict=True))
    ):
        seen = "is missing" if found is None else f"has the shape {found.shape}"
        raise BundleError(
            f"The model's kernel regression can't be used: its array {name} {seen}. It is damaged or of another version of "
            "polyid-spaces; download or train the model again."
        )
    return found


def choose_references(targets: np.ndarray, seed: int, most: int = MOST_REFERENCES) -> np.ndarray:
    """Which polymers a table too large for a kernel is compared with; all, if they are few enough.

    Properties take turns, so that rare ones keep their labels.

    Parameters
    ----------
    targets : float array, shape (N, P)
    seed, most : int

    Returns
    -------
    int array
        Ascending indices.
    """
    if len(targets) <= most:
        return np.arange(len(targets))
    order = np.random.default_rng([seed, 4]).permutation(len(targets))
    queues = [iter(order[np.isfinite(targets[order, p])].tolist()) for p in range(targets.shape[1])]
    chosen: dict[int, Any] = {}
    while queues and len(chosen) < most:
        for queue in list(queues):
            found = next((i for i in queue if i not in chosen), None)
            if found is None:
                queues.remove(queue)
            elif len(chosen) < most:
                chosen[found] = None
    return np.sort(np.fromiter(chosen, int, len(chosen)))
