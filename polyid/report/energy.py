"""What a training run used in electricity, estimated."""

from __future__ import annotations

import re
from dataclasses import dataclass

CPU_CORE_WATTS = 7.5
"""Assumed for a busy core: 5 to 10 W is what server processors' rated power divided by their cores comes to."""
GPU_WATTS = {
    "GB200": 1200.0,
    "B200": 1000.0,
    "H200 NVL": 600.0,
    "H200": 700.0,
    "H100 NVL": 400.0,
    "H100 PCIe": 350.0,
    "H100": 700.0,
    "A100 80GB PCIe": 300.0,
    "A100-PCIE": 250.0,
    "A100": 400.0,
    "L40S": 350.0,
    "L40": 300.0,
    "L4": 72.0,
    "RTX A6000": 300.0,
    "A10G": 300.0,
    "A10": 150.0,
    "V100": 300.0,
    "T4": 70.0,
}
"""Power limit by a part of the device's name, in watts, as the makers' data sheets or the driver state it; the first
that fits counts."""

GRAMS_OF_CO2_A_KILOWATT_HOUR = 480.0
"""Of electricity, the world's mean of 2023 (Ember, Global Electricity Review 2024); a single grid has 20 to 900."""


@dataclass(frozen=True)
class EnergyEstimate:
    """What training may have taken from the mains, by assumption, not by measurement.

    Attributes
    ----------
    kilowatt_hours : float
    watts : float
        Assumed power.
    basis : str
        Where that power comes from, in words.
    """

    kilowatt_hours: float
    watts: float
    basis: str


def energy_estimate(hardware: str, seconds: float) -> EnergyEstimate | None:
    """Energy of a computation: its length times an assumed power of the processor or GPU that it ran on.

    A GPU counts with its power limit, so that the estimate is rather too high; memory, the machine around it and cooling
    are not counted.

    Parameters
    ----------
    hardware : str
        As `parameters.json` states it: ``2 CPU cores (x86_64)``, or the name of a GPU.
    seconds : float

    Returns
    -------
    EnergyEstimate or None
        None for hardware whose power isn't known.
    """
    if cores := re.match(r"(\d+) CPU cores?\b", hardware):
        watts = int(cores.group(1)) * CPU_CORE_WATTS
        basis = f"{cores.group(1)} CPU cores at an assumed {CPU_CORE_WATTS:g} W each"
    else:
        known = next((part for part in GPU_WATTS if re.search(rf"\b{re.escape(part)}\b", hardware)), None)
        if known is None:
            return None
        watts, basis = GPU_WATTS[known], f"the power limit of {known}"
    return EnergyEstimate(watts * seconds / 3.6e6, watts, basis)
