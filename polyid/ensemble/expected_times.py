"""How long what follows training takes: fitted to measurements on two CPU cores, and scaled by how fast this machine is.

`scripts/benchmarks/training_stages.py` measures the stages of whole runs anew and prints them beside what is expected here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import psutil

if TYPE_CHECKING:
    from polyid.data.dataset import Dataset

# Seconds of a processor at the reference speed, by `scripts/benchmarks/training_stages.py`.
_REPORT = (2.3, 0.42)
_CALIBRATING = (1.0, 0.0104, 0.0037)
_REFERENCE_SECONDS = 0.25
UPLOAD_SECONDS = 15.0
"""Of a model folder of some megabytes at a usual network's speed."""
_JUST_STARTED_SECONDS = 180.0
SHARES = {"kernels": 0.16, "held out": 0.48, "intervals": 0.49}
"""How much of the calibration is done behind each of its parts; the domain of validity is the last."""


def start_up_seconds() -> float:
    """How long ago this process began, if it was started for what it is at now; none of a notebook's or a server's."""
    age = time.time() - psutil.Process().create_time()
    return age if age < _JUST_STARTED_SECONDS else 0.0


def machine_slowness() -> tuple[float, float]:
    """How many times longer a fixed piece of work of one core takes than on the machine of the measurements: on the wall, and of
    processors."""
    began, began_cpu = time.perf_counter(), time.process_time()
    values = np.linspace(0.0, 1.0, 64 * 1024)
    for _ in range(100):
        values = np.tanh(np.sort(values) + 0.5)
    sum(number % 7 for number in range(2_000_000))
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    return wall / _REFERENCE_SECONDS, cpu / _REFERENCE_SECONDS


def seconds_after_training(dataset: Dataset, members: int, kernel: bool) -> dict[str, float]:
    """Expected seconds of the stages that follow training, by stage.

    Parameters
    ----------
    dataset : Dataset
    members : int
        Folds of the ensemble, repeats counted.
    kernel : bool
        Whether a kernel regression is put beside each network.
    """
    return stage_seconds(len(set(dataset.keys)), len(dataset.properties), members, kernel, machine_slowness()[0])


def stage_seconds(polymers: int, properties: int, members: int, kernel: bool, slowness: float) -> dict[str, float]:
    """The same, from the numbers of polymers, properties and members; `slowness` as of `machine_slowness`."""
    fixed, of_networks, of_kernel = _CALIBRATING
    calibrating = fixed + polymers * (of_networks * members**0.5 + (of_kernel * members if kernel else 0.0))
    fixed, of_property = _REPORT
    return {
        "calibrating": slowness * calibrating,
        "report": slowness * (fixed + of_property * properties),
    }
