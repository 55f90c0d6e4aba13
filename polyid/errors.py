"""Errors a user can act on: each message names what was seen and what to do next."""

from __future__ import annotations


class PolyIDError(ValueError):
    """Base of every error this package raises on purpose."""


class PolymerError(PolyIDError):
    """A SMILES that can't be read as a polymer."""


class DataError(PolyIDError):
    """A table that can't be trained on or predicted."""


class BundleError(PolyIDError):
    """A model folder that is missing, damaged, foreign or of an unknown format version."""

    @classmethod
    def damaged(cls, file: str, what: str) -> BundleError:
        """One line that names a file of a model, what of it can't be, and the remedy."""
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in what)
        what = text if len(text) <= 300 else f"{text[:300]}…"
        return cls(f"The model's {file} can't be used: {what}; download or train the model again.")


class HubError(PolyIDError):
    """The Hub refused or could not be reached."""


class TrainingError(PolyIDError):
    """Settings or data that training can't start or go on with."""


class Cancelled(Exception):
    """Raised inside training when the user asked to stop."""


class Paused(Cancelled):
    """Raised inside training when the user asked to stop for now, and what is finished was saved."""
