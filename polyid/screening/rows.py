"""What a chunk of an input is: where it lies, what was read of it, and how polymers stand in its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from polyid.data.cells import cell_text
from polyid.data.copolymer_columns import CopolymerColumns, copolymer_columns
from polyid.data.prediction_table import polymer_columns, read_pm
from polyid.data.raw import smiles_beside_copolymers
from polyid.data.roles import roles_by_name
from polyid.errors import DataError


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of one file, the unit of work.

    Attributes
    ----------
    number : int
        Among all chunks of a screen, from 0.
    file : int
        Number of the file.
    first, rows : int
        The first of its rows among those of the file, from 0, and how many there are.
    offset, row : int
        Of a text: the byte and the row of the file that it begins at.
    """

    number: int
    file: int
    first: int
    rows: int
    offset: int = 0
    row: int = 0


@dataclass(frozen=True)
class BadRow:
    """A row without an answer: its number in the file (the header is row 1), what stands there, and the reason."""

    row: int
    value: str
    reason: str


@dataclass(frozen=True)
class ReadRows:
    """Rows of a chunk.

    Attributes
    ----------
    table : pyarrow.Table
        Columns of the input, n rows.
    places : list of int, length n
        Of each row among those of the file, from 0.
    numbers : list of int, length n
        Of each row as people count: the header is row 1.
    texts : list of str, length n
        The polymers as they are written.
    pm : list of float or None, length n
        Probabilities of meso dyads.
    bad : list of BadRow
        Rows that could not be read, which are not among the n.
    """

    table: pa.Table
    places: list[int]
    numbers: list[int]
    texts: list[str]
    pm: list[float | None]
    bad: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True)
class Meaning:
    """How polymers stand in the columns of an input.

    Attributes
    ----------
    smiles, pm : str and str or None
        Columns of texts, and of probabilities of meso dyads.
    copolymers : CopolymerColumns or None
        Columns that say together what copolymers are; they go before `smiles`.
    """

    smiles: str
    pm: str | None = None
    copolymers: CopolymerColumns | None = None

    @classmethod
    def of_cells(cls, cells: pd.DataFrame, source: str) -> Meaning:
        """That of a table, by its first rows as text; a DataError where it has no polymers."""
        copolymers = copolymer_columns(cells, smiles_beside_copolymers(cells))
        if copolymers is None:
            return cls(*polymer_columns(cells, source))
        return cls(copolymers.components[0], roles_by_name(list(cells.columns)).get("pm"), copolymers)

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that are read."""
        of_copolymers = () if self.copolymers is None else tuple(self.copolymers.used)
        return tuple(dict.fromkeys((self.smiles, *((self.pm,) if self.pm else ()), *of_copolymers)))

    def rows(self, table: pa.Table, places: Sequence[int], numbers: Sequence[int], bad: Sequence[BadRow]) -> ReadRows:
        """Rows with their polymers; those whose pm is no number are bad ones."""
        cells = {name: [cell_text(cell) for cell in table[name].to_pylist()] for name in self.used}
        texts = self._texts(cells, len(table))
        shares: list[float | None] = []
        wrong: dict[int, BadRow] = {}
        for place, cell in enumerate(cells[self.pm]) if self.pm else ():
            share = None
            try:
                share = read_pm(cell, str(self.pm))
            except DataError as error:
                wrong[place] = BadRow(numbers[place], cell, str(error))
            shares.append(share)
        read = ReadRows(table, list(places), list(numbers), texts, shares or [None] * len(texts), list(bad))
        return read if not wrong else _without(read, wrong)

    def _texts(self, cells: Mapping[str, list[str]], rows: int) -> list[str]:
        if self.copolymers is None:
            return cells[self.smiles]
        used = self.copolymers.used
        return [self.copolymers.text({name: cells[name][row] for name in used}) for row in range(rows)]


def _without(read: ReadRows, wrong: Mapping[int, BadRow]) -> ReadRows:
    good = [place for place in range(len(read.texts)) if place not in wrong]
    return ReadRows(
        read.table.take(good),
        [read.places[place] for place in good],
        [read.numbers[place] for place in good],
        [read.texts[place] for place in good],
        [read.pm[place] for place in good],
        [*read.bad, *wrong.values()],
    )
