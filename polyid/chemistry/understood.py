"""What was understood of a text that stands for a polymer, in words."""

from __future__ import annotations

from polyid.chemistry.copolymer_reading import read_copolymer
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.oligomer import read_polymer


def notes_on(text: str) -> tuple[str, ...]:
    """What was understood of a text that can be read and is no plain SMILES; see `polyid.chemistry.oligomer.read_polymer`."""
    copolymer = read_copolymer(text)
    return as_smiles(text).notes if copolymer is None else copolymer.notes


def understood(text: str) -> str:
    """The form of a polymer, and what was understood of it: ``repeat unit: “polystyrene” read as *CC(*)c1ccccc1``.

    Raises
    ------
    PolymerError
        The text can't be read as a polymer.
    """
    form, _ = read_polymer(text)
    notes = "; ".join(notes_on(text))
    return f"{form}: {notes}" if notes else str(form)
