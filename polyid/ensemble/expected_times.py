"""How long what follows training takes: fitted to measurements on two CPU cores, and scaled by how fast this machine is.

`scripts/benchmarks/training_stages.py` measures the stages of whole runs anew and prints them beside what is expected here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from polyid.data.dataset import Dataset

# Seconds of a processor at the reference speed, by `scripts/benchmarks/training_stages.py`.
_REPORT = (5.0, 1.1)
_CALIBRATING = (0.020, 0.007)
_REFERENCE_SECONDS = 0.60
UPLOAD_SECONDS = 15.0
"""Of a model folder of some megabytes at a usual network's speed."""


def machine_slowness() -> tuple[float, float]:
    """How many times longer a fixed piece of work takes than on the machine of the measurements: on the wall, and of processors."""
    began, began_cpu = time.perf_counter(), time.process_time()
    matrix = np.linspace(0.0, 1.0, 128 * 128).reshape(128, 128)
    for _ in range(100):
        matrix = np.tanh(matrix @ matrix.T / 128.0)
    sum(number % 7 for number in range(1_200_000))
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
    of_networks, of_kernel = _CALIBRATING
    calibrating = polymers * (of_networks * members**0.5 + (of_kernel * members if kernel else 0.0))
    fixed, of_property = _REPORT
    return {
        "calibrating": slowness * (2.0 + calibrating),
        "report": slowness * (fixed + of_property * properties),
        "upload": UPLOAD_SECONDS,
    }
