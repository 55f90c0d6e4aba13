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
    told_apart = data[columns].fillna(-1).astype(str)
    if "smiles_polymer" in data:
        # Copolymers of the same units have one key and differ by their ratio and architecture.
        told_apart["copolymer"] = data["smiles_polymer"].astype(str).where(of_copolymers(data["smiles_polymer"]), "")
    return told_apart.groupby(list(told_apart), sort=False).ngroup()


def of_copolymers(oligomers: pd.Series) -> pd.Series:
    """Which of the ``smiles_polymer`` of a table are texts of copolymers, true or false."""
    return oligomers.astype(str).str.contains(" : ", regex=False)


def polymer_names(data: pd.DataFrame) -> list[str]:
    """What the polymer of each row is: its key, but of copolymers the text, which says the ratio and architecture too."""
    keys = polymer_keys(data)
    if "smiles_polymer" not in data:
        return keys
    texts = zip(keys, data["smiles_polymer"], of_copolymers(data["smiles_polymer"]), strict=True)
    return [text.rpartition(", ")[0] if is_copolymer else key for key, text, is_copolymer in texts]


def strata(data: pd.DataFrame) -> pd.Series | None:
    """What folds are stratified by: the mechanism of polymerisation where it is known, else the class of polymer."""
    for column in ("mechanism", "class"):
        if column in data and data[column].fillna("").ne("").any():
            return data[column].fillna("").astype(str)
    return None
