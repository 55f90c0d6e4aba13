"""The polymer of each row of a table that says ``smiles_polymer``, as models read it."""

from __future__ import annotations

import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.chemistry.polymer import Polymer
from polyid.errors import DataError, PolymerError


def row_polymers(frame: pd.DataFrame, chain: ChainSettings = ChainSettings()) -> list[str]:
    """`polyid.chemistry.polymer.Polymer.key` of each row: repeat units and monomers are polymerised, all else is taken as it is."""
    if "smiles_polymer" not in frame:
        raise DataError(
            f"The table has no column 'smiles_polymer'; its columns are {', '.join(map(str, frame.columns))}."
        )
    polymers = []
    for number, text in enumerate(frame["smiles_polymer"], 1):
        if isinstance(text, str) and ("*" in text or "." in text) and not Polymer.read(text).is_regular:
            try:
                text = chain.key(text)
            except PolymerError as error:
                raise PolymerError(f"Row {number}: {error}") from None
        polymers.append(text)
    return polymers
