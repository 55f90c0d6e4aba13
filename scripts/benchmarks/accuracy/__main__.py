#!/usr/bin/env python3
"""How far our presets, a forest and chemprop are off on public sets of polymers, all on the same folds.

    python scripts/benchmarks/accuracy --list                       # the sets and where they come from
    python scripts/benchmarks/accuracy                              # all sets: small, forest, chemprop
    python scripts/benchmarks/accuracy openpoly --methods accurate
    python scripts/benchmarks/accuracy gases --file gases=PATH      # a set of which you have a copy

Five folds, stratified by mechanism where it is known, all rows of a polymer in one of them; one model a fold predicts the
polymers that it never saw: of ours the one member that held them out. What our package can't read is left out for all. Rows in
Markdown are printed; predictions stay in the folder --work, so that a run goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import pandas as pd
from benchmarks.accuracy.methods import METHODS, Task, predict
from benchmarks.accuracy.sets import SETS, PublicSet
from benchmarks.accuracy.tables import markdown
from benchmarks.measuring import load_average

from polyid.common.files import sha256
from polyid.data.splits import assign_folds
from polyid.data.training_table import read_training_table
from polyid.errors import DataError, PolymerError

FOLDS = 5
FIRST_ROW = 2
"""Number of the row below the heads, as our package counts rows."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python scripts/benchmarks/accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)} (default: all that can be had)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["small", "forest", "chemprop"])
    parser.add_argument("--file", action="append", default=[], metavar="SET=PATH", help="a local copy of a set")
    parser.add_argument("--work", type=Path, default=Path("build/accuracy"), help="folder of what is measured")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="say what the sets are, and stop")
    arguments = parser.parse_args()
    if unknown := set(arguments.sets) - set(SETS):
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    files = dict(pair.partition("=")[::2] for pair in arguments.file)
    for name in arguments.sets or SETS:
        if arguments.list:
            print(described(SETS[name]))
            continue
        file = Path(files[name]) if name in files else None
        try:
            task = prepared(SETS[name], file, arguments.seed, arguments.work)
        except (DataError, PolymerError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        found = {method: measured(method, task) for method in arguments.methods}
        print(markdown(SETS[name], task, found, provenance(SETS[name], file)), flush=True)


def described(own: PublicSet) -> str:
    """What a set is and where it comes from."""
    if own.source is not None:
        where = f"{own.source.notice}\nSHA-256: {own.source.sha256}"
    elif own.bundled is not None:
        where = f"In this repository: {own.bundled.relative_to(ROOT)}, see data/sources/sources.toml"
    else:
        where = f"Not fetched, as no hash of the whole file is known to us: give your copy as --file {own.name}=PATH"
    return f"{own.name}: {own.title}\n{where}\n"


def provenance(own: PublicSet, file: Path | None) -> str:
    """Which file was read, with its hash."""
    path = file or own.bundled
    if path is None:
        return f"the published file, SHA-256 `{own.source.sha256[:12]}…`" if own.source else ""
    return f"`{path.name}`, SHA-256 `{sha256(path)[:12]}…`"


def prepared(own: PublicSet, file: Path | None, seed: int, work: Path) -> Task:
    """The set in folds, as a file in `work` and as our package reads it."""
    rows = own.rows(file).reset_index(drop=True)
    names = list(own.properties)
    read = read_training_table(rows, names).frame.set_index("row")
    rows = rows.loc[read.index - FIRST_ROW]
    read["fold"] = assign_folds(read, FOLDS, seed=seed)
    place = work / own.name
    place.mkdir(parents=True, exist_ok=True)
    table = place / f"table-{seed}.csv"
    rows.assign(fold=read["fold"].to_numpy()).to_csv(table, index=False)
    read.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(read), name="row")
    return Task(read, names, table, seed, place)


def measured(method: str, task: Task) -> pd.DataFrame:
    """Predictions of a method, from an earlier run on the same rows if there was one; ``attrs`` has its minutes."""
    digest = hashlib.sha256(task.table.read_bytes()).hexdigest()[:12]
    work = task.work / f"{method}-{digest}"
    kept, told = work / "predictions.csv", work / "run.json"
    if not kept.exists():
        work.mkdir(exist_ok=True)
        started, busy = time.monotonic(), cpu_seconds()
        found = predict(method, Task(task.rows, task.properties, task.table, task.seed, work))
        run = {"minutes": (time.monotonic() - started) / 60, "cpu_minutes": (cpu_seconds() - busy) / 60}
        told.write_text(json.dumps({**run, "date": time.strftime("%Y-%m-%d"), "load": load_average()}))
        found.to_csv(kept)
    found = pd.read_csv(kept, index_col="row")
    found.attrs = json.loads(told.read_text())
    return found


def cpu_seconds() -> float:
    """Seconds that this process and those it waited for kept a core busy."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
