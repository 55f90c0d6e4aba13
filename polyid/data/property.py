"""What a property of polymers is: its name, unit, plausible range and how people write it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """A polymer property.

    Attributes
    ----------
    name : str
        Column name, as in the PolyID database.
    label : str
        What a page calls it.
    symbol : str
        As in formulae.
    unit : str or None
        Of values in tables and predictions; None when it isn't known.
    low, high : float
        Values outside are implausible for a polymer, in `unit`.
    synonyms : tuple of str
        Other column names, without units, as :func:`normalise` writes them.
    """

    name: str
    label: str
    symbol: str
    unit: str | None
    low: float = -math.inf
    high: float = math.inf
    synonyms: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Label with unit, for axes and tables."""
        return f"{self.label} ({self.unit})" if self.unit else self.label
