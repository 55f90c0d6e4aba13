"""Kernel regression on the fragments of a polymer: the second opinion beside the networks.

Two polymers are similar as far as they have the same fragments in the same proportions. For counts per heavy atom a and b
that is the min-max kernel (generalised Tanimoto or Ruzicka similarity), sum min(a, b) / sum max(a, b), a positive definite
kernel (Gower, Biometrics 1971, 27, 857; for molecules Ralaivola et al., Neural Networks 2005, 18, 1093). The kernel is the
mean of three of these, on Morgan fragments of two radii (Rogers and Hahn, J. Chem. Inf. Model. 2010, 50, 742) and on
pharmacophoric Morgan fragments, and of a Gaussian of the polymer's composition. The regression is the mean of kernel ridge
regression, best for the mean, and support vector regression, which is robust against wrong labels; both are scikit-learn's
and linear in the kernel, so that one coefficient a reference polymer holds both. For properties that go on where fragments end,
it may have a linear part in the composition too (`polyid.kernel.trend`).

Everything is counted on the oligomer and divided by its heavy atoms, so that a prediction doesn't depend on how a polymer
was written.

Shapes: n polymers asked for, N reference polymers, M ensemble members, P properties, D composition descriptors.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist

from polyid.chemistry.composition import FRAGMENTS, GENERATORS, PolymerFragments
from polyid.common.arrays import POSITIVE, ArrayRule

MOST_REFERENCES = 3000
"""Reference polymers at most: the cost of a fit grows with their cube, that of a prediction with their number."""
_ENTRIES_TOGETHER = 50_000  # Pairs of a polymer and a reference; with more, the arrays leave the cores' own memory.
_COMMON_SHARE = 12  # A fragment is common if one reference in so many has it: to look a count up takes as much longer.
REFERENCE_ARRAYS = {
    "labels": ArrayRule("float64", ("N", "P"), missing=True),
    "composition": ArrayRule("float64", ("N", "D")),
    "centre": ArrayRule("float64", ("D",)),
    # A descriptor that doesn't vary is divided by infinity.
    "scale": ArrayRule("float64", ("D",), POSITIVE, infinite=True),
    "width": ArrayRule("float64", (1,), POSITIVE),
    **{
        f"{part}_{number}": rule
        for number in range(len(GENERATORS))
        for part, rule in (
            ("lengths", ArrayRule("int32", ("N",), 0)),
            ("keys", ArrayRule("uint32", (f"K{number}",))),
            ("counts", ArrayRule("float32", (f"K{number}",), POSITIVE)),
        )
    },
}
"""What `ReferencePolymers.to_arrays` gives, for N polymers, P properties and D descriptors."""


@dataclass(frozen=True)
class _FragmentCounts:
    """Counts of one kind of fragments in the reference polymers, by fragment; K of them, C common ones.

    Attributes
    ----------
    keys : uint32 array, shape (K,)
        Ascending.
    by_fragment : csr_array, shape (K, N)
    common : int array, shape (K,)
        Row of each fragment in `by_common`; -1 of a rare one.
    by_common : float64 array, shape (C, N)
        The counts of fragments that many references have: to pass over all references is then cheaper than to look these up.
    totals : float array, shape (N,)
    """

    keys: np.ndarray
    by_fragment: csr_array
    common: np.ndarray
    by_common: np.ndarray
    totals: np.ndarray

    @classmethod
    def of(cls, keys: list[np.ndarray], counts: list[np.ndarray]) -> _FragmentCounts:
        distinct, column = np.unique(np.concatenate(keys), return_inverse=True)
        row = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
        table = csr_array((np.concatenate(counts), (column, row)), shape=(len(distinct), len(keys)))
        chosen = np.flatnonzero(np.diff(table.indptr) * _COMMON_SHARE > len(keys))
        common = np.full(len(distinct), -1)
        common[chosen] = np.arange(len(chosen))
        return cls(
            distinct,
            table,
            common,
            table[chosen].toarray().astype(float),
            np.array([c.sum(dtype=float) for c in counts]),
        )

    def similarity(self, keys: list[np.ndarray], counts: list[np.ndarray]) -> np.ndarray:
        """Min-max similarity, shape (n, N)."""
        together = max(1, _ENTRIES_TOGETHER // len(self.totals))
        parts = [
            self._similarity(keys[start : start + together], counts[start : start + together])
            for start in range(0, len(keys), together)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.totals)))

    def _similarity(self, keys: list[np.ndarray], counts: list[np.ndarray]) -> np.ndarray:
        """The same for a few polymers, at least one."""
        length = [len(hashes) for hashes in keys]
        hashes, values = np.concatenate(keys), np.concatenate(counts)
        row = np.minimum(np.searchsorted(self.keys, hashes), len(self.keys) - 1)
        in_references = self.keys[row] == hashes
        row, count = row[in_references], values[in_references]
        polymer = np.repeat(np.arange(len(keys)), length)[in_references]
        place = self.common[row]
        is_common = place >= 0
        shared = self._shared_of_rare(row[~is_common], count[~is_common], polymer[~is_common], len(keys))
        place, count = place[is_common], count[is_common].astype(float)[:, None]
        ends = np.searchsorted(polymer[is_common], np.arange(len(keys) + 1)).tolist()
        for of_polymer, (start, stop) in zip(shared, itertools.pairwise(ends), strict=True):
            counted = self.by_common.take(place[start:stop], axis=0)
            of_polymer += np.minimum(counted, count[start:stop], out=counted).sum(axis=0)
        totals = np.array([of_polymer.sum(dtype=float) for of_polymer in counts])
        return shared / np.maximum(totals[:, None] + self.totals - shared, 1e-12)

    def _shared_of_rare(self, row: np.ndarray, count: np.ndarray, polymer: np.ndarray, polymers: int) -> np.ndarray:
        """Sums (polymers, N) of the smaller counts of rare fragments, given by row, count and polymer, in passes over all."""
        table, width = self.by_fragment, len(self.totals)
        first = table.indptr[row].astype(np.int64)
        shared_by = table.indptr[row + 1] - first
        position = np.arange(shared_by.sum()) + np.repeat(first - np.cumsum(shared_by) + shared_by, shared_by)
        shared = np.bincount(
            np.repeat(polymer * width, shared_by) + table.indices[position],
            np.minimum(table.data[position], np.repeat(count, shared_by)),
            polymers * width,
        )
        # NumPy counts nothing in integers.
        return shared.astype(float, copy=False).reshape(-1, width)


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
        self._counts = [_FragmentCounts.of(k, c) for k, c in zip(fragments.keys, fragments.counts, strict=True)]
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
        # The first models lack the last descriptor.
        return np.clip((composition[:, : len(self.centre)] - self.centre) / self.scale, -5.0, 5.0)

    @property
    def descriptors(self) -> np.ndarray:
        """Their compositions, in standard deviations from the mean, shape (N, D)."""
        return self._composition

    def described(self, fragments: PolymerFragments) -> np.ndarray:
        """The compositions of n polymers, as `descriptors` has those of the references, shape (n, D)."""
        return self._standardised(fragments.composition)

    def similarity(self, fragments: PolymerFragments) -> np.ndarray:
        """The kernel between n polymers and the references, float32, shape (n, N), from 0 to 1."""
        parts = list(self.similarities(fragments).values())
        return (sum(parts[1:], start=parts[0]) / len(parts)).astype(np.float32)

    def similarities(self, fragments: PolymerFragments) -> dict[str, np.ndarray]:
        """The parts whose mean the kernel is, each of shape (n, N): of the kinds of fragments and of the composition."""
        parts = {
            name: references.similarity(keys, counts)
            for name, references, keys, counts in zip(
                FRAGMENTS, self._counts, fragments.keys, fragments.counts, strict=True
            )
        }
        asked, references = self.described(fragments), self._composition
        square = (asked**2).sum(1)[:, None] + (references**2).sum(1)[None] - 2.0 * asked @ references.T
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
        for number, (keys, counts) in enumerate(zip(self.fragments.keys, self.fragments.counts, strict=True)):
            arrays[f"lengths_{number}"] = np.array([len(k) for k in keys], np.int32)
            arrays[f"keys_{number}"] = np.concatenate(keys)
            arrays[f"counts_{number}"] = np.concatenate(counts)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> ReferencePolymers:
        """The references that `to_arrays` wrote, from arrays that keep the rules of `REFERENCE_ARRAYS`."""
        keys, counts = [], []
        for number in range(len(GENERATORS)):
            ends = np.cumsum(arrays[f"lengths_{number}"])[:-1]
            keys.append(np.split(arrays[f"keys_{number}"], ends))
            counts.append(np.split(arrays[f"counts_{number}"], ends))
        return cls(
            PolymerFragments(tuple(keys), tuple(counts), arrays["composition"]),
            arrays["labels"],
            arrays["centre"],
            arrays["scale"],
            float(arrays["width"][0]),
        )


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
            polymer = next((i for i in queue if i not in chosen), None)
            if polymer is None:
                queues.remove(queue)
            elif len(chosen) < most:
                chosen[polymer] = None
    return np.sort(np.fromiter(chosen, int, len(chosen)))
