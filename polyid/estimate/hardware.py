"""Hardware to train on: what an hour of it costs, as read on a day, and how fast it is thought to be."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Hardware:
    """A kind of machine.

    Attributes
    ----------
    name, label : str
        Key, and what a reader is told.
    dollars_an_hour : float
    memory_gb : float
        Of the GPU, or of the machine without one; 10⁹ bytes.
    watts : float
        Assumed power: that of busy cores, or a GPU's limit.
    times : float
        How many times faster than two CPU cores a large step is thought to be.
    step_seconds, compile_seconds : float
        The least that a step takes, and what compiling takes; thought, not measured.
    source : str
        Where the price was read.
    flavor : str or None
        What the Hub calls it, for a Space; None where it rents none.
    gpu : bool
    """

    name: str
    label: str
    dollars_an_hour: float
    memory_gb: float
    watts: float
    times: float
    step_seconds: float
    compile_seconds: float
    source: str
    flavor: str | None = None
    gpu: bool = False


_FILE: dict[str, Any] = tomllib.loads(files("polyid.estimate").joinpath("hardware.toml").read_text("utf-8"))
READ_ON: date = _FILE.pop("read_on")
"""When the prices were read."""
HARDWARE: dict[str, Hardware] = {name: Hardware(name, **entry) for name, entry in _FILE.items()}
"""By name, the cheapest first."""


def hardware_of_flavor(flavor: str | None) -> Hardware | None:
    """The hardware that the Hub calls so; None if it isn't known."""
    return next((one for one in HARDWARE.values() if flavor and one.flavor == flavor), None)
