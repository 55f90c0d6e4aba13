"""Tables as upstream PolyID's users keep them: with columns of their own, or with numbers for polymers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from polyid.data.polymers import CONTEXT_COLUMNS


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
