#!/usr/bin/env python3
"""What prediction costs, beside upstream PolyID and chemprop on the same polymers, machine and minutes.

    python scripts/benchmarks/prediction.py                    # all comparisons, first answers and a table of 10,000
    python scripts/benchmarks/prediction.py --skip-peers       # our side alone
    python scripts/benchmarks/prediction.py --tables 10000 100000
    python scripts/benchmarks/prediction.py --against FOLDER --model MODEL   # bit for bit those of another checkout?

Weights are random or hardly trained: they don't change the speed. Both sides take turns, and both include reading the SMILES. Upstream and
chemprop predict member after member, as their own functions do; upstream, being slow, gets another share of the polymers in
each round.
"""

from __future__ import annotations

import argparse
import json
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

from benchmarks.checkouts import compare_predictions
from benchmarks.measuring import load_average, measured, peak_mib, spread, verdict
from benchmarks.peers import PEERS, peer_worker
from benchmarks.polymers import PROPERTIES, benchmark_table, generated_units, large_units, sample

PUBLISHED_ON = 200
"""Polymers that the published network is trained on."""
TINY = {"atom_features": 8, "bond_features": 8, "num_messages": 2}
SINGLE = (
    "*CC(*)c1ccccc1",
    "*CC(*)(C)C(=O)OC",
    "*OCCOC(=O)c1ccc(C(*)=O)cc1",
    "*CC(*)C#N",
    "*NCCCCCC(*)=O",
    "*CC(*)Cl",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*CC(*)OC(C)=O",
)


def trained_bundle(folder: str, frame: Any, folds: int, preset: str, tiny: bool = False) -> None:
    """Train an ensemble for one epoch, with all that a model of the preset answers.

    Parameters
    ----------
    folder : path
    frame : pd.DataFrame
        With ``smiles_polymer`` and `PROPERTIES`.
    folds : int
    preset : str
    tiny : bool
        A very small network instead, for a quick look.
    """
    from polyid.config.parameters import PRESETS
    from polyid.ensemble.workflow import train_ensemble

    if tiny:
        PRESETS[preset] |= TINY
    table = Path(f"{folder}.csv")
    frame.to_csv(table, index=False)
    train_ensemble(table, folder, properties=list(PROPERTIES), preset=preset, folds=folds, epochs=1)


def compare(
    arguments: argparse.Namespace,
    title: str,
    folder: str,
    smiles: list[str],
    peer: Any,
    peer_title: str,
    bar: float,
) -> None:
    """Throughput of `make_predictions` on oligomers beside a peer's, turn by turn.

    `peer` is a function of the round that gives (polymers, seconds), or None.
    """
    import pandas as pd

    from polyid.ensemble.multi_model import MultiModel

    ensemble = MultiModel.load_models(folder)
    frame = pd.DataFrame({"smiles_polymer": smiles})
    ensemble.make_predictions(frame)
    if peer is not None:
        peer(0)
    ours, theirs, ratios = [], [], []
    for turn in range(arguments.rounds):
        started = time.perf_counter()
        found = ensemble.make_predictions(frame)
        ours.append(len(smiles) / (time.perf_counter() - started))
        if len(found) != len(smiles) * len(ensemble.models):
            raise RuntimeError("Predictions are missing.")
        if peer is not None:
            count, seconds = peer(turn)
            theirs.append(count / seconds)
            ratios.append(ours[-1] / theirs[-1])
    print(f"\n{title} ({load_average()})")
    print(f"  ours                      {spread(ours)} polymers/s")
    if peer is not None:
        judged = verdict(statistics.median(ratios), bar)
        print(f"  {peer_title:<25} {spread(theirs)} polymers/s")
        print(f"  ours / theirs             {spread(ratios)}; bar {bar:.0f}: {judged}")


def beside_upstream(arguments: argparse.Namespace, folder: str, frame: Any) -> None:
    """The published network, five folds, beside upstream's five models one after the other."""
    from polyid.config.parameters import preset

    smiles = list(frame["smiles_polymer"])
    title = f"{len(smiles)} polymers, {arguments.folds} folds, published network"
    if arguments.skip_peers:
        compare(arguments, title, folder, smiles, None, "", 20)
        return
    with peer_worker("upstream", "upstream-prediction") as worker:
        keep = frame[["smiles_polymer", *PROPERTIES]].astype(object).where(frame.notna(), None)
        worker.ask(
            members=arguments.folds,
            polymers=keep.to_dict("list"),
            properties=list(PROPERTIES),
            params=preset("publication").to_dict(),
        )
        by_size = sorted(smiles, key=len)
        step = max(1, len(smiles) // arguments.upstream_polymers)

        def peer(turn: int) -> tuple[int, float]:
            share = by_size[(turn * step // arguments.rounds) % step :: step]
            return len(share), worker.ask(smiles=share)["seconds"]

        compare(arguments, title, folder, smiles, peer, "upstream", 20)
        print(f"  upstream is {PEERS['upstream'].title}, on {len(by_size[::step])} of the polymers a round")


def beside_chemprop(arguments: argparse.Namespace, folder: str, frame: Any) -> None:
    """The small preset, five folds, beside a chemprop ensemble of five, on oligomers and on monomers, and both on repeat units."""
    smiles = list(frame["smiles_polymer"])
    title = f"{len(smiles)} polymers, {arguments.folds} folds, preset small"
    if arguments.skip_peers:
        compare(arguments, title, folder, smiles, None, "", 1)
        return
    with peer_worker("chemprop", "chemprop-prediction") as worker:
        about = worker.ask(members=arguments.folds, tasks=len(PROPERTIES))
        if "units" in arguments.chemprop_on:
            units_beside_chemprop(arguments, folder, worker)
        for kind, column in (("oligomers", "smiles_polymer"), ("monomers", "smiles_monomer")):
            if kind not in arguments.chemprop_on:
                continue
            theirs = list(frame[column])

            def peer(turn: int, theirs: list[str] = theirs) -> tuple[int, float]:
                return len(theirs), worker.ask(smiles=theirs)["seconds"]

            compare(arguments, f"{title}, chemprop on {kind}", folder, smiles, peer, "chemprop", 1)
        print(
            f"  chemprop is {PEERS['chemprop'].title}, default network of {about['parameters']:,} parameters, "
            f"{about['threads']} threads"
        )


def units_beside_chemprop(arguments: argparse.Namespace, folder: str, worker: Any) -> None:
    """Both read the same repeat units; ours says intervals, domain and nearest polymers too."""
    from polyid.ensemble.multi_model import MultiModel

    count = arguments.polymers
    units = large_units(count * (arguments.rounds + 1))
    ensemble = MultiModel.load_models(folder)
    ensemble.predict_smiles(units[-count:], oligomers=False)
    worker.ask(smiles=units[-count:])
    ours, theirs = [], []
    for turn in range(arguments.rounds):
        part = units[turn * count : (turn + 1) * count]
        started = time.perf_counter()
        ensemble.predict_smiles(part, oligomers=False)
        ours.append(count / (time.perf_counter() - started))
        theirs.append(count / worker.ask(smiles=part)["seconds"])
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    print(f"\n{count} generated repeat units, {arguments.folds} folds, preset small, read by both ({load_average()})")
    print(f"  ours, a whole answer      {spread(ours)} polymers/s")
    print(f"  chemprop                  {spread(theirs)} polymers/s")
    print(f"  ours / theirs             {spread(ratios)}; bar 5: {verdict(statistics.median(ratios), 5)}", flush=True)


def first_answers(arguments: argparse.Namespace, folder: str) -> None:
    """Fresh processes: loading, the first answer, later ones."""
    found = [measured(__file__, "--answer", folder) for _ in range(arguments.rounds)]
    first = [f["first"] for f in found]
    later = [value for f in found for value in f["later"]]
    print(f"\nSingle SMILES, preset small, {arguments.rounds} fresh processes ({load_average()})")
    print(f"  imports and load_models   {spread([f['loading'] for f in found], 2)} s")
    print(f"  first answer              {spread(first, 2)} s; bar 1 s: {verdict(max(first), 1, at_least=False)}")
    judged = verdict(max(later), 0.1, at_least=False)
    print(f"  later answers             {spread([1e3 * v for v in later])} ms; bar 100 ms: {judged}")
    print(f"  peak memory               {spread([f['peak_mib'] for f in found], 0)} MiB")


def answer(folder: str) -> None:
    """Load a model and answer single SMILES, for `measured`."""
    started = time.perf_counter()
    from polyid.ensemble.multi_model import MultiModel

    ensemble = MultiModel.load_models(folder)
    loading = time.perf_counter() - started
    times = []
    for text in SINGLE:
        started = time.perf_counter()
        table = ensemble.predict_smiles([text])
        times.append(time.perf_counter() - started)
        if table["error"].notna().any():
            raise RuntimeError(f"{text}: {table['error'][0]}")
    print(json.dumps({"loading": loading, "first": times[0], "later": times[1:], "peak_mib": peak_mib()}))


def tables(arguments: argparse.Namespace, folder: str) -> None:
    """Throughput and peak memory of whole tables of repeat units, each in a process of its own."""
    print(f"\nTables of repeat units, preset small, {arguments.folds} folds ({load_average()})")
    print(f"{'polymers':>10}{'seconds':>10}{'polymers/s':>12}{'peak MiB':>10}")
    for count in arguments.tables:
        found = measured(__file__, "--table", str(count), folder)
        print(
            f"{count:>10}{found['seconds']:>10.1f}{count / found['seconds']:>12.1f}{found['peak_mib']:>10.0f}",
            flush=True,
        )


def predict_table(count: int, folder: str) -> None:
    """Predict a generated table, for `measured`."""
    from polyid.ensemble.multi_model import MultiModel

    units = generated_units(count)
    ensemble = MultiModel.load_models(folder)
    started = time.perf_counter()
    table = ensemble.predict_smiles(units, oligomers=False)
    seconds = time.perf_counter() - started
    if table["error"].notna().any():
        raise RuntimeError(str(table["error"].dropna().iloc[0]))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polymers", type=int, default=1_000, help="polymers of the comparisons (default 1000)")
    parser.add_argument("--upstream-polymers", type=int, default=40, help="of these, upstream's a round (default 40)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--folds", type=int, default=5, help="members of the ensemble (default 5)")
    parser.add_argument("--tables", type=int, nargs="*", metavar="N", help="sizes of tables (default 1000 10000)")
    parser.add_argument(
        "--only", nargs="+", choices=["upstream", "chemprop", "answers", "tables"], help="some of the parts"
    )
    parser.add_argument(
        "--chemprop-on",
        nargs="+",
        choices=["units", "oligomers", "monomers"],
        default=["units", "oligomers", "monomers"],
        help="what chemprop reads (default: all)",
    )
    parser.add_argument("--skip-peers", action="store_true", help="measure our side alone")
    parser.add_argument("--tiny", action="store_true", help="a very small network, for a quick look")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="predict as the package of this checkout does?")
    parser.add_argument("--model", type=Path, help="with --against: a model that both can read")
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    parser.add_argument("--table", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.answer:
        answer(arguments.answer)
        return
    if arguments.table:
        predict_table(int(arguments.table[0]), arguments.table[1])
        return
    if arguments.against is not None:
        if arguments.model is None:
            parser.error("--against compares predictions of a model: name it with --model FOLDER")
        sys.exit(compare_predictions(arguments.against, arguments.model, arguments.polymers, arguments.rounds))
    arguments.tables = arguments.tables or [1_000, 10_000]
    only = arguments.only or ["upstream", "chemprop", "answers", "tables"]
    table, source = benchmark_table()
    frame = sample(table, arguments.polymers)
    print(f"{len(frame)} polymers of {source}, {len(PROPERTIES)} properties; {load_average()}")
    with tempfile.TemporaryDirectory() as folder:
        if "upstream" in only:
            # The time of a prediction doesn't depend on the weights, and to train these takes days.
            few = sample(table, PUBLISHED_ON)
            trained_bundle(f"{folder}/publication", few, arguments.folds, "publication", arguments.tiny)
            beside_upstream(arguments, f"{folder}/publication", frame)
        if set(only) - {"upstream"}:
            trained_bundle(f"{folder}/small", table, arguments.folds, "small", arguments.tiny)
        if "chemprop" in only:
            beside_chemprop(arguments, f"{folder}/small", frame)
        if "answers" in only:
            first_answers(arguments, f"{folder}/small")
        if "tables" in only:
            tables(arguments, f"{folder}/small")


if __name__ == "__main__":
    main()
