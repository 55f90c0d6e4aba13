"""The verdict on a polymer, in domain, borderline or outside, and which training polymers it is most like.

Two measures are taken. The first is PolyID's (Wilson et al., Macromolecules 2023, 56, 8547, doi:10.1021/acs.macromol.3c00994):
how many kinds of Morgan fragments of radius 2 the polymer has that no training polymer has. The second is the distance to the
nearest training polymers in the learned fingerprint, the mean final bond state of a network. It is taken in each member's own
space to the polymers that this member trained on, in units of what is usual for polymers that were held out from it, and
averaged over the members: 1 is the distance of a usual new polymer. Where the kernel regression, which compares fragments, finds
a polymer newer than that, its novelty counts instead, in units of the usual one too.

Both are known, as they will be for new polymers, for every polymer that was held out from some member. The verdict is drawn
from these and from how wrong the predictions of held-out polymers were; see `polyid.uncertainty.domain.fitting.fit_domain`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from polyid.chemistry.fragments import KnownFragments, Unseen
from polyid.errors import DataError
from polyid.uncertainty.domain.distances import MemberSpaces
from polyid.uncertainty.domain.thresholds import TOO_FEW, Thresholds
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE, differences_in_words

_TRAINING_POLYMER = "It is one of the training polymers."
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
    known_as : dict of str to int
        Number of each by the hashes of its keys, see `key_hash`; empty in models of before there were any.
    """

    smiles: list[str]
    names: list[str] | None
    values: dict[str, list[float | None]]
    known_as: dict[str, int] = field(default_factory=dict)

    def number(self, key: str) -> int | None:
        """Which of them a polymer is, by its `polyid.chemistry.polymer.Polymer.key`; None where it is none."""
        return self.known_as.get(key_hash(key))

    def measured(self, number: int) -> dict[str, float]:
        """What was measured of one of them."""
        columns = ((name, column[number]) for name, column in self.values.items())
        return {name: value for name, value in columns if value is not None}

    def record(self, index: int, distance: float) -> dict[str, Any]:
        """One of them: ``name``, ``smiles``, ``distance`` and ``values``, the measured properties by name."""
        return {
            "name": None if self.names is None else self.names[index],
            "smiles": self.smiles[index],
            "distance": distance,
            "values": self.measured(index),
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
    measured : array of dicts, shape (n,)
        What was measured of each, if it is a training polymer itself; empty for others.
    """

    verdict: np.ndarray
    reason: np.ndarray
    unseen_fragments: np.ndarray
    fragments: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray
    measured: np.ndarray

    def __len__(self) -> int:
        return len(self.verdict)

    def chosen(self, index: Sequence[int]) -> Assessment:
        """The polymers of `index`."""
        return Assessment(**{own.name: getattr(self, own.name)[index] for own in fields(self)})


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
    usual_novelty : float or None
        Novelty to the kernel regression of a usual new polymer; None where there is none.
    """

    training_fragments: KnownFragments
    spaces: MemberSpaces
    polymers: ShownPolymers
    thresholds: Thresholds
    calibration: dict[str, Any]
    usual_novelty: float | None = None

    def assess(
        self,
        smiles: Sequence[str],
        fingerprints: np.ndarray,
        members: Sequence[int] | None = None,
        *,
        unseen: Sequence[Unseen] | None = None,
        novelty: np.ndarray | None = None,
    ) -> Assessment:
        """Judge polymers; training polymers are in domain.

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
        novelty : float array, shape (n,), optional
            As of `farther`.

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
            unseen = self.training_fragments.unseen(smiles)
        distances: list[float] = []
        nearest: list[list[dict[str, Any]]] = []
        chunk = max(1, _DISTANCES_AT_A_TIME // max(1, references))
        for start in range(0, len(smiles), chunk):
            distance, *neighbours = self.spaces.nearest(fingerprints[:, start : start + chunk], members)
            distances += distance.tolist()
            for indices, apart in zip(*neighbours, strict=True):
                near = zip(indices.tolist(), apart.tolist(), strict=True)
                nearest.append([self.polymers.record(i, d) for i, d in near if np.isfinite(d)])
        distances = farther(np.array(distances, float), novelty, self.usual_novelty).tolist()
        known = [self.polymers.number(text) for text in smiles]
        judged = [
            self.judge(new, distance) if number is None else (IN_DOMAIN, _TRAINING_POLYMER)
            for new, distance, number in zip(unseen, distances, known, strict=True)
        ]
        return Assessment(
            _objects([verdict for verdict, _ in judged]),
            _objects([reason for _, reason in judged]),
            np.array([new.fragments for new in unseen], np.int64),
            _objects([new.named for new in unseen]),
            np.array(distances, float),
            _objects(nearest),
            _objects([{} if number is None else self.polymers.measured(number) for number in known]),
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


def farther(distance: np.ndarray, novelty: np.ndarray | None, usual: float | None) -> np.ndarray:
    """How far polymers (n,) are from training polymers, by networks or kernel regression, whichever says farther.

    Learned fingerprints have no place for what was never seen: polymers of a new class can lie near others there.

    Parameters
    ----------
    distance : float array, shape (n,)
        In learned fingerprints; 1 is usual for a new polymer.
    novelty : float array, shape (n,), or None
        Of `polyid.kernel.neighbourhood.neighbourhood`, the least of all properties.
    usual : float or None
        Novelty of a usual new polymer.
    """
    return distance if novelty is None or usual is None else np.maximum(distance, novelty / usual)


def key_hash(key: str) -> str:
    """What a polymer's key is told by, in 16 characters: oligomers are long."""
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def _objects(items: list[Any]) -> np.ndarray:
    """Texts or lists as a flat array."""
    array = np.empty(len(items), object)
    array[:] = items
    return array
