#!/usr/bin/env python3
"""What training costs, beside upstream PolyID on the same polymers, machine and minutes.

    python scripts/benchmarks/training.py                        # published network, batch sizes 1 and 16, with upstream
    python scripts/benchmarks/training.py --skip-peers --profile # ours alone, and where its time goes
    python scripts/benchmarks/training.py --preset small --folds 5   # a whole run: time, peak memory
    python scripts/benchmarks/training.py --featurising          # graphs of the database on one core
    python scripts/benchmarks/training.py --scaling 1000 10000   # time and memory against the number of polymers
    python scripts/benchmarks/training.py --against FOLDER       # throughput beside another checkout's

Both sides take turns, so that a busy machine slows both; tracing and compilation are over before the first round. Our side
is the trainer itself on real folds of the whole table, in slices of its run, everything but validation counted: packing,
padding, steps that a fold sits out. Upstream trains one fold after the other, so its cost per polymer and fold is that of
its step; it runs whole epochs over a sample of the polymers, and ours is stated for the sizes of these.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np
from benchmarks.checkouts import compare_training
from benchmarks.measuring import Worker, load_average, spread, verdict
from benchmarks.peers import PEERS, peer_worker
from benchmarks.polymers import PROPERTIES, benchmark_table, sample
from benchmarks.trainer_turns import Turns, make_trainer, print_operations
from benchmarks.whole_runs import featurising, run_table, scaling, whole_run

from polyid.errors import Cancelled

BARS = {1: 8.0, 16: 14.0}
"""Least ratio of upstream's cost to ours, by batch size."""


def published_parameters(tiny: bool = False) -> dict[str, Any]:
    """Parameters of the published network, or of a very small one for a quick look."""
    from polyid.config.parameters import preset

    small = {"atom_features": 8, "bond_features": 8, "num_messages": 2} if tiny else {}
    return preset("publication", **small).to_dict()


def compare(arguments: argparse.Namespace) -> None:
    """Cost of an update per polymer and fold of the published network, beside upstream's."""
    parameters = published_parameters(arguments.tiny)
    table, source = benchmark_table()
    if arguments.tiny:
        table = sample(table, 40)
    frame = sample(table, arguments.polymers)
    print(f"{source}: {len(table)} polymers, {len(PROPERTIES)} properties; {load_average()}")
    print(
        f"Network: {parameters['atom_features']} features, {parameters['num_messages']} messages, "
        f"{parameters['mol_features']} global features, explicit hydrogens"
    )
    for batch_size in arguments.batch_sizes:
        if arguments.skip_peers:
            take_turns(arguments, table, frame, parameters, batch_size, None)
            continue
        with peer_worker("upstream", "upstream-training") as worker:
            columns = frame[["smiles_polymer", *PROPERTIES]].astype(object).where(frame.notna(), None)
            size = worker.ask(
                polymers=columns.to_dict("list"),
                properties=list(PROPERTIES),
                batch_size=batch_size,
                params=parameters,
            )["parameters"]
            take_turns(arguments, table, frame, parameters, batch_size, worker)
        print(f"  upstream is               {PEERS['upstream'].title}, {size:,} parameters, {len(frame)} polymers")


def take_turns(
    arguments: argparse.Namespace,
    table: Any,
    frame: Any,
    parameters: dict[str, Any],
    batch_size: int,
    worker: Worker | None,
) -> None:
    """Train on `table` in turns with the worker, which trains on `frame`, and print what an update costs."""
    order = np.random.default_rng(0).permutation(len(table))
    splits = [
        (np.sort(np.delete(order, np.s_[i :: arguments.folds])), np.sort(order[i :: arguments.folds]))
        for i in range(arguments.folds)
    ]
    peer = None if worker is None else lambda: worker.ask(epochs=1)["seconds"]
    profile = Path(tempfile.mkdtemp()) if arguments.profile else None
    turns = Turns(arguments.rounds, arguments.seconds, arguments.warm_up, peer, profile)
    hooks = {"progress": turns.progress, "epoch_end": turns.epoch_end}
    trainer = turns.trainer = make_trainer(table, parameters, batch_size, splits, arguments.group, **hooks)
    with suppress(Cancelled):
        trainer.run()
    # Our slices have other polymers than upstream's epochs: ours count as many rows as upstream's polymers have.
    position = {text: i for i, text in enumerate(table["smiles_polymer"])}
    rows = trainer.sizes[[position[text] for text in frame["smiles_polymer"]]].sum(axis=1).mean()
    ours = [1e3 * seconds * rows for seconds in turns.ours]
    theirs = [1e3 * seconds / len(frame) for seconds in turns.theirs]
    print(f"\nBatch size {batch_size}, {arguments.folds} folds, {trainer.group_size} together ({load_average()})")
    print(f"  ours                      {spread(ours, 2)} ms per polymer and fold")
    if theirs:
        print(f"  upstream                  {spread(theirs)} ms per polymer, one fold after the other")
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        bar = BARS.get(batch_size)
        judged = f"; bar {bar:.0f}: {verdict(float(np.median(ratios)), bar)}" if bar else ""
        print(f"  upstream / ours           {spread(ratios)}{judged}")
    waste, shares = trainer.padding_waste, turns.shares
    print(f"  padding                   {100 * waste:.1f} % of graph rows; bar 15 %: {verdict(waste, 0.15, False)}")
    print(
        f"  where our time goes       gradients {shares['gradients']:.0f} %, update {shares['update']:.0f} %, the "
        f"rest {100 - shares['gradients'] - shares['update']:.0f} %; batches are packed meanwhile, "
        f"{shares['pack']:.0f} % of the time"
    )
    if profile is not None:
        print_operations(profile)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polymers", type=int, default=64, help="polymers of upstream's epochs (default 64)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the comparison (default 5)")
    parser.add_argument("--seconds", type=float, default=10.0, help="least time of our turn in a round (default 10)")
    parser.add_argument("--warm-up", type=float, default=20.0, help="seconds of ours before the rounds (default 20)")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 16], metavar="B")
    parser.add_argument("--folds", type=int, help="folds (default 10 for the comparison, else the preset's)")
    parser.add_argument("--group", type=int, help="folds trained together (default: the trainer chooses)")
    parser.add_argument("--skip-peers", action="store_true", help="measure our side alone")
    parser.add_argument("--profile", action="store_true", help="also trace an epoch and list its operations")
    parser.add_argument("--tiny", action="store_true", help="a very small network and table, for a quick look")
    parser.add_argument("--preset", help="time a whole run of this preset on the whole table")
    parser.add_argument("--epochs", type=int, help="epochs of the whole run (default: the preset's)")
    parser.add_argument("--scaling", type=int, nargs="*", metavar="N", help="polymers (default 1000 3000 10000)")
    parser.add_argument("--featurising", action="store_true", help="time the graphs alone")
    parser.add_argument(
        "--against", type=Path, metavar="FOLDER", help="train in turns with the package of this checkout"
    )
    parser.add_argument("--run-table", help=argparse.SUPPRESS)
    parser.add_argument("--properties", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run_table:
        arguments.properties = arguments.properties or list(PROPERTIES)
        run_table(arguments)
    elif arguments.against is not None:
        compare_training(arguments.against, arguments.rounds, arguments.folds or 5, arguments.tiny)
    elif arguments.preset:
        arguments.folds = arguments.folds or 5
        whole_run(arguments)
    elif arguments.scaling is not None:
        arguments.scaling = arguments.scaling or [1_000, 3_000, 10_000]
        scaling(arguments)
    elif arguments.featurising:
        featurising(arguments)
    else:
        arguments.folds = arguments.folds or 10
        compare(arguments)


if __name__ == "__main__":
    main()
