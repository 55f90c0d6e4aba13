#!/usr/bin/env python3
"""What training costs, beside upstream PolyID on the same polymers, machine and minutes.

    python scripts/benchmarks/training.py                        # published network, batch sizes 1 and 16, with upstream
    python scripts/benchmarks/training.py --skip-peers --profile # ours alone, and where its time goes
    python scripts/benchmarks/training.py --preset small --folds 5   # a whole run: time, peak memory
    python scripts/benchmarks/training.py --featurising          # graphs of the database on one core
    python scripts/benchmarks/training.py --scaling 1000 10000   # time and memory against the number of polymers

Both sides take turns, so that a busy machine slows both; tracing and compilation are over before the first round. Our side
is the trainer itself on real folds of the whole table, in slices of its run, everything but validation counted: packing,
padding, steps that a fold sits out. Upstream trains one fold after the other, so its cost per polymer and fold is that of
its step; it runs whole epochs over a sample of the polymers, and ours is stated for the sizes of these.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np
from benchmarks.peers import (
    PEERS,
    PROPERTIES,
    Worker,
    benchmark_table,
    generated_units,
    load_average,
    measured,
    peak_mib,
    sample,
    spread,
    verdict,
)

from polyid.errors import Cancelled

BARS = {1: 8.0, 16: 14.0}
"""Least ratio of upstream's cost to ours, by batch size."""


def published_parameters(tiny: bool = False) -> dict[str, Any]:
    """Parameters of the published network, or of a very small one for a quick look."""
    from polyid.config.parameters import preset

    small = {"atom_features": 8, "bond_features": 8, "num_messages": 2} if tiny else {}
    return preset("publication", **small).to_dict()


def make_trainer(
    frame: Any,
    parameters: dict[str, Any],
    batch_size: int,
    splits: list[tuple[np.ndarray, np.ndarray]],
    group: int | None = None,
    **hooks: Any,
):
    """An `EnsembleTrainer` of the given folds: scaled targets, fitted preprocessor, fresh weights.

    Parameters
    ----------
    frame : pd.DataFrame
        With ``smiles_polymer`` and `PROPERTIES`.
    parameters : dict
        Of the network, as `Parameters.to_dict` names them.
    batch_size : int
    splits : list of (int array, int array)
        Training and validation polymers of each fold.
    group : int, optional
        Folds trained together; by default the trainer chooses.
    **hooks
        ``progress`` and ``epoch_end`` of the trainer.
    """
    from sklearn.preprocessing import RobustScaler

    from polyid.config.settings import settings_from
    from polyid.graphs.features import feature_set
    from polyid.graphs.featuriser import Featuriser
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.config import NetworkConfig
    from polyid.nn.network import MessagePassingNetwork
    from polyid.training.group import FoldData
    from polyid.training.trainer import EnsembleTrainer

    atom, bond = feature_set(parameters["features"])
    featuriser = Featuriser(atom, bond, parameters["explicit_hs"], parameters["num_messages"])
    graphs = featuriser(list(frame["smiles_polymer"]))
    preprocessor = PolymerPreprocessor(atom, bond, explicit_hs=parameters["explicit_hs"]).fit(graphs)
    tokens = [preprocessor.tokenise(graph) for graph in graphs]
    targets = RobustScaler().fit_transform(frame[list(PROPERTIES)].to_numpy(float)).astype(np.float32)
    config = NetworkConfig(
        preprocessor.atom_classes,
        preprocessor.bond_classes,
        parameters["atom_features"],
        parameters["mol_features"],
        parameters["num_messages"],
        len(PROPERTIES),
        parameters["dropout"],
    )
    fresh = MessagePassingNetwork(config)
    folds = []
    for i, (train, validation) in enumerate(splits):
        fresh.initialise([i])
        folds.append(FoldData(i, train, validation, targets, tokens, fresh.member_weights(0)))
    settings = settings_from({**parameters, "epochs": 10_000, "batch_size": batch_size, "group": group, "keep": "last"})
    return EnsembleTrainer(
        graphs,
        folds,
        lambda members, dtype, xla: MessagePassingNetwork(config, members, dtype, xla),
        settings,
        **hooks,
    )


class Turns:
    """Times our trainer in slices of its run, and gives the peer its turn between them.

    A slice's time, without validation, is divided by the graph rows it needed, because polymers differ in size.
    """

    def __init__(self, rounds: int, seconds: float, warm_up: float, peer: Any, profile: Path | None):
        self.rounds, self.seconds, self.peer, self.profile = rounds, seconds, peer, profile
        self.trainer: Any = None
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.parts: dict[str, float] = defaultdict(float)
        self.shares: dict[str, float] = {}
        self._slice, self._least = -1, warm_up
        self._epoch, self._mark = 0, float("inf")
        self._validating = self._left_out = 0.0
        self._rows = 0

    def progress(self, record: Any) -> None:
        now = time.perf_counter()
        if record.epoch > self._epoch:
            self._epoch, self._validating = record.epoch, now
        if self._mark == float("inf"):
            # The first step traced and compiled.
            self._begin()
        elif now - self._mark - self._left_out >= self._least:
            self._next_turn(now - self._mark - self._left_out)
            self._begin()
            self._validating = self._mark

    def epoch_end(self, fold: int, epoch: int, row: dict[str, float]) -> bool:
        now = time.perf_counter()
        self._left_out += now - self._validating
        self._validating = now
        return False

    def _begin(self) -> None:
        self._left_out, self._rows = 0.0, self.trainer.packer.rows_used
        self._mark = time.perf_counter()

    def _next_turn(self, spent: float) -> None:
        rows = self.trainer.packer.rows_used - self._rows
        self._slice += 1
        if self._slice == 0:
            self._least = self.seconds
            if self.peer is not None:
                # Its first epoch traces and fills its cache, its second is warm.
                self.peer()
                self.peer()
        elif self._slice <= self.rounds:
            self.ours.append(spent / rows)
            if self.peer is not None:
                self.theirs.append(self.peer())
            if self._slice == self.rounds:
                self._watch_parts()
        elif self._slice == self.rounds + 1:
            # The parts were traced by themselves.
            self.parts.clear()
        elif self._slice == self.rounds + 2:
            self.shares = {name: 100 * seconds / spent for name, seconds in self.parts.items()}
            if self.profile is None:
                raise Cancelled
            import tensorflow as tf

            tf.profiler.experimental.start(str(self.profile))
            self._least = min(self.seconds, 3.0)
        else:
            import tensorflow as tf

            tf.profiler.experimental.stop()
            raise Cancelled

    def _watch_parts(self) -> None:
        """Time packing, gradients and update of the slice that follows."""

        def timed(name: str, function: Any) -> Any:
            def call(*arguments: Any, **named: Any) -> Any:
                started = time.perf_counter()
                try:
                    return function(*arguments, **named)
                finally:
                    self.parts[name] += time.perf_counter() - started

            return call

        steps = self.trainer.compiled(self.trainer.group_size)[1]
        gradients, update = timed("gradients", steps.gradients), timed("update", steps.update)

        def apart(batch: Any, targets: Any, labels: Any, numbers: Any) -> Any:
            total, found = gradients(batch, targets, labels)
            update(found, numbers)
            return total

        steps.advance = apart
        self.trainer.packer.parts_of_step = timed("pack", self.trainer.packer.parts_of_step)


def compare(arguments: argparse.Namespace) -> None:
    """Cost of an update per polymer and fold of the published network, beside upstream's."""
    parameters = published_parameters(arguments.tiny)
    table, source = benchmark_table()
    if arguments.tiny:
        table = sample(table, 40)
    frame = sample(table, arguments.polymers)
    order = np.random.default_rng(0).permutation(len(table))
    splits = [
        (np.sort(np.delete(order, np.s_[i :: arguments.folds])), np.sort(order[i :: arguments.folds]))
        for i in range(arguments.folds)
    ]
    print(f"{source}: {len(table)} polymers, {len(PROPERTIES)} properties; {load_average()}")
    print(
        f"Network: {parameters['atom_features']} features, {parameters['num_messages']} messages, "
        f"{parameters['mol_features']} global features, explicit hydrogens"
    )
    for batch_size in arguments.batch_sizes:
        profile = Path(tempfile.mkdtemp()) if arguments.profile else None
        worker, peer = None, None
        if not arguments.skip_peers:
            worker = Worker("upstream", "upstream-training")
            keep = frame[["smiles_polymer", *PROPERTIES]].astype(object).where(frame.notna(), None)
            size = worker.ask(
                polymers=keep.to_dict("list"),
                properties=list(PROPERTIES),
                batch_size=batch_size,
                params=parameters,
            )["parameters"]

            def peer(worker: Worker = worker) -> float:
                return worker.ask(epochs=1)["seconds"]

        turns = Turns(arguments.rounds, arguments.seconds, arguments.warm_up, peer, profile)
        trainer = make_trainer(
            table,
            parameters,
            batch_size,
            splits,
            arguments.group,
            progress=turns.progress,
            epoch_end=turns.epoch_end,
        )
        turns.trainer = trainer
        try:
            trainer.run()
        except Cancelled:
            pass
        finally:
            if worker is not None:
                worker.__exit__()
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
        waste = trainer.padding_waste
        print(f"  padding                   {100 * waste:.1f} % of graph rows; bar 15 %: {verdict(waste, 0.15, False)}")
        shares = turns.shares
        print(
            f"  where our time goes       gradients {shares['gradients']:.0f} %, update {shares['update']:.0f} %, the "
            f"rest {100 - shares['gradients'] - shares['update']:.0f} %; batches are packed meanwhile, "
            f"{shares['pack']:.0f} % of the time"
        )
        if worker is not None:
            print(f"  upstream is               {PEERS['upstream'].title}, {size:,} parameters, {len(frame)} polymers")
        if profile is not None:
            print_operations(profile)


def print_operations(folder: Path, most: int = 15) -> None:
    """The operations that took the most time in a TensorFlow trace."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    spent: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)
    for path in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace()
        space.ParseFromString(path.read_bytes())
        for plane in space.planes:
            for line in plane.lines:
                for event in line.events:
                    name = plane.event_metadata[event.metadata_id].name
                    # Operations are named "name:Type" by TensorFlow, "type.number" by XLA.
                    if "__inference_" in name:
                        continue
                    if ":" in name and "::" not in name:
                        kind = name.rsplit(":", 1)[1]
                    elif "fusion" in name or "dot" in name or "scatter" in name or "gather" in name:
                        kind = "XLA " + name.split(".")[0]
                    else:
                        continue
                    spent[kind] += event.duration_ps / 1e9
                    calls[kind] += 1
    total = sum(spent.values())
    print(f"  operations traced, of {total / 1e3:.1f} s of thread time")
    for kind, milliseconds in sorted(spent.items(), key=lambda item: -item[1])[:most]:
        print(f"    {100 * milliseconds / total:5.1f} %  {calls[kind]:7d} calls  {kind}")


def whole_run(arguments: argparse.Namespace) -> None:
    """Time and peak memory of `train_ensemble` on the whole table, graphs not cached."""
    with tempfile.TemporaryDirectory() as folder:
        table, source = benchmark_table()
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        command = ["--run-table", str(path), "--preset", arguments.preset, "--folds", str(arguments.folds)]
        if arguments.epochs is not None:
            command += ["--epochs", str(arguments.epochs)]
        found = measured(__file__, *command, POLYID_CACHE=f"{folder}/cache")
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
                __file__,
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
        fresh, cached = [], []
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
    parser.add_argument("--run-table", help=argparse.SUPPRESS)
    parser.add_argument("--properties", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run_table:
        arguments.properties = arguments.properties or list(PROPERTIES)
        run_table(arguments)
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
