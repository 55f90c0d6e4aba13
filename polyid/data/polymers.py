"""The polymer of each row of a table: what a model reads, key and context."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyid.chemistry.forms import PolymerForm, recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import ChainSettings
from polyid.chemistry.polymerisation import MECHANISMS
from polyid.data.columns import Mapping
from polyid.data.headers import RawTable
from polyid.data.numbers import MISSING, read_number
from polyid.data.problems import TableProblems
from polyid.data.roles import SMILES_ROLES
from polyid.errors import PolymerError

# Columns of a training table that are no properties.
CONTEXT_COLUMNS = (
    "smiles_polymer",
    "smiles_monomer",
    "mechanism",
    "pm",
    "distribution",
    "replicate_structure",
    "polymer",
    "class",
    "tacticity",
    "row",
)


def read_polymers(
    table: RawTable, mapping: Mapping, rows: pd.Index, chain: ChainSettings, problems: TableProblems
) -> pd.DataFrame:
    """What a model reads, key and context of every row that can be read."""
    cells = table.cells.loc[rows]
    roles = mapping.roles
    columns = {
        role: cells[roles[role]] if role in roles else pd.Series("", index=cells.index)
        for role in (*SMILES_ROLES, "mechanism", "pm")
    }
    smiles_column = next(roles[role] for role in SMILES_ROLES if role in roles)
    read: dict[tuple, tuple[str, str] | str] = {}
    records, index = [], []
    for row, oligomer, smiles, monomers, mechanism, pm_cell in zip(cells.index, *columns.values(), strict=True):
        pm = None
        if pm_cell.lower() not in MISSING:
            try:
                pm = read_number(pm_cell, decimal_commas="," in pm_cell)
                if not 0 <= pm <= 1:
                    raise ValueError("is not from 0 to 1")
            except ValueError as error:
                problems.add(row, roles["pm"], pm_cell, str(error), "write the probability of meso dyads, 0 to 1")
                continue
        mechanism_name = _mechanism_of(mechanism)
        key = (oligomer, smiles, monomers, mechanism_name, pm)
        if key not in read:
            try:
                read[key] = _read_polymer(oligomer, smiles, monomers, mechanism_name, pm, chain)
            except PolymerError as error:
                read[key] = str(error)
        result = read[key]
        if isinstance(result, str):
            shown = oligomer or smiles or monomers
            what, _, remedy = result.rstrip(".").rpartition("; ")
            problems.add(row, smiles_column, shown, what or remedy, remedy)
            continue
        record = {"smiles_polymer": result[0], "smiles_monomer": result[1], "mechanism": mechanism, "row": row}
        if "pm" in roles:
            record["pm"] = np.nan if pm is None else pm
        for role in ("distribution", "replicate_structure", "polymer", "class", "tacticity"):
            if role in roles:
                record[role] = cells.at[row, roles[role]]
        records.append(record)
        index.append(row)
    frame = pd.DataFrame(
        records, index=index, columns=[name for name in CONTEXT_COLUMNS if name in (records or [{}])[0]]
    )
    return frame


def _mechanism_of(text: str) -> str | None:
    """A mechanism of polymerisation, from what tables say ("ester_stereo", "acrylate")."""
    name = text.strip().removesuffix("_stereo")
    name = "vinyl" if name == "acrylate" else name
    return next((mechanism for mechanism in MECHANISMS if mechanism.lower() == name.lower()), None)


def _read_polymer(
    oligomer: str, smiles: str, monomers: str, mechanism: str | None, pm: float | None, chain: ChainSettings
) -> tuple[str, str]:
    """`Polymer.key` and `polymer_identity` of one row. An oligomer as the data sets write it goes before repeat unit and monomers."""
    if oligomer and recognise_form(oligomer) is PolymerForm.OLIGOMER:
        return oligomer, polymer_identity(monomers or smiles or oligomer)
    text = oligomer or smiles
    if text and recognise_form(text) is not PolymerForm.OLIGOMER:
        return chain.key(text, mechanism=mechanism, pm=pm), polymer_identity(text)
    text = text or monomers
    return chain.key(text, mechanism=mechanism, pm=pm), polymer_identity(text)
