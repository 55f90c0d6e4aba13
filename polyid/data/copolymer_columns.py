"""Columns that together say what a copolymer is: several of SMILES, their shares or one ratio, the architecture.

What they say of a row is written as one text, as `polyid.chemistry.copolymer_text` reads it, in a column of its own. Whether that
can be read is decided where polymers are read, so what is wrong with it is listed with its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from polyid.chemistry.copolymer_text import ARCHITECTURES, copolymer_text, read_shares
from polyid.chemistry.forms import recognise_form
from polyid.common.text import listed
from polyid.data.component_names import component_number, is_architecture_name, is_ratio_name, share_number
from polyid.data.headers import RawTable
from polyid.data.limits import MAX_WRITTEN
from polyid.data.numbers import MISSING
from polyid.errors import PolymerError

TEXT_COLUMN = "smiles_copolymer"
"""The column that is made."""
_LOOKED_AT, _LONGEST_RATIO = 200, 200
_EMPTY = MISSING | {"[]", "()", "{}", "none", "0"}
_HOMOPOLYMER = re.compile(r"homo(?:polymer)?|linear|", re.IGNORECASE)


@dataclass(frozen=True)
class CopolymerColumns:
    """Where a table says what its copolymers are.

    Attributes
    ----------
    components : tuple of str
        Columns of SMILES or names, one a component, or a single one whose cells hold several with dots or colons between.
    shares : tuple of str
        One column a component, or of all but the last; empty where there are none.
    ratio, architecture : str or None
        Columns of a whole ratio such as ``70/30``, and of words such as ``random``.
    unit : str
        Behind the numbers: ``wt%`` where they are of mass.
    """

    components: tuple[str, ...]
    shares: tuple[str, ...] = ()
    ratio: str | None = None
    architecture: str | None = None
    unit: str = ""

    @property
    def used(self) -> list[str]:
        """The columns, each once."""
        further = [column for column in (self.ratio, self.architecture) if column]
        return list(dict.fromkeys([*self.components, *self.shares, *further]))

    def text(self, row: Mapping[str, str]) -> str:
        """The polymer of a row as text."""
        cells = [row[column].strip() for column in self.components]
        shares = self._shares(row)
        if len(cells) > 1:
            filled = [i for i, cell in enumerate(cells) if cell.lower() not in _EMPTY]
            # What is missing, and of which there is nothing, is no component; what is missing otherwise is an error.
            filled = [i for i in range(len(cells)) if i in filled or (shares and _is_amount(shares[i]))]
            parts = [cells[i] if cells[i].lower() not in _EMPTY else "" for i in filled]
            ratio = " : ".join(shares[i] or "0" for i in filled) if any(shares) else self._ratio(row)
        else:
            parts, ratio = _components(cells[0]), self._ratio(row)
        if len(parts) < 2 and not _has_several(ratio):
            return parts[0] if parts else ""
        text = " : ".join([*parts, ""] if len(parts) < 2 else parts)
        return text + (f" = {ratio}{self.unit}" if ratio else "") + self._architecture(row)

    def _shares(self, row: Mapping[str, str]) -> list[str]:
        """One number a component, where columns say so; that of the last may be what the others leave."""
        cells = [row[column].strip() for column in self.shares]
        cells = ["" if cell.lower() in MISSING else cell for cell in cells]
        if cells and len(cells) < len(self.components):
            cells.append(_rest(cells) if any(cells) else "")
        return cells

    def _ratio(self, row: Mapping[str, str]) -> str:
        cell = row[self.ratio].strip() if self.ratio else ""
        return "" if cell.lower() in _EMPTY or not any(mark.isdigit() for mark in cell) else cell

    def _architecture(self, row: Mapping[str, str]) -> str:
        cell = row[self.architecture].strip() if self.architecture else ""
        if cell.lower() in _EMPTY or any(mark.isdigit() for mark in cell) or _HOMOPOLYMER.fullmatch(cell):
            return ""
        return f" {ARCHITECTURES.get(cell.lower(), cell)}"


def _is_amount(cell: str) -> bool:
    try:
        return float(cell.strip("% ").replace(",", ".")) != 0
    except ValueError:
        return cell != ""


def _has_several(ratio: str) -> bool:
    """Whether more than one number of a ratio is above zero."""
    return sum(float(number.replace(",", ".")) > 0 for number in re.findall(r"\d+(?:[.,]\d+)?", ratio)) > 1


def _rest(cells: Sequence[str]) -> str:
    """What is left to 1, or to 100 where a number is above 1."""
    try:
        numbers = [float(cell.strip("% ").replace(",", ".") or 0) for cell in cells]
    except ValueError:
        return "0"
    whole = 100 if max(numbers) > 1 or any("%" in cell for cell in cells) else 1
    return f"{whole - sum(numbers):.8g}" + ("%" if any("%" in cell for cell in cells) else "")


def _components(cell: str) -> list[str]:
    """The components that one cell holds."""
    try:
        written = copolymer_text(cell)
    except PolymerError:
        return [cell]
    if written is not None:
        return [cell] if written.shares else list(written.components)
    return cell.split(".") if "." in cell and " " not in cell else [cell]


def copolymer_columns(cells: pd.DataFrame, smiles: str | None) -> CopolymerColumns | None:
    """Where a table says what its copolymers are; None where no row is said to be one.

    Parameters
    ----------
    cells : pandas.DataFrame
        As of `polyid.data.headers.RawTable`.
    smiles : str or None
        The column of SMILES, by its name, if there is one besides those with a number.
    """
    columns = [str(column) for column in cells.columns]
    numbered: dict[int, str] = {}
    for column in columns:
        number = component_number(column)
        if number is not None and (_names_structures(column) or _mostly(cells[column], _is_structure)):
            # Monomers may stand there by name too; SMILES go first.
            numbered[number] = min(numbered.get(number, column), column, key=lambda name: "smiles" not in name.lower())
    if 1 not in numbered and smiles is not None and numbered:
        numbered[1] = smiles
    components = [numbered[number] for number in sorted(numbered)] if len(numbered) > 1 else []
    free = [column for column in columns if column not in components and column != smiles]
    ratio = next((c for c in free if is_ratio_name(c) and _mostly(cells[c], _is_ratio)), None)
    architecture = next(
        (c for c in free if c != ratio and is_architecture_name(c) and _mostly(cells[c], _is_architecture)), None
    )
    weight = " wt%" if ratio and re.search(r"weight|mass|wt", ratio, re.IGNORECASE) else ""
    if components:
        shares, unit = _share_columns(free, sorted(numbered))
        return CopolymerColumns(tuple(components), shares, ratio, architecture, unit if shares else weight)
    if smiles is None or (ratio is None and architecture is None):
        return None
    several = any(len(_components(cell)) > 1 for cell in cells[smiles] if isinstance(cell, str))
    return CopolymerColumns((smiles,), (), ratio, architecture, weight) if several else None


def _names_structures(name: str) -> bool:
    """Whether a name alone tells that there are structures: a unit may be one of measurement."""
    return any(word in name.lower() for word in ("smiles", "mono"))


def _is_structure(cell: str) -> bool:
    try:
        recognise_form(cell)
    except PolymerError:
        return False
    return True


def _share_columns(columns: Sequence[str], numbers: Sequence[int]) -> tuple[tuple[str, ...], str]:
    """The columns of the components' shares, all or all but the last, and the unit of their numbers."""
    by_number: dict[int, str] = {}
    by_weight = False
    for column in columns:
        share = share_number(column)
        if share is not None and share[0] in numbers:
            by_number.setdefault(share[0], column)
            by_weight = by_weight or share[1]
    if sorted(by_number) in (list(numbers), list(numbers[:-1])):
        return tuple(by_number[number] for number in sorted(by_number)), " wt%" if by_weight else ""
    return (), ""


def _mostly(cells: pd.Series, is_so: Callable[[str], bool]) -> bool:
    """Whether the first cells with content are so, but for a few."""
    filled = [cell for cell in cells.head(_LOOKED_AT) if cell.lower() not in _EMPTY]
    return bool(filled) and sum(map(is_so, filled)) >= 0.8 * len(filled)


def _is_ratio(cell: str) -> bool:
    try:
        return len(cell) <= _LONGEST_RATIO and len(read_shares(cell)[0]) > 1
    except PolymerError:
        return False


def _is_architecture(cell: str) -> bool:
    if len(cell) > MAX_WRITTEN:
        return False
    word = re.sub(r"[\s_-]*(?:co)?polymers?$", "", cell.strip().lower())
    return word in ARCHITECTURES or word in ("homo", "homopolymer", "linear", "graft", "gradient", "star", "")


def with_copolymers(table: RawTable, smiles: str | None) -> RawTable:
    """A table with a first column, `TEXT_COLUMN`, of its polymers as text, where several columns say what its copolymers are.

    Parameters
    ----------
    table : RawTable
    smiles : str or None
        As of `copolymer_columns`.
    """
    cells = table.cells
    columns = None if TEXT_COLUMN in cells else copolymer_columns(cells, smiles)
    if columns is None:
        return table
    used = cells[columns.used]
    texts = [columns.text(dict(zip(used.columns, row, strict=True))) for row in used.itertuples(index=False, name=None)]
    read = pd.concat([pd.Series(texts, cells.index, dtype=object, name=TEXT_COLUMN), cells], axis=1)
    note = f"{listed(columns.used)} were read together as copolymers, in the column {TEXT_COLUMN}"
    if not columns.shares and columns.ratio is None:
        note += "; no column says how much there is of each component, so equal amounts are assumed"
    return replace(table, cells=read, notes=[*table.notes, f"{note}."], read_together=tuple(columns.used))
