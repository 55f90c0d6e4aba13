#!/usr/bin/env python3
"""What `polyid screen` does with generated repeat units: rows a second, CPU time a row, memory of all its processes, size of its file.

    python scripts/benchmarks/screening.py                          # 20,000 units as large as a public table's, the starter model
    python scripts/benchmarks/screening.py --units 1000000 --units-file units.parquet
    python scripts/benchmarks/screening.py --workers 1 2 --kind small

Speed is that from where every worker has ended its first chunk to the last chunk: models are loaded by then. CPU time is that of all
processes from start to end, and hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.measuring import load_average
from benchmarks.polymers import generated_units, large_units

from polyid.bundle.layout import STARTER_NAME
from polyid.screening.store import names_in

KINDS = {"large": large_units, "small": generated_units}


@dataclass
class Watched:
    """What was seen of a command while it ran: seconds from its start, parts that were there, memory."""

    seconds: list[float] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    peak_bytes: int = 0

    def look(self, process: psutil.Process, parts: str, started: float) -> None:
        """Look at a command and its processes; memory that they share counts once."""
        self.seconds.append(time.perf_counter() - started)
        self.parts.append(sum(name.startswith("part-") for name in names_in(parts)))
        total = 0
        for one in [process, *process.children(recursive=True)]:
            try:
                memory = one.memory_full_info()
            except psutil.Error:
                continue
            total += getattr(memory, "pss", memory.uss)
        self.peak_bytes = max(self.peak_bytes, total)


def watched(arguments: list[str], output: Path) -> tuple[Watched, float, float]:
    """A run of `polyid screen`, its wall seconds and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = [sys.executable, "-m", "polyid", "screen", *arguments, "--output", str(output)]
    seen = Watched()
    with psutil.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    ) as process:
        while process.poll() is None:
            try:
                seen.look(process, f"{output}.parts", started)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.5)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seen, time.perf_counter() - started, cpu


def sustained(seen: Watched, chunk: int, workers: int) -> float:
    """Rows a second from where every worker has ended its first chunk to the last look at the parts."""
    warm = next((place for place, count in enumerate(seen.parts) if count >= workers), None)
    last = max(range(len(seen.parts)), key=lambda place: seen.parts[place])
    if warm is None or seen.seconds[last] <= seen.seconds[warm]:
        return float("nan")
    return chunk * (seen.parts[last] - seen.parts[warm]) / (seen.seconds[last] - seen.seconds[warm])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=20_000, help="repeat units (default 20000)")
    parser.add_argument("--kind", choices=KINDS, default="large", help="as large as a public table's, or short ones")
    parser.add_argument("--units-file", type=Path, help="Parquet file of the units; made if it isn't there")
    parser.add_argument("--model", default=STARTER_NAME, help="model folder (default: the starter model)")
    parser.add_argument("--workers", type=int, nargs="*", help="worker processes, a run for each (default: one a core)")
    parser.add_argument("--chunk", type=int, default=1_000, help="rows a chunk (default 1000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        units = arguments.units_file or Path(folder) / "units.parquet"
        if not units.exists():
            pq.write_table(pa.table({"smiles": KINDS[arguments.kind](arguments.units)}), units)
        rows = pq.ParquetFile(units).metadata.num_rows
        print(f"{rows:,} units, model {arguments.model}, chunks of {arguments.chunk:,} ({load_average()})")
        for workers in arguments.workers or [os.cpu_count() or 1]:
            output = Path(folder) / f"out-{workers}.parquet"
            words = [str(units), "--model", arguments.model, "--chunk", str(arguments.chunk), "--workers", str(workers)]
            seen, seconds, cpu = watched(words, output)
            speed = sustained(seen, arguments.chunk, workers)
            print(f"{workers} workers")
            print(f"  wall, start to end          {seconds:,.1f} s")
            print(f"  sustained                   {speed:,.0f} rows a second")
            print(f"  CPU time                    {1e3 * cpu / rows:.2f} ms a row, all processes, start-up included")
            print(f"  memory, all processes       {seen.peak_bytes / 2**20:,.0f} MiB at most")
            print(f"  file                        {output.stat().st_size / rows:.0f} bytes a row", flush=True)


if __name__ == "__main__":
    main()
