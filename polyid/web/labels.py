"""Names of properties as people read them."""

from __future__ import annotations

from polyid.data.properties import PROPERTIES


def property_label(name: str) -> str:
    """The label of a property this package knows; any other is called by its own name."""
    return PROPERTIES[name].label if name in PROPERTIES else name
