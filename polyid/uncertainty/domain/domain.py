"""The verdict on a polymer, in domain, borderline or outside, and which training polymers it is most like.

Two measures are taken. The first is PolyID's (Wilson et al., Macromolecules 2023, 56, 8547, doi:10.1021/acs.macromol.3c00994):
how many kinds of Morgan fragments of radius 2 the polymer has that no training polymer has. The second is the distance to the
nearest training polymers in the learned fingerprint, the mean final bond state of a network. It is taken in each member's own
space to the polymers that this member trained on, in units of what is usual for polymers that were held out from it, and
averaged over the members: 1 is the distance of a usual new polymer.

Both are known, as they will be for new polymers, for every polymer that was held out from some member. The verdict is drawn
from these and from how wrong the predictions of held-out polymers were; see `polyid.uncertainty.domain.fitting.fit_domain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from polyid.chemistry.fragments import KnownFragments, Unseen
from polyid.errors import DataError
from polyid.uncertainty.domain.distances import MemberSpaces
from polyid.uncertainty.domain.thresholds import TOO_FEW, Thresholds
from polyid.uncertainty.domain.verdict import BORDERLINE, OUTSIDE, differences_in_words

_DISTANCES_AT_A_TIME = 2_000_000


@dataclass(frozen=True)
class ShownPolymers:
    """What the reference polymers are shown as.

    Attributes
    ----------
    smiles : list of str
    names : list of str, or None
    values : dict of str to list of float or None
        Measured values of each property; None where there is none.
    """

    smiles: list[str]
    names: list[str] | None
    values: dict[str, list[float | None]]

    def record(self, index: int, distance: float) -> dict[str, Any]:
        """One of them: ``name``, ``smiles``, ``distance`` and ``values``, the measured properties by name."""
        values = {name: column[index] for name, column in self.values.items()}
        return {
            "name": None if self.names is None else self.names[index],
            "smiles": self.smiles[index],
            "distance": distance,
            "values": {name: value for name, value in values.items() if value is not None},
        }


@dataclass(frozen=True)
class Assessment:
    """How n polymers compare with the training polymers.

    Attributes
    ----------
    verdict : array of str, shape (n,)
        In domain, borderline or outside.
    reason : array of str, shape (n,)
        A sentence.
    unseen_fragments : int array, shape (n,)
        How many kinds of fragments no training polymer has.
    fragments : array of lists of str, shape (n,)
        SMILES of the two smallest of these, with all hydrogens.
    distance : float array, shape (n,)
        1 is usual for a new polymer.
    nearest : array of lists of dict, shape (n,)
        The three nearest training polymers, as of `ShownPolymers.record`.
    """

    verdict: np.ndarray
    reason: np.ndarray
    unseen_fragments: np.ndarray
    fragments: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray

    def __len__(self) -> int:
        return len(self.verdict)

    def chosen(self, index: Sequence[int]) -> Assessment:
        """The polymers of `index`."""
        return Assessment(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True)
class TrainingDomain:
    """What an ensemble was trained on, as far as it takes to judge new polymers by it.

    Made by `polyid.uncertainty.domain.fitting.fit_domain`, stored and read by `polyid.bundle.domain_codec`.

    Attributes
    ----------
    training_fragments : KnownFragments
    spaces : MemberSpaces
    polymers : ShownPolymers
        What the references of `spaces` are shown as.
    thresholds : Thresholds
    calibration : dict
        How the thresholds were found: ``rule``, ``polymers`` (held out and judged), the share of them with each verdict, and
        where errors were known the median of their errors by verdict (in medians of the property) and ``risk_ratio``, that of
        polymers outside over that of those in domain.
    """

    training_fragments: KnownFragments
    spaces: MemberSpaces
    polymers: ShownPolymers
    thresholds: Thresholds
    calibration: dict[str, Any]

    def assess(
        self,
        smiles: Sequence[str],
        fingerprints: np.ndarray,
        members: Sequence[int] | None = None,
        *,
        unseen: Sequence[Unseen] | None = None,
    ) -> Assessment:
        """Judge polymers.

        Parameters
        ----------
        smiles : sequence of str, length n
            Oligomers, as the networks are given them.
        fingerprints : float array, shape (M, n, F)
            Of the same ensemble, for these oligomers.
        members : sequence of int, optional
            Which members the fingerprints are of, where not all are loaded.
        unseen : sequence of Unseen, length n, optional
            What `training_fragments` says of these oligomers, where it was asked already.

        Raises
        ------
        PolymerError
            A SMILES is no oligomer that can be read.
        DataError
            The fingerprints are not of this ensemble.
        """
        all_members, references, features = self.spaces.references.shape
        members = list(range(all_members)) if members is None else list(members)
        fingerprints = np.asarray(fingerprints)
        expected = (len(members), len(smiles), features)
        if fingerprints.shape != expected:
            raise DataError(
                f"Fingerprints of shape {fingerprints.shape} are not of this ensemble, which gives {expected} for these "
                "polymers; compute them with the ensemble the domain belongs to."
            )
        if unseen is None:
            unseen = [self.training_fragments.unseen(text) for text in smiles]
        distances: list[float] = []
        nearest: list[list[dict[str, Any]]] = []
        chunk = max(1, _DISTANCES_AT_A_TIME // max(1, references))
        for start in range(0, len(smiles), chunk):
            distance, *neighbours = self.spaces.nearest(fingerprints[:, start : start + chunk], members)
            distances += distance.tolist()
            for indices, apart in zip(*neighbours, strict=True):
                near = zip(indices.tolist(), apart.tolist(), strict=True)
                nearest.append([self.polymers.record(i, d) for i, d in near if np.isfinite(d)])
        judged = [self.judge(new, distance) for new, distance in zip(unseen, distances, strict=True)]
        return Assessment(
            _objects([verdict for verdict, _ in judged]),
            _objects([reason for _, reason in judged]),
            np.array([new.fragments for new in unseen], np.int64),
            _objects([new.named for new in unseen]),
            np.array(distances, float),
            _objects(nearest),
        )

    def judge(self, unseen: Unseen, distance: float) -> tuple[str, str]:
        """Verdict on a polymer, and the reason for it."""
        verdict = OUTSIDE if unseen.elements else self.thresholds.verdict(unseen.fragments, distance)
        differences = differences_in_words(unseen, distance, self.thresholds.in_domain_distance)
        if self.calibration.get("rule") == TOO_FEW:
            few = "The model saw too few polymers to know what it covers."
            return (OUTSIDE if verdict == OUTSIDE else BORDERLINE), f"{few} {differences}".strip()
        return verdict, differences or (
            f"Training polymers have all its fragments, and it is {distance:.1f} times as far from the nearest of them "
            "as a new polymer usually is."
        )


def _objects(items: list[Any]) -> np.ndarray:
    """Texts or lists as a flat array."""
    array = np.empty(len(items), object)
    array[:] = items
    return array
