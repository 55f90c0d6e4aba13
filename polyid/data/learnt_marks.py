"""Which stereo marks a model can have learnt: kinds that enough of its training polymers have, for each property."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polyid.chemistry.marks import has_marks, kind_in_words, kinds_of_marks, one_hand, plain_oligomer

FEWEST_POLYMERS = 10
"""Different polymers with a kind of mark and a value of the property, from which on the mark may move a prediction."""


@dataclass(frozen=True)
class AskedPolymer:
    """What an ensemble is asked of one polymer.

    Attributes
    ----------
    plain : str
        Key without marks, or as written where there is nothing to leave out.
    marked : str
        Key with its marks, for the properties that learnt them; the plain one where none did.
    learnt : tuple of bool, length P
        Which properties these are.
    kinds : frozenset of str
        Of its marks.
    """

    plain: str
    marked: str
    learnt: tuple[bool, ...]
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LearntMarks:
    """Kinds of stereo marks (`polyid.chemistry.marks`) that each property learnt.

    Any other kind moves no prediction: a network reads what few or no training polymers had at random. Mirror images are one
    polymer.

    Attributes
    ----------
    by_property : mapping of str to tuple of str
    """

    by_property: Mapping[str, tuple[str, ...]]

    @classmethod
    def of_rows(
        cls, properties: Sequence[str], labels: np.ndarray, keys: Sequence[str], oligomers: Sequence[str]
    ) -> LearntMarks:
        """Those of a training table.

        Parameters
        ----------
        properties : sequence of str
        labels : float array, shape (n, P)
            NaN where unmeasured.
        keys, oligomers : sequences of str, length n
            A polymer at several tacticities counts once.
        """
        polymers: dict[tuple[str, str], set[str]] = {}
        for row, key, oligomer in zip(labels, keys, oligomers, strict=True):
            for kind in kinds_of_marks(oligomer):
                for name, value in zip(properties, row, strict=True):
                    if np.isfinite(value):
                        polymers.setdefault((name, kind), set()).add(key)
        enough = [pair for pair, found in polymers.items() if len(found) >= FEWEST_POLYMERS]
        return cls({name: tuple(sorted(kind for of, kind in enough if of == name)) for name in properties})

    @classmethod
    def from_dict(cls, stored: Mapping[str, Sequence[str]] | None) -> LearntMarks | None:
        """What `to_dict` gave; None of a model of before marks were counted, which reads them as they are."""
        return None if stored is None else cls({name: tuple(kinds) for name, kinds in stored.items()})

    def to_dict(self) -> dict[str, list[str]]:
        """Property to kinds, as JSON can hold it."""
        return {name: list(kinds) for name, kinds in self.by_property.items()}

    def _learnt(self, kinds: frozenset[str]) -> tuple[bool, ...]:
        return tuple(kinds <= set(known) for known in self.by_property.values())

    def structure(self, oligomer: str) -> str:
        """What is trained on for an oligomer: one of two mirror images, without marks where no property learnt them."""
        if not has_marks(oligomer):
            return oligomer
        return one_hand(oligomer) if any(self._learnt(kinds_of_marks(oligomer))) else plain_oligomer(oligomer)

    def asked(self, key: str, plain: Callable[[], str] | None = None) -> AskedPolymer:
        """What is asked of a polymer, by its `polyid.chemistry.polymer.Polymer.key`.

        Parameters
        ----------
        key : str
        plain : callable, optional
            Gives the key of the polymer without marks; by default that of the same chain.
        """
        nothing = (False,) * len(self.by_property)
        if not has_marks(key):
            return AskedPolymer(key, key, nothing)
        kinds = kinds_of_marks(key)
        learnt = self._learnt(kinds)
        without = plain() if plain else plain_oligomer(key)
        return AskedPolymer(without, one_hand(key) if any(learnt) else without, learnt, kinds)

    def ignored(self, kinds: frozenset[str]) -> dict[str, str]:
        """Why the marks of a polymer move nothing, in a sentence, for every property that did not learn all their kinds."""
        said = {}
        for name, known in self.by_property.items():
            if unknown := sorted(kinds - set(known)):
                places = " or ".join(map(kind_in_words, unknown))
                said[name] = (
                    "Predicted as without stereo marks and pm: fewer than "
                    f"{FEWEST_POLYMERS} training polymers with a value have {places} marked."
                )
        return said
