"""What a run says of when it will end, beside when it ended.

    python scripts/benchmarks/eta.py TABLE --presets small medium [--epochs 30] [--rows 400] [--estimated] [--traces DIR]

Each run is a process of its own, on whole tables or on the first rows. Time counts from the start of the process, as people
wait; between two reports what is said goes down, as the page and the terminal show it. With --estimated the plan is measured
first, as the page's button does, and what was estimated stands on the page until the run's first report. The last figure of
each run is the least that was said while work remained.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))
MOMENTS = (0.10, 0.20, 0.30, 0.50, 0.75, 0.90)
"""Shares of the time at which it is asked what was said."""


def work(table: str, preset: str, epochs: int | None, folds: int | None, expected: dict[str, float] | None) -> None:
    """Train, and print when it began and what was said when, as JSON."""
    import psutil

    began = psutil.Process().create_time()
    from polyid.common.progress import Progress
    from polyid.ensemble.workflow import train_ensemble

    said: list[tuple[float, str, float | None, float | None]] = []

    def note(record: Progress) -> None:
        said.append((time.time() - began, record.phase, record.share, record.eta_seconds))

    with tempfile.TemporaryDirectory() as folder:
        train_ensemble(table, folder, preset=preset, epochs=epochs, folds=folds, progress=note, expected=expected)
        print(json.dumps({"said": said, "total": time.time() - began}))


def told_at(run: dict[str, Any], moment: float) -> float | None:
    """What stands on the page at a moment: what was said last, less the time since, and never nothing."""
    before = [(at, left) for at, _, _, left in run["said"] if at <= moment and left is not None]
    return max(1.0, before[-1][1] - (moment - before[-1][0])) if before else None


def row(name: str, run: dict[str, Any]) -> str:
    """A line of the table: how many times the true rest was told at each moment."""
    total, cells = run["total"], []
    for share in MOMENTS:
        told = told_at(run, share * total)
        cells.append("-" if told is None else f"{told / (total - share * total):.2f}")
    least = min((left for *_, left in run["said"] if left is not None), default=0.0)
    first = next((at for at, *_, left in run["said"] if left is not None), total)
    return f"| {name} | {total:.0f} s | {first / total:.0%} | {' | '.join(cells)} | {least:.1f} s |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--presets", nargs="+", default=["small", "medium"])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--folds", type=int)
    parser.add_argument("--rows", type=int, help="Of the table, from its beginning; by default all.")
    parser.add_argument("--estimated", action="store_true", help="Measure each plan before its run.")
    parser.add_argument("--traces", type=Path, help="Folder for all that was said, as JSON.")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        work(chosen.table, chosen.presets[0], chosen.epochs, chosen.folds, json.loads(chosen.worker))
        return
    heads = " | ".join(f"{share:.0%}" for share in MOMENTS)
    print(f"| run | took | first told at | {heads} | least |\n| --- | ---: | ---: |{' ---: |' * (len(MOMENTS) + 1)}")
    with tempfile.TemporaryDirectory() as folder:
        table = chosen.table
        if chosen.rows:
            table = str(Path(folder) / "table.csv")
            lines = Path(chosen.table).read_text(encoding="utf-8").splitlines(keepends=True)
            Path(table).write_text("".join(lines[: chosen.rows + 1]), encoding="utf-8")
        for preset in chosen.presets:
            measure_one(chosen, preset, table)


def measure_one(chosen: argparse.Namespace, preset: str, table: str) -> None:
    """Train once, and print its line."""
    expected = None
    if chosen.estimated:
        from polyid.ensemble.plan import Plan
        from polyid.estimate.estimate import stages_here
        from polyid.estimate.measured import measure

        measured = measure(Plan(table, preset=preset, epochs=chosen.epochs, folds=chosen.folds), again=True)
        # Nothing is published here.
        expected = {**stages_here(measured)[0], "upload": 0.0}
    words = [sys.executable, __file__, table, "--presets", preset, "--worker", json.dumps(expected)]
    for option in ("epochs", "folds"):
        if (given := getattr(chosen, option)) is not None:
            words += [f"--{option}", str(given)]
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=os.environ, check=True).stdout
    run = json.loads(answer.strip().rpartition("\n")[2])
    if expected:
        run["said"].insert(0, (0.0, "reading", None, sum(expected.values())))
    if chosen.traces:
        chosen.traces.mkdir(parents=True, exist_ok=True)
        (chosen.traces / f"{preset}-{time.strftime('%H%M%S')}.json").write_text(
            json.dumps({**run, "expected": expected})
        )
    print(row(f"`{preset}`{', estimated' if expected else ''}", run), flush=True)


if __name__ == "__main__":
    main()
