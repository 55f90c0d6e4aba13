#!/usr/bin/env python3
"""Whether training that starts from another model's networks (`polyid train --init-from`) beats training from scratch where
labels are few, as a table in Markdown.

    python scripts/studies/transfer.py                              # all of it: half an hour on a quiet core
    python scripts/studies/transfer.py --targets YoungMod --repeats 1

Polymers of the bundled table are divided into five folds, several times. For each fold a network is trained on the well-known
properties of the other folds' polymers, and networks for the target start from it: no network has seen anything of the polymers that
it is judged by. All have the preset `small`. *From scratch* knows the target alone, *together* learns target and well-known properties
at once, which is what `polyid train` does with a table. *Descriptors* are networks that learnt computed descriptors of the repeat
units of another table, of which no measured value is read.
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
    "YoungMod": "E MPa",
    "log10_Permeability_CH4": "log P CH₄",
    "log10_Permeability_H2": "log P H₂",
}
FOLDS = 5
SCRATCH = "from scratch"
FREEZE = {
    "tuned": None,
    "embeddings frozen": "embeddings",
    "two rounds frozen": "2",
    "read-out alone trained": "messages",
}
"""What is done with the networks that training starts from, by name."""


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors of held-out polymers, of the networks alone and with the kernel regression, and the CPU time."""

    network: float
    stacked: float
    seconds: float


def main() -> None:
    """Measure what was asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), choices=list(TARGETS))
    parser.add_argument("--repeats", type=int, default=3, help="divisions into folds")
    parser.add_argument("--epochs", type=int, default=60, help="of the networks of well-known properties and descriptors")
    parser.add_argument("--target-epochs", type=int, default=100)
    parser.add_argument("--descriptors", type=int, default=600, help="repeat units with computed descriptors; 0 for none")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    found: dict[str, dict[str, list[Errors]]] = {target: {} for target in asked.targets}
    for repeat in range(asked.repeats):
        one_division(repeat, asked, found)
        write_text(asked.output, report(found, asked))
    print(asked.output.read_text(encoding="utf-8"))


def one_division(repeat: int, asked: argparse.Namespace, found: dict[str, dict[str, list[Errors]]]) -> None:
    """Add the errors of one division of the polymers into folds."""
    from polyid.data.training_table import read_training_table
    from polyid.ensemble.starting_point import StartingPoint

    table = read_training_table(TABLE, [*KNOWN, *asked.targets])
    folds = assigned(table.frame["smiles_monomer"], repeat)
    starts: dict[str, StartingPoint] = {}
    known = trained(table, list(KNOWN), folds, repeat, asked.epochs)
    starts["Tg, Tm, density"] = start_of(known, "Tg, Tm, density")
    if asked.descriptors:
        starts["descriptors"] = start_of(of_descriptors(asked, repeat), "descriptors")
    together = trained(table, [*KNOWN, *asked.targets], folds, repeat, asked.epochs)
    for target in asked.targets:
        rows = found[target]
        rows.setdefault("together with Tg, Tm, density", []).append(errors(together, target))
        scratch = trained(table, [target], folds, repeat, asked.target_epochs)
        rows.setdefault(SCRATCH, []).append(errors(scratch, target))
        for name, start in starts.items():
            for how, freeze in FREEZE.items():
                started = trained(table, [target], folds, repeat, asked.target_epochs, start, freeze)
                rows.setdefault(f"from {name}, {how}", []).append(errors(started, target))
        print(repeat, target, {name: f"{every[-1].network:.3g}" for name, every in rows.items()}, flush=True)


def assigned(polymers: pd.Series, repeat: int) -> dict[str, int]:
    """A fold for each polymer, at random."""
    distinct = sorted(set(polymers))
    order = np.random.default_rng([11, repeat]).permutation(len(distinct))
    return {polymer: int(place) % FOLDS for polymer, place in zip(distinct, order, strict=True)}


def trained(
    table: Any,
    properties: list[str],
    folds: dict[str, int],
    seed: int,
    epochs: int,
    start: Any = None,
    freeze: str | None = None,
) -> Any:
    """An ensemble of one network a fold, of the preset `small`; its CPU time is left in its `metadata`."""
    from polyid.config.parameters import preset
    from polyid.data.dataset import Dataset
    from polyid.ensemble.multi_model import MultiModel
    from polyid.graphs.features import feature_set
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    params = preset("small", kfolds=FOLDS, seed=seed, epochs=epochs, freeze=freeze)
    ensemble = MultiModel()
    ensemble.load_table(table, properties)
    data = Dataset.of_table(table.frame, properties, ensemble.chain)
    fold = np.array([folds[polymer] for polymer in data.frame["smiles_monomer"]])
    ids = data.ids
    sets = {
        str(f): {"train": sorted(set(ids[fold != f].tolist())), "validate": sorted(set(ids[fold == f].tolist()))}
        for f in range(FOLDS)
    }
    began = time.process_time()
    ensemble.split_data(load_kfold=sets)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(
        PolymerPreprocessor, *feature_set(params.features), explicit_hs=params["explicit_hs"]
    )
    if start is not None:
        ensemble.start_from(start)
    ensemble.train_models(global100, model_params=params.to_dict(), verbose=False)
    ensemble.metadata["cpu_seconds"] = time.process_time() - began
    return ensemble


def start_of(ensemble: Any, name: str) -> Any:
    """An ensemble as what others start from."""
    from polyid.ensemble.starting_point import StartingPoint

    members, properties = ensemble.fitted.members, tuple(ensemble.prediction_columns)
    return StartingPoint(members, properties, dict.fromkeys(properties), None, name, "0" * 64)


def errors(ensemble: Any, target: str) -> Errors:
    """Of the polymers that each network did not see."""
    rows = ensemble.held_out_parts().dropna(subset=[target])
    off = {part: float((rows[target] - rows[f"{target}_{part}"]).abs().mean()) for part in ("network", "pred")}
    return Errors(off["network"], off["pred"], ensemble.metadata["cpu_seconds"])


def of_descriptors(asked: argparse.Namespace, repeat: int) -> Any:
    """Networks that learnt computed descriptors of repeat units, by heavy atom where they grow with size."""
    from rdkit import Chem, RDLogger
    from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

    from polyid.data.training_table import read_training_table

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    units = sorted(set(pd.read_csv(UNITS)["repeat_unit"].dropna()))
    chosen = np.random.default_rng([12, repeat]).permutation(len(units))[: asked.descriptors]
    rows = []
    for unit in (units[i] for i in chosen):
        molecule = Chem.MolFromSmiles(unit.replace("*", "[H]"))
        if molecule is None or not molecule.GetNumHeavyAtoms():
            continue
        heavy = molecule.GetNumHeavyAtoms()
        rows.append(
            {
                "repeat_unit": unit,
                "logp": Crippen.MolLogP(molecule) / heavy,
                "refractivity": Crippen.MolMR(molecule) / heavy,
                "polar_surface": rdMolDescriptors.CalcTPSA(molecule) / heavy,
                "surface": rdMolDescriptors.CalcLabuteASA(molecule) / heavy,
                "rotatable": rdMolDescriptors.CalcNumRotatableBonds(molecule) / heavy,
                "mass": Descriptors.MolWt(molecule) / heavy,  # type: ignore[attr-defined]
            }
        )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "descriptors.csv"
        pd.DataFrame(rows).to_csv(path, index=False)
        names = [name for name in rows[0] if name != "repeat_unit"]
        table = read_training_table(path, names)
    return trained(table, names, assigned(table.frame["smiles_monomer"], repeat), repeat, asked.epochs)


def report(found: dict[str, dict[str, list[Errors]]], asked: argparse.Namespace) -> str:
    """The table."""
    names = list(dict.fromkeys(name for rows in found.values() for name in rows))
    head = ["networks", *(f"{TARGETS[t]}, {part}" for t in found for part in ("network", "with kernel")), "CPU s"]
    repeats = min(len(every) for rows in found.values() for every in rows.values())
    counts = ", ".join(f"{TARGETS[target]} {values(target)}" for target in found)
    lines = [
        "# Starting from another model",
        "",
        "Mean absolute error of held-out polymers of the bundled table, mean and standard deviation over "
        f"{repeats} divisions into {FOLDS} folds; `small`, {asked.target_epochs} epochs for a target, {asked.epochs} for what it starts",
        "from; made by `python scripts/studies/transfer.py`, whose first lines say what the rows are. Values in all: "
        f"{counts}. CPU seconds are of the five",
        "networks of the first target, without those that they start from.",
        "",
        "| " + " | ".join(head) + " |",
        "| --- " + "| ---: " * (len(head) - 1) + "|",
    ]
    for name in sorted(names, key=lambda name: (name != SCRATCH, name)):
        cells = [name]
        for rows in found.values():
            for part in ("network", "stacked"):
                every = np.array([getattr(one, part) for one in rows[name]])
                cells.append(f"{every.mean():.3g} ± {every.std(ddof=1):.1g}" if len(every) > 1 else f"{every.mean():.3g}")
        cells.append(f"{np.mean([one.seconds for one in next(iter(found.values()))[name]]):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def values(target: str) -> int:
    """How many measured values the table has."""
    from polyid.data.training_table import read_training_table

    return int(read_training_table(TABLE, [target]).frame[target].notna().sum())


if __name__ == "__main__":
    main()
