"""The key of each row of a table (the rule is in chemistry/identity.py), and the class of its polymer."""

from __future__ import annotations

from typing import Any

import pandas as pd

from polyid.chemistry.identity import polymer_identity
from polyid.errors import PolymerError


def polymer_keys(data: pd.DataFrame) -> list[str]:
    """Key of each row's polymer, the same for every tacticity and replicate."""
    column = "smiles_monomer" if "smiles_monomer" in data else "smiles_polymer"
    key_of: dict[Any, str] = {}
    for value in data[column].unique():
        try:
            key_of[value] = polymer_identity(value)
        except PolymerError:
            # Not a SMILES: a name or number of the polymer serves as well.
            key_of[value] = str(value)
    return [key_of[value] for value in data[column]]


def data_ids(data: pd.DataFrame) -> pd.Series:
    """Number of each distinct structure, replicates sharing one, in order of first appearance, as upstream numbers them."""
    if "data_id" in data:
        return data["data_id"]
    columns = [c for c in ("smiles_monomer", "distribution", "pm") if c in data] or ["smiles_polymer"]
    return data[columns].fillna(-1).astype(str).groupby(columns, sort=False).ngroup()


def strata(data: pd.DataFrame) -> pd.Series | None:
    """What folds are stratified by: the mechanism of polymerisation where it is known, else the class of polymer."""
    for column in ("mechanism", "class"):
        if column in data and data[column].fillna("").ne("").any():
            return data[column].fillna("").astype(str)
    return None
