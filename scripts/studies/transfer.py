#!/usr/bin/env python3
"""Whether training that starts from another model's networks (`polyid train --init-from`) beats training from scratch where
labels are few, as a table in Markdown.

    python scripts/studies/transfer.py                              # about a quarter of an hour of processor time
    python scripts/studies/transfer.py --targets YoungMod --repeats 1 --epochs 2 --target-epochs 2     # that it runs

Polymers of the bundled table are divided into folds, several times. For each fold a network learns well-known properties of the
other folds' polymers, and networks for the target start from it: no network has seen anything of the polymers that it is judged by.
*From scratch* knows the target alone; *together* learns target and well-known properties at once, which is what `polyid train` does with
a table. *Descriptors* are networks that learnt computed descriptors of the repeat units of another table, of which no measured
value is read. What a polymer is predicted by is the mean of the networks that never saw it, one of each division.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.common.files import write_text

OUTPUT = Path(__file__).with_suffix(".md")
TABLE = ROOT / "data" / "polymer_properties.csv"
UNITS = ROOT / "data" / "cited_properties.csv"
KNOWN = ("Glass_Transition", "Melt_Temp", "Density")
TARGETS = {
    "log10_Permeability_CH4": "log P CH₄",
    "YoungMod": "E MPa",
    "log10_Permeability_H2": "log P H₂",
}
"""The first two by default."""
NETWORK = {"atom_features": 32, "bond_features": 32}
"""What differs from the preset `small`: narrower, so that the study is cheap."""
SCRATCH, TOGETHER = "from scratch", "together with Tg, Tm and density"
FREEZE = {"tuned": None, "read-out alone trained": "messages"}
DRAWS = 4_000


@dataclass(frozen=True)
class Judged:
    """Absolute errors of held-out polymers, of the networks alone and with the kernel regression, and the CPU time."""

    network: np.ndarray
    stacked: np.ndarray
    seconds: float


def main() -> None:
    """Measure what was asked for, and write the table after each target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=list(TARGETS)[:2], choices=list(TARGETS))
    parser.add_argument("--repeats", type=int, default=2, help="divisions into folds")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--epochs", type=int, default=20, help="of the networks of well-known properties and descriptors"
    )
    parser.add_argument("--target-epochs", type=int, default=40)
    parser.add_argument(
        "--descriptors", type=int, default=200, help="repeat units with computed descriptors; 0 for none"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    from polyid.data.training_table import read_training_table

    table = read_training_table(TABLE, [*KNOWN, *asked.targets])
    known = trained(table, list(KNOWN), asked, asked.epochs)
    starts = {"Tg, Tm and density": start_of(known)}
    seconds = {name: f"{known.metadata['cpu_seconds']:.0f}" for name in starts}
    if asked.descriptors:
        described = of_descriptors(asked)
        starts["descriptors"] = start_of(described)
        seconds["descriptors"] = f"{described.metadata['cpu_seconds']:.0f}"
    together = trained(table, [*KNOWN, *asked.targets], asked, asked.epochs)
    found: dict[str, dict[str, Judged]] = {}
    for target in asked.targets:
        rows = found[target] = {SCRATCH: judged(trained(table, [target], asked, asked.target_epochs), target)}
        rows[TOGETHER] = judged(together, target)
        for name, start in starts.items():
            for how, freeze in FREEZE.items():
                started = trained(table, [target], asked, asked.target_epochs, start, freeze)
                rows[f"from {name}, {how}"] = judged(started, target)
        print(target, {name: f"{one.network.mean():.3g}" for name, one in rows.items()}, flush=True)
        write_text(asked.output, report(found, asked, seconds))
    print(asked.output.read_text(encoding="utf-8"))


def divisions(polymers: pd.Series, ids: np.ndarray, asked: argparse.Namespace) -> dict[str, dict[str, list[int]]]:
    """All folds of all divisions, by polymer and so the same for every property."""
    distinct = sorted(set(polymers))
    found = {}
    for repeat in range(asked.repeats):
        order = np.random.default_rng([11, repeat]).permutation(len(distinct))
        home = {polymer: int(place) % asked.folds for polymer, place in zip(distinct, order, strict=True)}
        fold = np.array([home[polymer] for polymer in polymers])
        for f in range(asked.folds):
            parts = {"train": fold != f, "validate": fold == f}
            found[f"{f}/{repeat}"] = {part: sorted(set(ids[inside].tolist())) for part, inside in parts.items()}
    return found


def trained(
    table: Any,
    properties: list[str],
    asked: argparse.Namespace,
    epochs: int,
    start: Any = None,
    freeze: str | None = None,
) -> Any:
    """An ensemble of one network a fold and division; its CPU time is left in its `metadata`."""
    from polyid.config.parameters import preset
    from polyid.data.dataset import Dataset
    from polyid.ensemble.multi_model import MultiModel
    from polyid.graphs.features import feature_set
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    params = preset("small", kfolds=asked.folds, seed=0, epochs=epochs, freeze=freeze, **NETWORK)
    began = time.process_time()
    ensemble = MultiModel()
    ensemble.load_table(table, properties)
    everything = Dataset.of_table(table.frame, list(table.labels), ensemble.chain)
    wanted = everything.frame[properties].notna().any(axis=1).to_numpy()
    whole = divisions(everything.frame["smiles_monomer"], np.arange(len(wanted)), asked)
    own = Dataset.of_table(table.frame, properties, ensemble.chain)
    place = np.flatnonzero(wanted)
    ensemble.split_data(
        load_kfold={
            name: {part: sorted(set(own.ids[np.isin(place, rows)].tolist())) for part, rows in parts.items()}
            for name, parts in whole.items()
        }
    )
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(
        PolymerPreprocessor, *feature_set(params.features), explicit_hs=params["explicit_hs"]
    )
    if start is not None:
        ensemble.start_from(start)
    ensemble.train_models(global100, model_params=params.to_dict(), verbose=False)
    ensemble.metadata["cpu_seconds"] = time.process_time() - began
    return ensemble


def start_of(ensemble: Any) -> Any:
    """An ensemble as what others start from."""
    from polyid.ensemble.starting_point import StartingPoint

    properties = tuple(ensemble.prediction_columns)
    units = dict.fromkeys(properties)
    return StartingPoint(ensemble.fitted.members, properties, units, None, ", ".join(properties), "0" * 64)


def judged(ensemble: Any, target: str) -> Judged:
    """Errors of the polymers with a value, in the order of the table."""
    rows = ensemble.held_out_parts().dropna(subset=[target])
    off = [(rows[target] - rows[f"{target}_{part}"]).abs().to_numpy() for part in ("network", "pred")]
    return Judged(off[0], off[1], ensemble.metadata["cpu_seconds"])


def of_descriptors(asked: argparse.Namespace) -> Any:
    """Networks that learnt computed descriptors of repeat units, by heavy atom where they grow with size."""
    from rdkit import Chem, RDLogger
    from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

    from polyid.data.training_table import read_training_table

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    units = sorted(set(pd.read_csv(UNITS)["repeat_unit"].dropna()))
    chosen = np.random.default_rng(12).permutation(len(units))[: asked.descriptors]
    rows = []
    for unit in (units[i] for i in chosen):
        molecule = Chem.MolFromSmiles(unit.replace("*", "[H]"))
        if molecule is None or not molecule.GetNumHeavyAtoms():
            continue
        totals = {
            "logp": Crippen.MolLogP(molecule),  # type: ignore[attr-defined]
            "refractivity": Crippen.MolMR(molecule),  # type: ignore[attr-defined]
            "polar_surface": rdMolDescriptors.CalcTPSA(molecule),
            "surface": rdMolDescriptors.CalcLabuteASA(molecule),
            "rotatable": rdMolDescriptors.CalcNumRotatableBonds(molecule),
            "mass": Descriptors.MolWt(molecule),  # type: ignore[attr-defined]
        }
        rows.append({"repeat_unit": unit, **{name: v / molecule.GetNumHeavyAtoms() for name, v in totals.items()}})
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "descriptors.csv"
        pd.DataFrame(rows).to_csv(path, index=False)
        names = [name for name in rows[0] if name != "repeat_unit"]
        table = read_training_table(path, names)
    once = argparse.Namespace(**{**vars(asked), "repeats": 1})
    return trained(table, names, once, asked.epochs)


def report(found: dict[str, dict[str, Judged]], asked: argparse.Namespace, seconds: dict[str, str]) -> str:
    """The table."""
    counts = ", ".join(f"{TARGETS[target]} {len(rows[SCRATCH].network)}" for target, rows in found.items())
    columns = [f"{TARGETS[t]}, {part}" for t in found for part in ("networks", "less than scratch", "with kernel")]
    head = ["networks", *columns, "CPU s"]
    lines = [
        "# Starting from another model",
        "",
        f"Mean absolute error of held-out polymers of the bundled table, in {asked.repeats} divisions into {asked.folds} folds; made by",
        "`python scripts/studies/transfer.py`, whose first lines say what the rows are. The preset `small` with states of 32 features,",
        f"{asked.target_epochs} epochs for a target, {asked.epochs} for what it starts from and for *together*. Values in all: {counts}.",
        "*Less than scratch* is by how much the error of the networks is smaller than from scratch, with the interval that holds 90 % of",
        f"{DRAWS:,} draws of the polymers. CPU seconds are of all networks of the first target; those of what they start from come to it:",
        f"{', '.join(f'{name} {text} s' for name, text in seconds.items())}.",
        "",
        "| " + " | ".join(head) + " |",
        "| --- " + "| ---: " * (len(head) - 1) + "|",
    ]
    first = next(iter(found.values()))
    for name in first:
        cells = [name]
        for rows in found.values():
            one, scratch = rows[name], rows[SCRATCH]
            gain = "" if name == SCRATCH else interval(scratch.network - one.network)
            cells += [digits(one.network.mean(), 3), gain, digits(one.stacked.mean(), 3)]
        cells.append(f"{first[name].seconds:.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def interval(gains: np.ndarray) -> str:
    """Mean of what is gained, and where it lies for 90 % of draws of the polymers."""
    draws = np.random.default_rng(0).integers(len(gains), size=(DRAWS, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.05, 0.95])
    return f"{digits(gains.mean())} ({digits(low)} to {digits(high)})"


def digits(value: float, count: int = 2) -> str:
    """A number to so many digits, without a power of ten."""
    return f"{float(f'{value:.{count}g}'):g}"


if __name__ == "__main__":
    main()
