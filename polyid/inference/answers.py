"""What an ensemble says of polymers, part by part, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyid.uncertainty.blending import blended
from polyid.uncertainty.expected_error import error_clues


@dataclass(frozen=True)
class BondValues:
    """What every bond of one molecule says of every property; a prediction is their weighted mean over the directed bonds.

    Attributes
    ----------
    values : float array, shape (M, e, P)
        Value of each class of directed bonds, in the units of the properties.
    bond_class : int array, shape (D,)
        Class of each directed bond.
    connectivity : int array, shape (D, 2)
        Source and target atom of each directed bond, numbered as `polyid.chemistry.smiles.parse_smiles` numbers them; hydrogens,
        where they are atoms of the network's graph, come behind all others.
    share : float array, shape (D,)
        Of each directed bond among all, which add up to 1: equal ones, but where chains of several weights stand for a polymer.
    centre : float array, shape (M, P)
        What a bond says that the network's last layer gives 0: the median of the member's training targets.
    """

    values: np.ndarray
    bond_class: np.ndarray
    connectivity: np.ndarray
    share: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Answers:
    """What an ensemble says of n polymers, part by part.

    Attributes
    ----------
    network : float array, shape (M, n, P)
        Predictions of each member's network, in the units of the properties.
    kernel : float array, shape (M, n, P), or None
        Predictions of each member's kernel regression.
    share : float array, shape (P,), or None
        Share of the networks in the prediction.
    novelty, roughness : float arrays, shape (n, P), or None
        Of `polyid.kernel.neighbourhood.neighbourhood`.
    fingerprints : float32 array, shape (M, n, F), or None
        Learned fingerprints, where asked for.
    std, stated : float arrays, shape (M, n, P), or None
        Standard deviation and expected error that distilled networks say themselves.
    """

    network: np.ndarray
    kernel: np.ndarray | None
    share: np.ndarray | None
    novelty: np.ndarray | None
    roughness: np.ndarray | None
    fingerprints: np.ndarray | None = None
    std: np.ndarray | None = None
    stated: np.ndarray | None = None

    @property
    def members(self) -> np.ndarray:
        """Prediction of each member, shape (M, n, P)."""
        return blended(self.network, self.kernel, self.share)

    @property
    def clues(self) -> np.ndarray:
        """What the expected error is guessed from, shape (n, P, 4); see `polyid.uncertainty.conformal`."""
        return error_clues(self.network, self.kernel, self.novelty, self.roughness, self.stated)

    def chosen(self, index: Sequence[int]) -> Answers:
        """The polymers of `index`."""
        kernel, fingerprints, std, stated = (
            None if a is None else a[:, index] for a in (self.kernel, self.fingerprints, self.std, self.stated)
        )
        novelty, roughness = (None if a is None else a[index] for a in (self.novelty, self.roughness))
        return Answers(self.network[:, index], kernel, self.share, novelty, roughness, fingerprints, std, stated)

    def of_member(self, member: int) -> Answers:
        """What one member says."""
        one = slice(member, member + 1)
        kernel, fingerprints, std, stated = (
            None if a is None else a[one] for a in (self.kernel, self.fingerprints, self.std, self.stated)
        )
        return Answers(self.network[one], kernel, self.share, self.novelty, self.roughness, fingerprints, std, stated)

    def mixed(self, other: Answers, places: np.ndarray) -> Answers:
        """These answers, and those of `other` at `places` (n, P) of the same polymers; fingerprints are these."""

        def chosen(own: np.ndarray | None, others: np.ndarray | None) -> np.ndarray | None:
            return None if own is None or others is None else np.where(places, others, own)

        return Answers(
            np.where(places, other.network, self.network),
            chosen(self.kernel, other.kernel),
            self.share,
            chosen(self.novelty, other.novelty),
            chosen(self.roughness, other.roughness),
            self.fingerprints,
            chosen(self.std, other.std),
            chosen(self.stated, other.stated),
        )

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """The polymers of all parts, one part behind the other; at least one part."""

        def together(name: str, axis: int) -> np.ndarray | None:
            arrays = [getattr(part, name) for part in parts]
            return None if arrays[0] is None else np.concatenate(arrays, axis)

        network = np.concatenate([part.network for part in parts], 1)
        kernel, fingerprints, std, stated = (together(name, 1) for name in ("kernel", "fingerprints", "std", "stated"))
        novelty, roughness = together("novelty", 0), together("roughness", 0)
        return cls(network, kernel, parts[0].share, novelty, roughness, fingerprints, std, stated)
