"""Trade-offs between two quantities of many polymers: the Pareto front, and for gas pairs Robeson's upper bounds.

The upper bound of a gas pair i/j is P_i = k α^n, where P_i is the permeability of the faster gas in Barrer and
α = P_i/P_j the selectivity: the line that, by eye, the best polymer films known in a year lie on. Front factors k and slopes n
are those of Table 12 of L. M. Robeson, "The upper bound revisited", J. Membr. Sci. 2008, 320, 390
(doi:10.1016/j.memsci.2008.04.030), which states the prior bounds too: L. M. Robeson, "Correlation of separation factor versus
permeability for polymeric membranes", J. Membr. Sci. 1991, 62, 165 (doi:10.1016/0376-7388(91)80060-J), and for H2/CO2, He/CO2,
H2/O2 and He/O2 L. M. Robeson et al., Polymer 1994, 35, 4970.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polyid.data.properties import PROPERTIES, property_label

SOURCE = "Robeson, J. Membr. Sci. 2008, 320, 390, Table 12"
_PERMEABILITY = "log10_Permeability_"
_LOG_BARRER = "log10(Barrer)"

_FRONT_FACTORS_AND_SLOPES: dict[tuple[str, str], dict[int, tuple[float, float]]] = {
    ("O2", "N2"): {1991: (389_224, -5.800), 2008: (1_396_000, -5.666)},
    ("CO2", "CH4"): {1991: (1_073_700, -2.6264), 2008: (5_369_140, -2.636)},
    ("H2", "N2"): {1991: (52_918, -1.5275), 2008: (97_650, -1.4841)},
    ("H2", "CH4"): {1991: (18_500, -1.2112), 2008: (27_200, -1.107)},
    ("He", "N2"): {1991: (12_500, -1.0242), 2008: (19_890, -1.017)},
    ("He", "CH4"): {1991: (5_002, -0.7857), 2008: (19_800, -0.809)},
    ("He", "H2"): {1991: (960, -4.9535), 2008: (59_910, -4.864)},
    ("CO2", "N2"): {2008: (30_967_000, -2.888)},
    ("N2", "CH4"): {2008: (2_570, -4.507)},
    ("H2", "CO2"): {1994: (1_200, -1.9363), 2008: (4_515, -2.302)},
    ("He", "CO2"): {1994: (705, -1.220), 2008: (3_760, -1.192)},
    ("H2", "O2"): {1994: (35_760, -2.277)},
    ("He", "O2"): {1994: (4_600, -1.295)},
}


@dataclass(frozen=True)
class UpperBound:
    """The upper bound of a gas pair as of a year: P = `front_factor` · α^`slope`, in Barrer."""

    year: int
    front_factor: float
    slope: float

    def log_selectivity(self, log_permeability: np.ndarray | float) -> np.ndarray | float:
        """log10 of the selectivity on the bound at a log10 of the faster gas's permeability."""
        return (log_permeability - np.log10(self.front_factor)) / self.slope


@dataclass(frozen=True)
class Quantity:
    """What an axis shows: a property, or the selectivity of a gas pair.

    Attributes
    ----------
    name : str
        Of the property, or ``selectivity_CO2_N2``.
    label : str
    unit : str or None
    parts : tuple of (str, float)
        Properties and their factors in the sum that the quantity is.
    """

    name: str
    label: str
    unit: str | None
    parts: tuple[tuple[str, float], ...]

    def of(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The quantity of n polymers, shape (n,), of their values by property; NaN where one is missing."""
        return sum(factor * np.asarray(values[name], float) for name, factor in self.parts)  # type: ignore[return-value]


def quantities(units: Mapping[str, str | None]) -> list[Quantity]:
    """What can be an axis, of the properties and their units: each of them, and the selectivities of the gas pairs there are."""
    found = [Quantity(name, property_label(name), unit, ((name, 1.0),)) for name, unit in units.items()]
    for fast, slow in _FRONT_FACTORS_AND_SLOPES:
        pair = [_PERMEABILITY + gas for gas in (fast, slow)]
        # Without a unit it is not known to be a logarithm.
        if all(name in units and units[name] == _LOG_BARRER == PROPERTIES[name].unit for name in pair):
            parts = ((pair[0], 1.0), (pair[1], -1.0))
            found.append(Quantity(f"selectivity_{fast}_{slow}", f"{fast}/{slow} selectivity", "log10", parts))
    return found


def upper_bounds(x: Quantity, y: Quantity) -> list[UpperBound]:
    """The upper bounds known for a plot of the selectivity of a gas pair over the faster gas's permeability; else none."""
    for (fast, slow), by_year in _FRONT_FACTORS_AND_SLOPES.items():
        if (x.name, y.name) == (_PERMEABILITY + fast, f"selectivity_{fast}_{slow}"):
            return [UpperBound(year, *numbers) for year, numbers in by_year.items()]
    return []


def pareto_front(points: np.ndarray, higher: Sequence[bool] = (True, True)) -> np.ndarray:
    """Which polymers no other is better than: at least as good in both quantities, and better in one.

    Parameters
    ----------
    points : float array, shape (n, 2)
        NaN where a quantity is not known; such polymers are on no front.
    higher : pair of bool
        Whether more of each quantity is better.

    Returns
    -------
    int array
        Their numbers, the best in the first quantity first; polymers of equal values are all on it.
    """
    gains = np.where(higher, points, -points)
    known = np.flatnonzero(np.isfinite(gains).all(axis=1))
    order = known[np.lexsort((-gains[known, 1], -gains[known, 0]))]
    front: list[int] = []
    for number in order.tolist():
        if not front or gains[number, 1] > gains[front[-1], 1] or (gains[number] == gains[front[-1]]).all():
            front.append(number)
    return np.array(front, int)
