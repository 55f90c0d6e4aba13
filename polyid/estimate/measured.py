"""What a warm-up measures; it runs in a process of its own, and is kept, since a page loads no TensorFlow."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from polyid.common.files import cache_folder, read_json, sha256, write_json
from polyid.ensemble.plan import Plan
from polyid.errors import TrainingError

LIMIT_SECONDS = 600.0
"""A warm-up that takes longer is given up."""

_METHOD = 2
"""What was measured by an earlier method is measured again."""


@dataclass(frozen=True)
class WarmUp:
    """What was measured of a plan on this machine; times are of the clock on the wall, and of processors where it says so.

    Attributes
    ----------
    hardware, gpu, cores
        What it ran on.
    polymers, properties, members, kernel
        Of the ensemble: different polymers, predicted properties, networks, and whether there are kernel regressions.
    trained_polymers : int
        Polymers of an epoch, each once a member that trains on it.
    steps : int
        Updates of an epoch, each once a group of members that share it.
    epochs : int
        Of the plan.
    reading_seconds, compile_seconds : float
        Start of the process to the first step, and that step beyond what a usual one takes.
    seconds_a_polymer, cpu_seconds_a_polymer : float
        Of training, validation included.
    reading_cpu_seconds, compile_cpu_seconds : float
    memory_bytes : int
        The most that the process held.
    slowness, cpu_slowness : float
        See `polyid.ensemble.expected_times.machine_slowness`.
    """

    hardware: str
    gpu: bool
    cores: int
    polymers: int
    properties: int
    members: int
    kernel: bool
    trained_polymers: int
    steps: int
    epochs: int
    reading_seconds: float
    reading_cpu_seconds: float
    compile_seconds: float
    compile_cpu_seconds: float
    seconds_a_polymer: float
    cpu_seconds_a_polymer: float
    memory_bytes: int
    slowness: float
    cpu_slowness: float

    def with_epochs(self, epochs: int) -> WarmUp:
        """The same for another number of epochs, which changes nothing that was measured."""
        return replace(self, epochs=epochs)


def measure(plan: Plan, *, again: bool = False) -> WarmUp:
    """Measure a plan in a process of its own; what was measured before on this machine is not measured again.

    Parameters
    ----------
    plan : Plan
    again : bool
        Measure anew.

    Raises
    ------
    TrainingError
        The plan can't be trained with, or its process ended without an answer.
    """
    epochs = plan.parameters().epochs
    if not again and (known := kept(plan)) is not None:
        return known
    words = json.dumps({**asdict(plan), "data": os.fspath(plan.data)})
    home = str(Path(__file__).resolve().parents[2])
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "PYTHONPATH")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-m", "polyid.estimate.warm_up"]
    try:
        answer = subprocess.run(
            command, input=words, capture_output=True, text=True, env=environment, timeout=LIMIT_SECONDS, check=False
        )
        content = json.loads(answer.stdout.strip().rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        raise TrainingError(f"The warm-up took more than {LIMIT_SECONDS:g} s: estimate with fewer polymers.") from None
    except ValueError:
        raise TrainingError(
            f"The warm-up ended without an answer (exit status {answer.returncode}): memory may be too small for this preset."
        ) from None
    if "error" in content:
        raise TrainingError(content["error"])
    write_json(_place(plan), content)
    return WarmUp(**content).with_epochs(epochs)


def space_flavor() -> str | None:
    """What the Hub calls the hardware of the Space that this runs in; None elsewhere."""
    return os.environ.get("SPACE_HARDWARE") or None


def kept(plan: Plan) -> WarmUp | None:
    """What was measured of a plan before on this machine, for its number of epochs; None if nothing was."""
    try:
        return WarmUp(**read_json(_place(plan))).with_epochs(plan.parameters().epochs)
    except (OSError, ValueError, TypeError):
        return None


def _place(plan: Plan) -> Path:
    """The file of a plan's measurement: by all of it but the number of epochs and the name of its table, and by how it is measured."""
    asked = asdict(replace(plan, epochs=None, data="", seed=0))
    key = json.dumps(
        [_METHOD, asked, sha256(plan.data), os.cpu_count(), sys.version_info[:2]], sort_keys=True, default=str
    )
    folder = cache_folder("estimates")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
