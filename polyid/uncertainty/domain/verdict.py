"""The names of the three verdicts, and in words what a polymer differs in and its nearest training polymers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyid.chemistry.fragments import Unseen

VERDICTS = IN_DOMAIN, BORDERLINE, OUTSIDE = "in domain", "borderline", "outside"


def differences_in_words(unseen: Unseen, distance: float, in_domain_distance: float) -> str:
    """In what a polymer is unlike the training polymers, in a sentence; empty where it is like them.

    Parameters
    ----------
    unseen : Unseen
        What the polymer has that no training polymer has.
    distance : float
        From its nearest training polymers; 1 is that of a usual new polymer.
    in_domain_distance : float
        The largest distance that is no difference.
    """
    parts = []
    if unseen.elements:
        parts.append(f"contains {' and '.join(unseen.elements)}, which no training polymer does")
    if unseen.fragments:
        some = "a fragment" if unseen.fragments == 1 else f"{unseen.fragments} fragments"
        more = ", …" if unseen.fragments > len(unseen.named) else ""
        parts.append(f"contains {some} no training polymer has: {', '.join(unseen.named)}{more}")
    if distance > in_domain_distance:
        parts.append(f"is {distance:.1f} times as far from its nearest training polymers as a new polymer usually is")
    return f"It {'; it '.join(parts)}." if parts else ""


def nearest_in_words(nearest: Sequence[dict[str, Any]]) -> str:
    """Training polymers with what was measured of them, such as ``*CC(*)C (Glass_Transition -10, Density 0.9)``."""
    described = []
    for polymer in nearest:
        measured = ", ".join(f"{name} {value:.4g}" for name, value in polymer["values"].items() if value is not None)
        shown = " ".join(part for part in (polymer["name"], polymer["smiles"]) if part)
        described.append(f"{shown} ({measured})" if measured else shown)
    return "; ".join(described)
