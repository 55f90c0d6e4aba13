"""The process of a run: how it is started, recognised and found dead."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil

from polyid.common.files import write_json

CHILD = (sys.executable, "-P", "-X", "faulthandler", "-m", "polyid.runs.worker")
"""Command that carries out a run; the run's folder is appended. Tests put another one here."""

SPACE_TOKEN = "POLYID_SPACE_TOKEN"
"""Of the environment of a run's process: the Space's own token, where the run publishes with its user's."""
_BOOT_TIME_RESOLUTION = (
    1.5  # seconds; systems tell the time of their start in whole ones, and round now and then otherwise
)


def spawn_process(folder: Path, token: str | None) -> None:
    """Start a run's process and note which one it is."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    own = environment.pop("HF_TOKEN", None)
    if own and os.environ.get("SPACE_ID"):
        environment.setdefault(SPACE_TOKEN, own)
    if token:
        environment["HF_TOKEN"] = token
    home = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    command = [*CHILD, str(folder.resolve())]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    # Collects the exit status, so that no zombie is left behind.
    threading.Thread(target=process.wait, daemon=True).start()
    record = {"pid": process.pid, "seconds_after_boot": seconds_after_boot(process.pid)}
    write_json(folder / "process.json", record)


def seconds_after_boot(pid: int) -> float | None:
    """When a process began, counted from the start of the machine so that no change of its clock moves it.

    None if there is no such process, or only its exit status is left.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return process.create_time() - psutil.boot_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(process: dict[str, Any]) -> bool:
    """Tell whether the process that a ``process.json`` speaks of is at work, and not another that got its number later.

    A record of another form is of a version that knew processes by other signs: such a process is taken for dead.
    """
    began = seconds_after_boot(process["pid"])
    noted = process.get("seconds_after_boot")
    return began is not None and noted is not None and abs(began - noted) < _BOOT_TIME_RESOLUTION
