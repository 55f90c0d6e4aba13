"""Any table as rows of text."""

from __future__ import annotations

import os

import pandas as pd

from polyid.data.copolymer_columns import with_copolymers
from polyid.data.files import read_table_file, table_of_frame
from polyid.data.headers import RawTable
from polyid.data.roles import roles_by_name


def read_raw_table(path: str | os.PathLike[str]) -> RawTable:
    """Read a file as text, header found; see :func:`polyid.data.files.read_table_file`."""
    return _understood(read_table_file(path))


def as_raw_table(path: str | os.PathLike[str] | pd.DataFrame) -> RawTable:
    """A file or a pandas frame as text."""
    if isinstance(path, pd.DataFrame):
        return _understood(table_of_frame(path, "data frame"))
    return read_raw_table(path)


def _understood(table: RawTable) -> RawTable:
    """A table with a column of its copolymers, where several columns say what they are."""
    return with_copolymers(table, smiles_beside_copolymers(table.cells))


def smiles_beside_copolymers(cells: pd.DataFrame) -> str | None:
    """The column of SMILES that may be one of several which together say what copolymers are, as `copolymer_columns` asks for it."""
    roles = roles_by_name(list(cells.columns))
    if "oligomer" in roles and (cells[roles["oligomer"]] != "").all():
        # Chains that are written out say what they are of.
        return None
    return roles.get("smiles", roles.get("monomers"))
