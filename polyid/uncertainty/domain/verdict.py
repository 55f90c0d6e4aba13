"""The three verdicts on a polymer, and its nearest training polymers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

IN_DOMAIN, BORDERLINE, OUTSIDE = "in domain", "borderline", "outside"


def nearest_in_words(nearest: Sequence[dict[str, Any]]) -> str:
    """Training polymers with what was measured of them, such as ``*CC(*)C (Glass_Transition -10, Density 0.9)``."""
    described = []
    for polymer in nearest:
        measured = ", ".join(f"{name} {value:.4g}" for name, value in polymer["values"].items() if value is not None)
        shown = " ".join(part for part in (polymer["name"], polymer["smiles"]) if part)
        described.append(f"{shown} ({measured})" if measured else shown)
    return "; ".join(described)
