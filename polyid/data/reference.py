"""What is known of polymers already: the values of the table that comes with the package."""

from __future__ import annotations

from functools import cache

import numpy as np

from polyid.chemistry.identity import polymer_identity
from polyid.data.catalogue import bundled_tables
from polyid.data.columns import propose_mapping
from polyid.data.problems import TableProblems
from polyid.data.raw import read_raw_table
from polyid.data.values import read_facts
from polyid.errors import PolymerError


@cache
def reference_values() -> dict[tuple[str, str], float]:
    """Median values of the bundled table by polymer key and property; empty without one."""
    path = bundled_tables().get("polymer_properties")
    if path is None:
        return {}
    table = read_raw_table(path)
    mapping = propose_mapping(table)
    if not mapping.of_facts:
        return {}
    values, _ = read_facts(table, mapping, TableProblems())
    smiles = table.cells.loc[values.index, mapping.roles["smiles"]]
    keys = smiles.map({text: _key(text) for text in smiles.unique()})
    medians = values.groupby(keys).median()
    return {
        (str(key), str(name)): float(value)
        for name, column in medians.items()
        for key, value in column.items()
        if not np.isnan(value)
    }


def _key(smiles: str) -> str | None:
    try:
        return polymer_identity(smiles)
    except PolymerError:
        return None
