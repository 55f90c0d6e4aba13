"""Time, memory, money and energy of a run, stage by stage, here and on other hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from polyid.common.progress import duration
from polyid.ensemble.expected_times import UPLOAD_SECONDS, stage_seconds
from polyid.estimate.hardware import HARDWARE, READ_ON, Hardware, hardware_of_flavor
from polyid.estimate.measured import WarmUp
from polyid.report.energy import energy_estimate

LONG_SECONDS = 12 * 3600.0
"""From here on a run on a CPU is warned of."""
_BUSY_CORES = 0.85
"""Share of a machine's cores that training keeps busy, measured."""
_IMPORT_SECONDS = 8.0


@dataclass(frozen=True)
class Row:
    """A run on some hardware.

    Attributes
    ----------
    hardware : str
        What a reader is told.
    measured : bool
        Whether it was measured there, or is thought.
    seconds, dollars, kilowatt_hours : float
        None where price or power isn't known.
    memory_bytes : int
    fits : bool
        Whether the hardware has that memory.
    """

    hardware: str
    measured: bool
    seconds: float
    dollars: float | None
    kilowatt_hours: float | None
    memory_bytes: int
    fits: bool

    @property
    def time(self) -> str:
        """In words; what is thought is rounded to what it is worth."""
        return duration(self.seconds) if self.measured else f"~{duration(_rounded(self.seconds))}"

    @property
    def price(self) -> str:
        """In words."""
        return "-" if self.dollars is None else "free" if not self.dollars else f"${self.dollars:.2f}"

    @property
    def energy(self) -> str:
        """In words."""
        return "-" if self.kilowatt_hours is None else f"{self.kilowatt_hours:.2g} kWh"


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes
    ----------
    stages, cpu_stages : dict of str to float
        Seconds here by stage, on the wall and of processors.
    here : Row
    others : tuple of Row
        On rented hardware.
    warnings : tuple of str
        What to think of before starting.
    """

    stages: dict[str, float]
    cpu_stages: dict[str, float]
    here: Row
    others: tuple[Row, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For programs, as JSON."""
        return {**asdict(self), "prices_read_on": READ_ON.isoformat()}

    def lines(self) -> list[str]:
        """For a terminal."""
        rows = [("hardware", "time", "price", "energy", "memory")]
        for row in (self.here, *self.others):
            memory = f"{row.memory_bytes / 2**30:.1f} GiB{'' if row.fits else ', too much'}"
            rows.append((row.hardware, row.time, row.price, row.energy, memory))
        stages = ", ".join(f"{stage} {duration(seconds)}" for stage, seconds in self.stages.items())
        table = [f"{a:<34}{b:>14}{c:>10}{d:>12}   {e}" for a, b, c, d, e in rows]
        return [
            *table,
            f"Here: {stages}.",
            f"~: thought, not measured. Prices as read on {READ_ON.isoformat()} in copies that may be older: look before you rent; without taxes.",
            *self.warnings,
        ]


def estimate(measured: WarmUp, preset: str, flavor: str | None = None) -> Estimate:
    """What a run will take, from a warm-up.

    Parameters
    ----------
    measured : WarmUp
    preset : str
        Its name, for warnings.
    flavor : str, optional
        What the Hub calls the hardware here, if this is a Space.
    """
    wall, cpu = stages_here(measured)
    seconds = sum(wall.values())
    rented = hardware_of_flavor(flavor)
    energy = energy_estimate(measured.hardware, seconds)
    here = Row(
        hardware=f"here: {measured.hardware}",
        measured=True,
        seconds=seconds,
        dollars=rented.dollars_an_hour * seconds / 3600 if rented else None,
        kilowatt_hours=energy.kilowatt_hours if energy else None,
        memory_bytes=memory_bytes(measured),
        fits=True,
    )
    others = tuple(_elsewhere(measured, cpu, one) for one in HARDWARE.values() if one is not rented)
    return Estimate(wall, cpu, here, others, tuple(_warnings(measured, preset, here, others)))


def stages_here(measured: WarmUp) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by stage on this machine: on the wall, and of processors."""
    polymers = measured.trained_polymers * measured.epochs
    after = stage_seconds(measured.polymers, measured.properties, measured.members, measured.kernel, measured.slowness)
    after_cpu = stage_seconds(
        measured.polymers, measured.properties, measured.members, measured.kernel, measured.cpu_slowness
    )
    wall = {
        "reading": measured.reading_seconds,
        "compiling": measured.compile_seconds,
        "training": measured.seconds_a_polymer * polymers,
        **after,
        "upload": UPLOAD_SECONDS,
    }
    cpu = {
        "reading": measured.reading_cpu_seconds,
        "compiling": measured.compile_cpu_seconds,
        "training": measured.cpu_seconds_a_polymer * polymers,
        **after_cpu,
        "upload": 1.0,
    }
    return wall, cpu


def memory_bytes(measured: WarmUp) -> int:
    """What a run holds at most: what the warm-up did, and after training the similarities of all pairs of polymers."""
    pairs = 8 * measured.polymers**2 * 4 if measured.kernel else 0
    return int(1.1 * measured.memory_bytes + pairs)


def _elsewhere(measured: WarmUp, cpu: Mapping[str, float], there: Hardware) -> Row:
    """A run on other hardware: its large steps so many times faster, none shorter than a step's launch."""
    steps = measured.steps * measured.epochs
    training = _on_two_cores(measured, cpu["training"]) / there.times + there.step_seconds * steps
    rest = _IMPORT_SECONDS + cpu["reading"] + cpu["calibrating"] + cpu["report"]
    seconds = rest + there.compile_seconds + training + 15.0
    memory = memory_bytes(measured)
    return Row(
        hardware=there.label,
        measured=False,
        seconds=seconds,
        dollars=there.dollars_an_hour * seconds / 3600,
        kilowatt_hours=there.watts * seconds / 3.6e6,
        memory_bytes=memory,
        fits=memory < 1e9 * there.memory_gb,
    )


def _on_two_cores(measured: WarmUp, cpu_seconds: float) -> float:
    """Seconds on the wall that the training would take on two cores of which nobody else has a share."""
    if measured.gpu:
        known = next((one for one in HARDWARE.values() if one.gpu and one.label.split()[0] in measured.hardware), None)
        ours = measured.seconds_a_polymer * measured.trained_polymers * measured.epochs
        return ours * (known.times if known else HARDWARE["a10g"].times)
    return cpu_seconds / (2 * _BUSY_CORES)


def _warnings(measured: WarmUp, preset: str, here: Row, others: tuple[Row, ...]) -> list[str]:
    said = []
    if not measured.gpu and (here.seconds > LONG_SECONDS or preset == "publication"):
        gpu = next(row for row in others if row.hardware == HARDWARE["a10g"].label)
        said.append(
            f"{preset} on a CPU takes {duration(_rounded(here.seconds))}: use a GPU (an A10G takes some "
            f"{duration(_rounded(gpu.seconds))} for {gpu.price}), or the preset accurate, which is meant for a CPU."
        )
    return said


def _rounded(seconds: float) -> float:
    """To two digits, in the unit that it is told in."""
    unit = 1.0 if seconds < 60 else 60.0 if seconds < 3600 else 600.0
    return max(unit * round(seconds / unit), 1.0)
