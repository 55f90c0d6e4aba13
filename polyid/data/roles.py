"""Names that people give to the columns of a table, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from polyid.data.units import normalise

_ROLES: dict[str, tuple[str, ...]] = {
    "oligomer": ("smilespolymer", "polymersmiles", "oligomer", "oligomersmiles", "smilesoligomer"),
    "monomers": ("smilesmonomer", "smilesmonomers", "monomersmiles", "monomerssmiles"),
    "smiles": (
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
COLUMN_MEANINGS = tuple(_ROLES)
"""What a column can be besides a property."""


def is_smiles_header(name: str) -> bool:
    """Whether a column name is one that people give to SMILES."""
    return ROLE_OF.get(normalise(name)) in SMILES_ROLES


def roles_by_name(columns: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for column in columns:
        role = ROLE_OF.get(normalise(column))
        if role and role not in roles:
            roles[role] = column
    return roles
