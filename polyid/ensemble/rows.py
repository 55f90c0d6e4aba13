"""Rows of a training frame as oligomers, labels and ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.data.polymers import CONTEXT_COLUMNS
from polyid.errors import DataError, PolymerError


def row_oligomers(frame: pd.DataFrame, chain: ChainSettings = ChainSettings()) -> list[str]:
    """Oligomer SMILES of a table: repeat units and monomers are polymerised, plain molecules taken as they are."""
    if "smiles_polymer" not in frame:
        raise DataError(
            f"The table has no column 'smiles_polymer'; its columns are {', '.join(map(str, frame.columns))}."
        )
    oligomers = []
    for number, text in enumerate(frame["smiles_polymer"], 1):
        if isinstance(text, str) and ("*" in text or "." in text):
            try:
                text = chain.oligomer(text)
            except PolymerError as error:
                raise PolymerError(f"Row {number}: {error}") from None
        oligomers.append(text)
    return oligomers


def mean_labels(frame: pd.DataFrame, smiles: Sequence[str], properties: Sequence[str]) -> np.ndarray:
    """Labels of oligomer SMILES, shape (N, P), the mean where several rows share one; NaN where none is known."""
    table = frame[~frame.index.duplicated()]
    labels = table[list(properties)].astype(float).groupby(np.array(row_oligomers(table))).mean()
    return labels.reindex(smiles).to_numpy()


def numbers_polymers(cells: pd.DataFrame, properties: Sequence[str]) -> bool:
    """Whether a table has numbers for polymers, and for each property a number or nothing."""
    if "smiles_monomer" not in cells or "smiles_polymer" in cells or not all(name in cells for name in properties):
        return False
    return bool(cells["smiles_monomer"].str.fullmatch(r"\d+").all()) and all(
        pd.to_numeric(cells[name], errors="coerce").notna().eq(cells[name] != "").all() for name in properties
    )


def in_own_columns(frame: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """What was read from a table under the table's own column names, and its other columns beside it, as text."""
    own = cells.loc[frame["row"]].set_index(frame.index)
    used = ("smiles_polymer", "smiles_monomer", "mechanism", "pm", "distribution", "replicate_structure")
    added = [name for name in frame if name not in own and (name in used or name not in CONTEXT_COLUMNS)]
    return pd.concat([own.assign(**{name: frame[name] for name in own if name in frame}), frame[added]], axis=1)


def data_ids(data: pd.DataFrame) -> pd.Series:
    """Number of each distinct structure, replicates sharing one, in order of first appearance, as upstream numbers them."""
    if "data_id" in data:
        return data["data_id"]
    columns = [c for c in ("smiles_monomer", "distribution", "pm") if c in data] or ["smiles_polymer"]
    return data[columns].fillna(-1).astype(str).groupby(columns, sort=False).ngroup()


def json_ready(value: Any) -> Any:
    """Numbers and containers as JSON can hold them."""
    if isinstance(value, dict):
        return {str(k): json_ready(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [json_ready(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
