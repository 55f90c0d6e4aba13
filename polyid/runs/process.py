"""The process of a run: how it is started, recognised and found dead."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from polyid.common.files import write_json

CHILD = (sys.executable, "-P", "-X", "faulthandler", "-m", "polyid.runs.worker")
"""Command that carries out a run; the run's folder is appended. Tests put another one here."""


def spawn_process(folder: Path, token: str | None) -> None:
    """Start a run's process and note which one it is."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("HF_TOKEN", None)
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
    write_json(folder / "process.json", {"pid": process.pid, "identity": process_identity(process.pid)})


def process_identity(pid: int) -> str | None:
    """What tells a living process from another one that got its number later; None when none is alive."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command's name, in brackets, may hold anything; state is field 3 and the start time field 22.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return started.strip() if state and not state.startswith("Z") else None
