"""The numbers that stand for features in a network's embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nfp.preprocessing.tokenizer import Tokenizer


class FeatureVocabulary(Tokenizer):
    """The embedding class of every feature: 0 is padding, 1 a feature not seen in training, as in nfp."""

    def to_dict(self) -> dict[str, int]:
        """Class of each feature."""
        return dict(self._data)

    @classmethod
    def from_dict(cls, classes: Mapping[str, int]) -> FeatureVocabulary:
        """The vocabulary that `to_dict` gave; it learns no further feature."""
        new = cls()
        new._data = {str(text): int(number) for text, number in classes.items()}
        new.num_classes, new.train = max(new._data.values()), False
        return new

    def extended(self, texts: Iterable[str]) -> FeatureVocabulary:
        """This vocabulary, and behind its classes one for each text that it lacks."""
        classes = self.to_dict()
        for text in texts:
            classes.setdefault(text, len(classes) + 1)
        return FeatureVocabulary.from_dict(classes)
