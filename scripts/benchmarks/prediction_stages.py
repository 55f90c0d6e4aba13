#!/usr/bin/env python3
"""Where the time of predictions goes, stage by stage, for this checkout and another one, in turns.

    python scripts/benchmarks/prediction_stages.py --model MODEL                    # CPU time a polymer, and polymers a second
    python scripts/benchmarks/prediction_stages.py --model MODEL --against FOLDER   # beside the package of another checkout

The polymers are generated repeat units as large as those of public tables, each predicted once. CPU times hold for one process and
its threads; they are worth something on a busy machine too, unlike the time of a clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.checkouts import at_work
from benchmarks.measuring import load_average, spread
from benchmarks.polymers import large_units

STAGES = ("reading", "answers", "all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a model that both checkouts can read")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--polymers", type=int, default=300, help="a round (default 300, 900 at most)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--table", type=int, default=0, help="then predict a table of so many, with all processes")
    arguments = parser.parse_args()
    count = min(arguments.polymers, 900)  # half of more would be read by other processes, whose time isn't counted
    units = large_units(count * (arguments.rounds + 1) + arguments.table)
    folders = {"here": ROOT} | ({"there": arguments.against.resolve()} if arguments.against else {})
    found: dict[str, list[dict[str, float]]] = {name: [] for name in folders}
    with at_work(list(folders.values()), "stages") as workers:
        for worker in workers:
            worker.ask(model=str(arguments.model.resolve()))
            worker.ask(smiles=units[:count], alone=True)
        for turn in range(1, arguments.rounds + 1):
            part = units[turn * count : (turn + 1) * count]
            for name, worker in zip(folders, workers, strict=True):
                found[name].append(worker.ask(smiles=part, alone=True)["cpu"])
        print(f"CPU ms a polymer, {count} generated units a round, {arguments.rounds} rounds ({load_average()})")
        for name, rounds in found.items():
            shown = [f"{stage} {spread([1e3 * cpu[stage] for cpu in rounds], 2)}" for stage in STAGES]
            print(f"  {name:<6} {'; '.join(shown)}")
        if arguments.against:
            ratios = [there["all"] / here["all"] for here, there in zip(*found.values(), strict=True)]
            print(f"  there / here: {statistics.median(ratios):.2f}")
        for name, worker in zip(folders, workers, strict=True) if arguments.table else ():
            seconds = worker.ask(smiles=units[-arguments.table :], alone=False)["seconds"]
            print(f"  {name:<6} a table of {arguments.table}: {arguments.table / seconds:.1f} polymers a second")


if __name__ == "__main__":
    main()
