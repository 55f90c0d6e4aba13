"""Times, memory and verdicts of the benchmarks, and the processes that they measure in; the standard library alone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def spread(values: Sequence[float], digits: int = 1, unit: str = "") -> str:
    """Median and range of repeated measurements, as in ``12.3 ms (11.9 - 13.0)``."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f}{unit} ({low:.{digits}f} - {high:.{digits}f})"


def verdict(value: float, bar: float, at_least: bool = True) -> str:
    """Whether a figure meets its bar, in words."""
    return "met" if (value >= bar if at_least else value <= bar) else "MISSED"


def load_average() -> str:
    """Load of the machine, for the record."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def peak_mib() -> float:
    """Peak memory of this process and of those it started and still has, in MiB; what they share counts for each."""
    if Path("/proc/self/status").exists():
        return sum(_peak_kib(process) for process in _with_children(os.getpid())) / 1024
    import resource

    # Elsewhere the kernel's own count of this process must do; macOS gives bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _with_children(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task").glob("*/children")
    return [process] + [
        found for file in children for own in file.read_text().split() for found in _with_children(int(own))
    ]


def _peak_kib(process: int) -> int:
    return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0])


def measured(script: str, *arguments: str, **variables: str) -> dict[str, Any]:
    """What one of our scripts prints as its last line, in JSON, from a fresh process."""
    started = time.perf_counter()
    found = subprocess.run(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **variables},
    )
    answer = json.loads(found.stdout.strip().splitlines()[-1])
    return {**answer, "wall_seconds": time.perf_counter() - started}


class Worker:
    """A program at work in its own process, which answers each request, a line of JSON, by another line of JSON.

    Parameters
    ----------
    command : list of str
    log : Path
        Where its messages go.
    environment : dict of str to str
    """

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with open(log, "w") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env={**environment, "TF_CPP_MIN_LOG_LEVEL": "2"},
                cwd=log.parent,
            )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"A program that was measured ended ({self.log}):\n{tail}")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
