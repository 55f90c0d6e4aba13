"""The oligomer of each row of a table that says ``smiles_polymer``."""

from __future__ import annotations

import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
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
