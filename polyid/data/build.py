"""A table turned into a training set on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.chemistry.polymer import Polymer
from polyid.common.files import write_text
from polyid.common.spreadsheet import csv_text
from polyid.config.ranges import check_number
from polyid.data.columns import Mapping, propose_mapping
from polyid.data.headers import RawTable
from polyid.data.polymers import CONTEXT_COLUMNS
from polyid.data.raw import as_raw_table
from polyid.data.training_table import TrainingTable, apply_mapping


def build_training_set(
    path: str | Path,
    output: str | Path,
    chain: ChainSettings = ChainSettings(),
    *,
    properties: Sequence[str] | None = None,
    replicates: int = 1,
) -> TrainingTable:
    """Turn a table into a training set on disk: one row a polymer, oligomers, units beside every property.

    Deterministic: the same table gives the same bytes.

    Parameters
    ----------
    path : str or Path
        As for :func:`read_training_table`.
    output : str or Path
        CSV file to write; replaced only when complete.
    chain : ChainSettings
        Of the oligomers, and of the first replicate of each.
    properties : sequence of str, optional
    replicates : int
        Structures of each polymer with 0 < pm < 1, numbered in ``replicate_structure``.

    Returns
    -------
    TrainingTable
        What was written; its ``problems`` say what was left out and why.

    Raises
    ------
    DataError
        As :func:`read_training_table`.
    """
    replicates = check_number("replicates", replicates)
    check_number("degree_of_polymerisation", chain.degree_of_polymerisation)
    check_number("seed", chain.seed)
    raw = as_raw_table(path)
    mapping = propose_mapping(raw, properties)
    table = apply_mapping(raw, mapping, chain)
    if replicates > 1:
        table.frame = _replicated(raw, mapping, table.frame, chain, replicates)
        table.labels = {name: int(table.frame[name].notna().sum()) for name in table.properties}
    written = table.frame.drop(columns="row").copy()
    written["smiles_polymer"] = [Polymer.read(key).smiles() for key in written["smiles_polymer"]]
    for name, unit in table.units.items():
        place = written.columns.tolist().index(name) + 1
        written.insert(place, f"{name}_units", written[name].notna().map({True: unit or "", False: ""}))
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_text(output, csv_text(written))
    return table


def _replicated(
    raw: RawTable, mapping: Mapping, frame: pd.DataFrame, chain: ChainSettings, replicates: int
) -> pd.DataFrame:
    """Repeat rows of partly tactic polymers with other draws of the same share of meso dyads."""
    smiles_column = mapping.roles.get("smiles")
    records = []
    for record in frame.to_dict("records"):
        pm = record.get("pm", np.nan)
        several = smiles_column is not None and 0 < pm < 1
        for replicate in range(replicates if several else 1):
            copy = {**record, "replicate_structure": replicate}
            if several:
                smiles = str(raw.cells.at[record["row"], smiles_column])
                copy["smiles_polymer"] = replace(chain, seed=chain.seed + replicate).key(smiles, pm=pm)
            records.append(copy)
    columns = [*(name for name in CONTEXT_COLUMNS if name in records[0])]
    columns += [name for name in frame.columns if name not in columns]
    return pd.DataFrame(records, columns=columns)
