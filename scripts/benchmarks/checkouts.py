"""This checkout beside another one, each in a process of its own: how fast it trains, and what it predicts."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from benchmarks.measuring import Worker, load_average, spread, verdict
from benchmarks.polymers import PROPERTIES, ROOT, benchmark_table, generated_units, sample

TOLERANCE = 0.03
"""Share of the other checkout's training throughput that may be lost."""
NO_POLYMERS = ("not a SMILES", "[Xe]", "")


@contextmanager
def both(against: Path, task: str) -> Iterator[tuple[Worker, Worker]]:
    """This checkout and the other one at work on one of `checkout_worker.TASKS`."""
    with at_work((ROOT, against.resolve()), task) as workers:
        yield workers[0], workers[1]


@contextmanager
def at_work(folders: Sequence[Path], task: str) -> Iterator[list[Worker]]:
    """Checkouts at work on one of `checkout_worker.TASKS`."""
    for folder in folders:
        if not (folder / "polyid" / "__init__.py").is_file():
            sys.exit(f"{folder} has no package polyid: name the top of a checkout.")
    program = Path(__file__).with_name("checkout_worker.py")
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = []
        for name, folder in zip(("here", "there"), folders, strict=False):
            variables = {**os.environ, "PYTHONPATH": str(folder), "POLYID_CACHE": str(place / name)}
            worker = Worker([sys.executable, str(program), task], place / f"{name}.log", variables)
            workers.append(stack.enter_context(worker))
        for worker, folder in zip(workers, folders, strict=True):
            package = Path(worker.ask()["package"])
            if package.parent.parent != folder:
                sys.exit(f"The package of {folder} was asked for, and that of {package} answered.")
        yield workers


def compare_training(against: Path, rounds: int, folds: int, tiny: bool = False) -> None:
    """Train the small network on the same folds with the same seeds, an epoch of one and then an epoch of the other."""
    table, source = benchmark_table()
    frame = sample(table, 40) if tiny else table
    print(f"{len(frame)} polymers of {source}, {folds} folds, small network, this checkout against {against}")
    with tempfile.TemporaryDirectory() as place, both(against, "training") as workers:
        path = Path(place) / "table.csv"
        frame[["smiles_polymer", *PROPERTIES]].to_csv(path, index=False)
        for worker in workers:
            worker.ask(table=str(path), properties=PROPERTIES, folds=folds, epochs=rounds + 1, tiny=tiny)
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(rounds):
            # Who goes first changes, so that a machine that gets busier is nobody's disadvantage.
            for worker, seconds in ((workers[0], ours), (workers[1], theirs))[:: 1 if turn % 2 else -1]:
                seconds.append(worker.ask()["seconds"])
        losses = [worker.ask()["losses"] for worker in workers]
    ratios = [there / here for here, there in zip(ours, theirs, strict=True)]
    judged = verdict(statistics.median(ratios), 1 - TOLERANCE)
    print(f"  here                      {spread(ours, 3)} s an epoch ({load_average()})")
    print(f"  there                     {spread(theirs, 3)} s an epoch")
    print(f"  throughput here / there   {spread(ratios, 3)}; bar {1 - TOLERANCE:g}: {judged}")
    print(f"  losses of all epochs      {'the same' if losses[0] == losses[1] else 'DIFFERENT'}")


def compare_predictions(against: Path, model: Path, polymers: int, rounds: int) -> int:
    """Predict the same polymers of a model; the answer is an exit status, 1 if a number or a word differs."""
    table, source = benchmark_table()
    units = generated_units(max(1, polymers // 4))
    smiles = [*sample(table, polymers)["smiles_monomer"].astype(str), *units, *NO_POLYMERS]
    print(f"{len(smiles)} polymers of {source} and generated ones, model {model}, this checkout against {against}")
    with both(against, "prediction") as workers:
        for worker in workers:
            worker.ask(model=str(model.resolve()))
        answers = [worker.ask(smiles=smiles) for worker in workers]
        ratios = []
        for turn in range(rounds):
            seconds = [worker.ask(smiles=smiles)["seconds"] for worker in workers[:: 1 if turn % 2 else -1]]
            here, there = seconds[:: 1 if turn % 2 else -1]
            ratios.append(there / here)
    here, there = (answer["columns"] for answer in answers)
    shared = [name for name in here if name in there]
    different = [name for name in shared if here[name] != there[name]]
    for name in different:
        rows = [i for i, (a, b) in enumerate(zip(here[name], there[name], strict=True)) if a != b]
        print(
            f"  {name}: {len(rows)} rows differ, first {smiles[rows[0]]!r}: {largest_difference(here[name], there[name])}"
        )
    for title, names in (("only here", here.keys() - there.keys()), ("only there", there.keys() - here.keys())):
        if names:
            print(f"  columns {title}: {', '.join(sorted(names))}")
    print(f"  columns                   {len(shared)} of both; {len(shared) - len(different)} the same bit for bit")
    if ratios:
        print(f"  throughput here / there   {spread(ratios, 3)} ({load_average()})")
    return int(bool(different))


def largest_difference(here: list, there: list) -> str:
    """The largest relative difference of two columns, in words; numbers come as `float.hex` writes them."""
    try:
        a, b = (np.array([float.fromhex(value) for value in column]) for column in (here, there))
    except (TypeError, ValueError):
        return "words"
    with np.errstate(divide="ignore", invalid="ignore"):
        return f"relative difference up to {np.nanmax(np.abs(a - b) / np.abs(b)):.2g}"
