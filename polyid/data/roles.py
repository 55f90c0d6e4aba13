"""Names that people give to the columns of a table besides properties, and what they mean; SMILES are told by their cells too."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import pandas as pd

from polyid.chemistry.forms import recognise_form
from polyid.chemistry.names import AmbiguousName, find_name
from polyid.data.component_names import component_number
from polyid.data.limits import MAX_WRITTEN
from polyid.data.numbers import is_number
from polyid.data.units import normalise
from polyid.errors import PolymerError

_ROLES: dict[str, tuple[str, ...]] = {
    "oligomer": ("smilespolymer", "polymersmiles", "oligomer", "oligomersmiles", "smilesoligomer"),
    "monomers": ("smilesmonomer", "smilesmonomers", "monomersmiles", "monomerssmiles"),
    "smiles": (
        "smilescopolymer",
        "smiles",
        "psmiles",
        "repeatunit",
        "repeatunitsmiles",
        "smilesrepeatunit",
        "repeatingunit",
        "cru",
        "crusmiles",
        "canonicalsmiles",
        "smilesstring",
        "structuresmiles",
        "structure",
    ),
    "mechanism": ("mechanism", "polymerisationmechanism", "polymerizationmechanism"),
    "pm": ("pm", "probabilityofmeso", "mesodyads"),
    "distribution": ("distribution",),
    "replicate_structure": ("replicatestructure",),
    "polymer": ("polymer", "polymername", "name"),
    "class": ("class", "polymerclass"),
    "tacticity": ("tacticity",),
    "fact_property": ("property", "propertyname"),
    "fact_value": ("value", "propertyvalue"),
    "fact_unit": ("unit", "units"),
}
ROLE_OF = {spelling: role for role, spellings in _ROLES.items() for spelling in spellings}
SMILES_ROLES = ("oligomer", "smiles", "monomers")
COPOLYMER_PART = "part of a copolymer"
COLUMN_MEANINGS = (*_ROLES, COPOLYMER_PART)
"""What a column can be besides a property."""


def role_of(name: str) -> str | None:
    """What a column of this name holds besides a property; None for other names."""
    return ROLE_OF.get(normalise(name)) if len(name) <= MAX_WRITTEN else None


def is_smiles_header(name: str) -> bool:
    """Whether a column name is one that people give to SMILES."""
    return role_of(name) in SMILES_ROLES or component_number(name) is not None


def is_unit_header(name: str) -> bool:
    """Whether a column holds units by its name, which may have been numbered as the second of that name."""
    return role_of(re.sub(r" \(\d+\)$", "", name)) == "fact_unit"


def roles_by_name(columns: Sequence[str]) -> dict[str, str]:
    """Role to the first column whose name says that role."""
    roles: dict[str, str] = {}
    for column in columns:
        role = role_of(column)
        if role and role not in roles:
            roles[role] = column
    return roles


def smiles_by_content(cells: pd.DataFrame) -> str | None:
    """The column whose first cells read as polymers, but for a few that may be wrong, whatever its name.

    That may be a column of names where there is none of SMILES; more of them may be unknown.
    """
    for reads, allowed in ((is_readable_smiles, 4), (is_polymer_name, 2)):
        for column in cells.columns:
            sample = [cell for cell in cells[column].head(200) if cell][:10]
            # A column of something else is given up after the few that may be wrong.
            wrong = itertools.islice((cell for cell in sample if not reads(cell)), len(sample) // allowed + 1)
            if sample and len(list(wrong)) <= len(sample) // allowed:
                return str(column)
    return None


def is_polymer_name(cell: str) -> bool:
    """Whether a cell holds a name of a polymer, or of several among which has to be chosen."""
    try:
        return not is_number(cell) and find_name(cell) is not None
    except AmbiguousName:
        return True
    except PolymerError:
        return False


def is_readable_smiles(cell: str) -> bool:
    """Whether a cell holds a SMILES; a name is none, so that a column of names is not taken for one of structures."""
    try:
        if find_name(cell) is not None:
            return False
        recognise_form(cell)
    except PolymerError:
        return False
    return True
