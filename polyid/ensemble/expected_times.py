"""How long what follows training takes: fitted to measurements on two CPU cores, and scaled by how fast this machine is.

`scripts/benchmarks/training_stages.py` measures the stages of whole runs anew and prints them beside what is expected here.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from polyid.config.parameters import Parameters
    from polyid.data.dataset import Dataset

# Seconds of a processor at the reference speed, by `scripts/benchmarks/training_stages.py`.
_REPORT = (2.3, 0.42)
_CALIBRATING = (1.0, 0.0104, 0.0037)
_COMPILING = {False: (11.0, 0.0), True: (17.0, 0.9)}
"""With and without XLA: fixed, and a round of messages; the shapes that are compiled later included."""
_ROW, _ROW_AND_WEIGHT, _UPDATE = 1.7e-6, 4.3e-11, 4.2e-9
"""Of training: a row of a graph; a row and a weight; a weight and an update."""
_WITHOUT_XLA = 1.4
"""How many times as long steps take that are not compiled by XLA."""
_BUSY_CORES = 0.65
"""Share of two cores that training keeps busy, on a machine that has something else to do, too."""
_ATOM = re.compile("Cl|Br|Si|[BCNOPSFIbcnops]")
_ROWS_AN_ATOM, _ROWS_GROW, _HYDROGENS = 1.66, 1.75, 2.3
"""Rows of the graphs of all rounds, by the heavy atoms of a repeat unit; they grow with the rounds, and with hydrogens."""
_WEIGHTS = 16.6
"""Of a round of messages, by the square of the width."""
_REFERENCE_SECONDS = 0.25
_SAME_SECONDS = 20.0
UPLOAD_SECONDS = 15.0
"""Of a model folder of some megabytes at a usual network's speed."""
SHARES = {"kernels": 0.16, "held out": 0.48, "intervals": 0.49}
"""How much of the calibration is done behind each of its parts; the domain of validity is the last."""
_probes: list[tuple[float, tuple[float, float]]] = []


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


def slowness_now() -> tuple[float, float]:
    """`machine_slowness`, as it was within the last seconds."""
    now = time.monotonic()
    if not _probes or now - _probes[0][0] > _SAME_SECONDS:
        _probes[:] = [(now, machine_slowness())]
    return _probes[0][1]


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
    return stage_seconds(len(set(dataset.keys)), len(dataset.properties), members, kernel, slowness_now()[0])


def stage_seconds(polymers: int, properties: int, members: int, kernel: bool, slowness: float) -> dict[str, float]:
    """The same, from the numbers of polymers, properties and members; `slowness` as of `machine_slowness`."""
    fixed, of_networks, of_kernel = _CALIBRATING
    calibrating = fixed + polymers * (of_networks * members**0.5 + (of_kernel * members if kernel else 0.0))
    fixed, of_property = _REPORT
    return {
        "calibrating": slowness * calibrating,
        "report": slowness * (fixed + of_property * properties),
    }


def seconds_from_the_table(units: Sequence[str], properties: int, params: Parameters) -> dict[str, float]:
    """What the stages but reading are thought to take on this machine's processors, before a network is made.

    `scripts/benchmarks/eta.py` holds it to runs; `polyid.estimate` measures instead.

    Parameters
    ----------
    units : sequence of str
        SMILES of the repeat unit of each row to train on.
    properties : int
    params : Parameters
    """
    from polyid.config.settings import settings_from
    from polyid.training.group import LONG_RUN, choose_group

    settings = settings_from(params.to_dict(), 0)
    members, rounds, width = params.kfolds * params.repeats, params.num_messages, params.atom_features
    atoms = sum(len(_ATOM.findall(unit)) for unit in units) / max(len(units), 1)
    rows = _ROWS_AN_ATOM * atoms * rounds**_ROWS_GROW * (_HYDROGENS if params.explicit_hs else 1.0)
    weights = _WEIGHTS * rounds * width**2
    trained = len(units) * (params.kfolds - 1) * params.repeats
    steps = params.epochs * trained / members / params.batch_size
    xla = steps >= LONG_RUN and choose_group(members, settings, False, rows * params.batch_size) > 1
    a_polymer = rows * (_ROW + _ROW_AND_WEIGHT * weights / rounds) + _UPDATE * weights / params.batch_size
    fixed, of_round = _COMPILING[xla]
    slowness, _ = slowness_now()
    cores = min(os.cpu_count() or 1, 2) * _BUSY_CORES
    after = stage_seconds(len(set(units)), properties, members, params.kernel, slowness)
    return {
        **after,
        "compiling": slowness * (fixed + of_round * rounds),
        "training": slowness * a_polymer * trained * params.epochs * (1.0 if xla else _WITHOUT_XLA) / max(cores, 1.0),
    }
