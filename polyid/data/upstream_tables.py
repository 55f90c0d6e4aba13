"""Tables as upstream PolyID's users keep them: with columns of their own, or with numbers for polymers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.data.columns import propose_mapping
from polyid.data.polymers import CONTEXT_COLUMNS
from polyid.data.problems import TableProblems
from polyid.data.raw import read_raw_table
from polyid.data.training_table import TrainingTable, apply_mapping


def read_upstream_table(path: str | os.PathLike[str], properties: Sequence[str], chain: ChainSettings) -> TrainingTable:
    """A table whose columns keep their names, and those of no meaning here stay, as text.

    Parameters
    ----------
    path : path
        Anything `polyid.data.training_table.read_training_table` reads. A table whose ``smiles_monomer`` numbers the
        polymers, and which has no other SMILES, is read too; it can be divided into folds, but not trained on.
    properties : sequence of str
    chain : ChainSettings

    Raises
    ------
    DataError
        The table can't be read, or lacks a property or a label of one.
    """
    raw = read_raw_table(path)
    if numbers_polymers(raw.cells, properties):
        numbered = raw.cells.reset_index(drop=True)
        frame = numbered.assign(**{name: pd.to_numeric(numbered[name]) for name in properties})
        labels = {name: int(frame[name].notna().sum()) for name in properties}
        units = dict.fromkeys(properties)
        return TrainingTable(frame, units, labels, TableProblems().frame(), raw.sha256, raw.source, chain=chain)
    mapping = propose_mapping(raw, properties)
    table = apply_mapping(raw, mapping, chain)
    return table if mapping.of_facts else replace(table, frame=in_own_columns(table.frame, raw.cells))


def numbers_polymers(cells: pd.DataFrame, properties: Sequence[str]) -> bool:
    """Whether a table has numbers for polymers, and for each property a number or nothing."""
    if "smiles_monomer" not in cells or "smiles_polymer" in cells or not all(name in cells for name in properties):
        return False
    return bool(cells["smiles_monomer"].str.fullmatch(r"\d+").all()) and all(
        pd.to_numeric(cells[name], errors="coerce").notna().eq(cells[name] != "").all() for name in properties
    )


def in_own_columns(frame: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """What was read from a table under the table's own column names, and its other columns beside it, as text."""
    named = cells.loc[frame["row"]].set_index(frame.index)
    used = ("smiles_polymer", "smiles_monomer", "mechanism", "pm", "distribution", "replicate_structure")
    added = [name for name in frame if name not in named and (name in used or name not in CONTEXT_COLUMNS)]
    read = {str(name): frame[name] for name in named if name in frame}
    return named.assign(**read, **{str(name): frame[name] for name in added})
