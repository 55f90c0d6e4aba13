#!/usr/bin/env python3
"""What a table of new repeat units costs where a GPU asks the networks: reading on all cores, networks alone, and the whole.

    polyid generate --number 100000 --median 35 --most 100 --output units.csv
    python scripts/benchmarks/gpu_prediction.py MODEL units.csv [--whole 20000] [--peak-tflops 989]

The networks alone get graphs that are read already, so that their time is the device's; the whole is what `polyid predict`
does, with kernel regression, intervals, domain and nearest polymers. ``KERAS_BACKEND`` chooses the backend as ever.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]


def graphs_of(reader: Any, units: list[str], degree: int) -> Any:
    """The repeat units as the networks need them."""
    from polyid.chemistry.oligomer import read_polymer

    return reader([read_polymer(unit, degree, seed=0)[1].key for unit in units])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("table", type=Path, help="a CSV whose first column is repeat units")
    parser.add_argument("--polymers", type=int, help="of the table (default: all)")
    parser.add_argument(
        "--whole", type=int, default=20_000, help="of them, those to predict as users do (default 20000)"
    )
    parser.add_argument(
        "--part", type=int, default=4_000, help="polymers handed to the networks at once (default 4000)"
    )
    parser.add_argument("--peak-tflops", type=float, help="the chip's published peak in float32, in TFLOP/s")
    arguments = parser.parse_args()

    import joblib
    import pandas as pd
    from benchmarks.gpu_steps import device_name, forward_flops, peak_device_memory

    from polyid.ensemble.multi_model import MultiModel
    from polyid.ensemble.records import load_ensemble

    units = pd.read_csv(arguments.table, nrows=arguments.polymers).iloc[:, 0].tolist()
    model = MultiModel.load_models(arguments.model)
    predictor = load_ensemble(arguments.model, None, None)[1].predictor
    config, members = predictor.networks.config, len(predictor.members)
    device, gpu = device_name()
    print(
        f"{len(units)} repeat units, {members} networks of {config.features} features; {device}, {os.cpu_count()} cores"
    )
    if not gpu:
        print("There is no GPU here: these times are a CPU's.")

    reader = predictor.reader(fragments=False)
    parts = [units[start : start + arguments.part] for start in range(0, len(units), arguments.part)]

    started = time.perf_counter()
    with joblib.Parallel(os.cpu_count(), max_nbytes=None, return_as="generator") as workers:
        graphs = list(
            workers(joblib.delayed(graphs_of)(reader, part, model.chain.degree_of_polymerisation) for part in parts)
        )
    seconds = time.perf_counter() - started
    print(f"reading on {os.cpu_count()} cores    {seconds:.1f} s, {len(units) / seconds:.0f} a second")

    flops = members * sum(int(forward_flops(graph.sizes, config)) for part in graphs for graph in part.graphs)
    for turn in ("with compiling", "again", "again"):
        started = time.perf_counter()
        answered = sum(answers.members.shape[1] for _, answers in predictor.each_answer(part for part in graphs))
        seconds = time.perf_counter() - started
        rate = flops / seconds / 1e12
        share = f" ({100 * rate / arguments.peak_tflops:.2f} % of the peak)" if arguments.peak_tflops else ""
        print(f"networks, {turn:<15} {seconds:.2f} s, {answered / seconds:.0f} a second, {rate:.3f} TFLOP/s{share}")
    if peak_device_memory():
        print(f"peak device memory      {peak_device_memory()}")
    for turn in ("first", "again"):
        started = time.perf_counter()
        model.predict(units[: arguments.whole])
        seconds = time.perf_counter() - started
        count = min(arguments.whole, len(units))
        print(f"the whole, {turn:<12} {seconds:.1f} s for {count}, {count / seconds:.0f} a second")


if __name__ == "__main__":
    main()
