"""Whole runs of training, each in a process of its own, and the graphs alone."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measuring import load_average, measured, peak_mib, spread, verdict
from benchmarks.polymers import benchmark_table, generated_units

TRAINING = str(Path(__file__).with_name("training.py"))


def whole_run(arguments: argparse.Namespace) -> None:
    """Time and peak memory of `train_ensemble` on the whole table, graphs not cached."""
    with tempfile.TemporaryDirectory() as folder:
        table, source = benchmark_table()
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        command = ["--run-table", str(path), "--preset", arguments.preset, "--folds", str(arguments.folds)]
        if arguments.epochs is not None:
            command += ["--epochs", str(arguments.epochs)]
        found = measured(TRAINING, *command, POLYID_CACHE=f"{folder}/cache")
    minutes, memory = found["wall_seconds"] / 60, found["peak_mib"] / 1024
    print(f"Preset {arguments.preset}, {arguments.folds} folds, {len(table)} polymers of {source}; {load_average()}")
    print(f"  from start to saved model  {minutes:.1f} min; bar 10 min: {verdict(minutes, 10, at_least=False)}")
    print(f"  peak memory                {memory:.2f} GiB; bar 3 GiB: {verdict(memory, 3, at_least=False)}")
    print(f"  before the first step      {found['preparing']:.1f} s (imports, table, graphs, compilation)")
    print(f"  padding                    {100 * found['padding_waste']:.1f} % of rows; bar 15 %")
    for name, figures in found["metrics"].items():
        print(f"  out of fold                {name:<24} n {figures['n']:>4}  MAE {figures['MAE']:.3f}")


def run_table(arguments: argparse.Namespace) -> None:
    """Train on a table and print what it took, for `measured`."""
    started = time.perf_counter()
    from polyid.ensemble.workflow import train_ensemble

    marks: list[float] = []

    def progress(record: Any) -> None:
        if record.phase == "training" and not marks:
            marks.append(time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as output:
        ensemble = train_ensemble(
            arguments.run_table,
            output,
            properties=arguments.properties,
            preset=arguments.preset,
            folds=arguments.folds,
            epochs=arguments.epochs,
            progress=progress,
        )
    answer = {
        "preparing": marks[0],
        "seconds": time.perf_counter() - started,
        "peak_mib": peak_mib(),
        "padding_waste": ensemble.metadata["training"]["padding_waste"],
        "metrics": ensemble.out_of_fold_metrics(),
    }
    print(json.dumps(answer))


def scaling(arguments: argparse.Namespace) -> None:
    """Time and memory of a run of one epoch against the number of polymers."""
    print(f"Generated copolymers, preset small, 2 folds, 1 epoch, nothing cached; {load_average()}")
    print(f"{'polymers':>10}{'seconds':>10}{'ms each':>10}{'to 1st step':>13}{'peak MiB':>10}{'KiB each':>10}")
    rng = np.random.default_rng(0)
    base = None
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.scaling:
            path = Path(folder) / f"{count}.csv"
            units = generated_units(count)
            values = rng.normal(80.0, 60.0, count).round(1)
            lines = [f"{unit},{value}" for unit, value in zip(units, values, strict=True)]
            path.write_text("\n".join(["smiles_polymer,Glass_Transition", *lines]) + "\n")
            found = measured(
                TRAINING,
                *("--run-table", str(path), "--preset", "small", "--folds", "2", "--epochs", "1"),
                *("--properties", "Glass_Transition"),
                POLYID_CACHE=f"{folder}/cache",
            )
            base = base or (count, found["peak_mib"])
            each = (found["peak_mib"] - base[1]) * 1024 / (count - base[0]) if count != base[0] else float("nan")
            print(
                f"{count:>10}{found['seconds']:>10.1f}{1e3 * found['seconds'] / count:>10.2f}"
                f"{found['preparing']:>13.1f}{found['peak_mib']:>10.0f}{each:>10.1f}",
                flush=True,
            )


def featurising(arguments: argparse.Namespace) -> None:
    """Time to make the graphs of the whole table, on one core and from the cache."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table, source = benchmark_table()
    smiles = list(table["smiles_polymer"])
    from polyid.config.parameters import preset
    from polyid.graphs.features import feature_set
    from polyid.graphs.featuriser import Featuriser

    print(f"{len(smiles)} polymers of {source}, one core; {load_average()}")
    for name in ("publication", "small"):
        parameters = preset(name).to_dict()
        atom, bond = feature_set(parameters["features"])
        featuriser = Featuriser(atom, bond, parameters["explicit_hs"], parameters["num_messages"])
        fresh: list[float] = []
        cached: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            os.environ["POLYID_CACHE"] = folder
            featuriser(smiles)
            for _ in range(arguments.rounds):
                for cache, times in ((False, fresh), (True, cached)):
                    started = time.perf_counter()
                    graphs = featuriser(smiles, cache=cache)
                    times.append(time.perf_counter() - started)
        rounds = graphs[0].rounds
        first = np.array([[g.atom_count[0].sum(), g.bond_count[0].sum()] for g in graphs]).mean(axis=0)
        last = np.array([[len(g.atom_count[-1]), len(g.bond_count[-1])] for g in graphs]).mean(axis=0)
        print(
            f"  {name:<12} {spread(fresh, 2)} s; bar 10 s: {verdict(float(np.median(fresh)), 10, at_least=False)}; "
            f"from the cache {spread(cached, 2)} s\n"
            f"               a polymer: {first[0]:.0f} atoms, {first[1]:.0f} directed bonds; after {rounds} rounds "
            f"{last[0]:.0f} and {last[1]:.0f} classes"
        )
