"""Repeat units and polymer keys of what sources write, kept in a file: to work them out takes minutes, to read them no time."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cited_table.repeat_units import (
    PolymerKey,
    copolymer_of_monomers,
    plain_unit,
    polymer_key,
    repeat_unit_of_monomers,
)

COLUMNS = ("structure", "mechanism", "repeat_unit", "key", "geometry")


@dataclass(frozen=True)
class Structure:
    """A repeat unit and the key of its polymer."""

    repeat_unit: str
    key: PolymerKey


def read_structure(written: str, mechanism: str) -> Structure | None:
    """The structure of a repeat unit, or of monomers where a mechanism is given; None if there is no linear, regular chain.

    Behind monomers and a blank their shares may stand, ``[82,18]``: each ratio is a polymer of its own.
    """
    monomers, _, shares = written.partition(" ")
    if shares:
        copolymer = copolymer_of_monomers(monomers, mechanism, shares)
        return None if copolymer is None else Structure(copolymer, PolymerKey(copolymer))
    unit = repeat_unit_of_monomers(written, mechanism) if mechanism else written
    key = polymer_key(unit) if unit else None
    return None if unit is None or key is None else Structure(plain_unit(unit), key)


class KnownStructures:
    """Structures read before, and those that are not yet in the file.

    Parameters
    ----------
    path : Path, optional
        A CSV table of `COLUMNS`; need not exist. None are known without.
    """

    def __init__(self, path: Path | None) -> None:
        self._structures: dict[tuple[str, str], Structure | None] = {}
        if path is not None and path.is_file():
            with path.open(encoding="utf-8", newline="") as stream:
                for row in csv.DictReader(stream):
                    key = PolymerKey(row["key"], tuple(row["geometry"].split()))
                    structure = Structure(row["repeat_unit"], key) if row["key"] else None
                    self._structures[row["structure"], row["mechanism"]] = structure

    def __getitem__(self, written: tuple[str, str]) -> Structure | None:
        if written not in self._structures:
            self._structures[written] = read_structure(*written)
        return self._structures[written]

    def rows(self) -> list[tuple[str, ...]]:
        """What the file has to hold, in the order of the alphabet."""
        return [
            (*written, known.repeat_unit, known.key.structure, " ".join(known.key.geometry))
            if known
            else (*written, "", "", "")
            for written, known in sorted(self._structures.items())
        ]
