"""Stages of whole training runs, beside what the estimate said of them: in processor seconds, which other work hardly moves.

    python scripts/benchmarks/training_stages.py TABLE --presets small medium accurate [--epochs 6] [--folds 5]

An estimate is made for each preset, then the run itself in a process of its own. The last column says how far the estimate was
off; epochs are few, so that it can be done, and cost the same as they do in many.
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

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))


def work(table: str, preset: str, epochs: int, folds: int) -> None:
    """Train, and print processor and wall seconds by stage as JSON."""
    from polyid.common.progress import Progress
    from polyid.ensemble.workflow import train_ensemble

    marks = [("reading", 0.0, time.time() - time.process_time())]
    started = time.time()
    etas: list[tuple[float, float | None]] = []

    def note(record: Progress) -> None:
        etas.append((time.time() - started, record.eta_seconds))
        if record.phase != marks[-1][0]:
            marks.append((record.phase, time.process_time(), time.time()))

    with tempfile.TemporaryDirectory() as folder:
        train_ensemble(table, folder, preset=preset, epochs=epochs, folds=folds, progress=note)
    marks.append(("end", time.process_time(), time.time()))
    seconds = {marks[i][0]: marks[i + 1][1] - marks[i][1] for i in range(len(marks) - 1)}
    wall = {marks[i][0]: marks[i + 1][2] - marks[i][2] for i in range(len(marks) - 1)}
    print(json.dumps({"cpu": seconds, "wall": wall, "etas": etas, "total": time.time() - started}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--presets", nargs="+", default=["small", "medium", "accurate"])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        work(chosen.table, chosen.presets[0], chosen.epochs, chosen.folds)
        return
    from polyid.ensemble.plan import Plan
    from polyid.estimate.estimate import stages_here
    from polyid.estimate.measured import measure

    print("| preset | stage | estimate | measured | off |\n| --- | --- | ---: | ---: | ---: |")
    for preset in chosen.presets:
        plan = Plan(chosen.table, preset=preset, epochs=chosen.epochs, folds=chosen.folds)
        _, expected = stages_here(measure(plan, again=True))
        words = [sys.executable, __file__, chosen.table, "--worker", "--presets", preset]
        words += ["--epochs", str(chosen.epochs), "--folds", str(chosen.folds)]
        answer = subprocess.run(words, capture_output=True, text=True, env=os.environ, check=True).stdout
        run = json.loads(answer.strip().rpartition("\n")[2])
        cpu = run["cpu"]
        # What is compiled later than at the first step counts to training where it is measured.
        pairs = {name: (expected[name], cpu.get(name, 0.0)) for name in ("reading", "calibrating", "report")}
        pairs["compiling and training"] = (
            expected["compiling"] + expected["training"],
            cpu["compiling"] + cpu["training"],
        )
        pairs["all"] = tuple(map(sum, zip(*pairs.values(), strict=True)))  # type: ignore[assignment]
        for stage, (thought, seen) in pairs.items():
            print(f"| `{preset}` | {stage} | {thought:.0f} s | {seen:.0f} s | {thought / seen - 1:+.0%} |", flush=True)
        after_a_tenth = next(
            ((at, eta) for at, eta in run["etas"] if at > 0.1 * run["total"] and eta is not None), None
        )
        if after_a_tenth:
            at, eta = after_a_tenth
            print(f"| `{preset}` | ETA at {at / run['total']:.0%} | {eta:.0f} s | {run['total'] - at:.0f} s (wall) | |")


if __name__ == "__main__":
    main()
