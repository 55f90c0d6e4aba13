#!/usr/bin/env python3
"""What a distilled model loses against its ensemble, and what it gains, in one run.

    python scripts/benchmarks/distillation.py --model MODEL                       # distils MODEL, then measures both
    python scripts/benchmarks/distillation.py --model MODEL --distilled SMALLER   # measures a model that was distilled before
    python scripts/benchmarks/distillation.py --model MODEL --table 20000         # a table too, with all processes

Loss: errors of held-out training polymers, from the card of the distilled model. Gain: CPU time a polymer and polymers a second, by both
models in turns, on generated units as large as those of a public table, none of which either was taught. CPU times hold for one
process and its threads; they are worth something on a busy machine too, unlike the time of a clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.measuring import load_average, spread
from benchmarks.polymers import generated_units, large_units

_SEED = 1_000_003
"""Of the units that are timed: no student is taught by this one."""


def losses(distilled: dict[str, Any]) -> None:
    """Print what `polyid distil` measured."""
    print(
        f"{'property':<28}{'values':>8}{'ensemble':>12}{'distilled':>12}{'worse by':>10}{'apart / expected error':>26}"
    )
    worst = -100.0
    for name, found in distilled["out_of_fold"].items():
        apart = distilled["unlabelled"]["properties"][name]
        ratio = 100.0 * (found["student"] / found["teacher"] - 1.0)
        worst = max(worst, ratio)
        shown = f"{found['teacher']:>12.4g}{found['student']:>12.4g}{ratio:>8.1f} %"
        print(f"{name:<28}{found['n']:>8}{shown}{apart['difference'] / apart['expected_error']:>26.2f}")
    print(f"worst property {worst:+.1f} %; the goal is +2 %")


def gains(models: dict[str, Any], units: list[str], rounds: int) -> None:
    """Print CPU times of both models, in turns."""
    part = len(units) // (rounds + 1)
    times: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds + 1):
        smiles = units[turn * part : (turn + 1) * part]
        for name, model in models.items():
            began = time.process_time()
            model.predict(smiles)
            times[name].append(1e3 * (time.process_time() - began) / part)
    for name, each in times.items():
        print(f"{name:<10} {spread(each[1:], 2)} ms of a processor a polymer, {part} a round")
    ratios = [before / after for before, after in zip(*times.values(), strict=True)][1:]
    print(f"ensemble / distilled {statistics.median(ratios):.2f}")


def tables(models: dict[str, Any], units: list[str]) -> None:
    """Print polymers a second of a table, read by all processes."""
    for name, model in models.items():
        model.predict(units[:600])  # the processes are there, as they are for the other
        began = time.perf_counter()
        model.predict(units)
        print(
            f"{name:<10} {len(units) / (time.perf_counter() - began):.0f} polymers a second, a table of {len(units):,}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="an ensemble")
    parser.add_argument("--distilled", type=Path, help="what was distilled of it; by default it is now")
    parser.add_argument("--generated", type=int, help="units to teach on; by default those of polyid distil")
    parser.add_argument("--epochs", type=int, help="by default those of polyid distil")
    parser.add_argument("--polymers", type=int, default=200, help="timed a round (default 200, 450 at most)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--small", action="store_true", help="time units as large as the training polymers instead")
    parser.add_argument("--table", type=int, default=0, help="then predict a table of so many")
    arguments = parser.parse_args()

    from polyid.distil.wishes import EPOCHS, GENERATED, Wishes
    from polyid.distil.workflow import distil
    from polyid.ensemble.multi_model import MultiModel

    with tempfile.TemporaryDirectory() as place:
        folder = arguments.distilled or Path(place) / "distilled"
        if arguments.distilled is None:
            generated = GENERATED if arguments.generated is None else arguments.generated
            began = time.perf_counter(), time.process_time()
            distil(
                arguments.model, folder, Wishes(generated=generated, epochs=arguments.epochs or EPOCHS), verbose=True
            )
            print(
                f"distilled in {time.perf_counter() - began[0]:.0f} s, {time.process_time() - began[1]:.0f} s of a processor"
            )
        models = {"ensemble": MultiModel.load_models(arguments.model), "distilled": MultiModel.load_models(folder)}
        losses(models["distilled"].metadata["distilled"])
        print(load_average())
        make = generated_units if arguments.small else large_units
        count = min(arguments.polymers, 450) * (arguments.rounds + 1)
        units = make(count + arguments.table, _SEED)
        gains(models, units[:count], arguments.rounds)
        if arguments.table:
            tables(models, units[count:])


if __name__ == "__main__":
    main()
