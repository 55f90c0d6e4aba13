#!/usr/bin/env python3
"""What each choice of the presets is worth: cross-validated errors with it changed, as a table in Markdown.

    python scripts/studies/ablation_accuracy.py TABLE                       # the kernel's variants: a minute
    python scripts/studies/ablation_accuracy.py TABLE --networks            # the networks' too: minutes each
    python scripts/studies/ablation_accuracy.py TABLE --only "dropout 0.2"  # some of them; the others' rows stay

Rows go to `ablation_accuracy.md` beside this script; a row that is measured again replaces the old one. All variants see the
same five folds, stratified and grouped by polymer, seed 0. Networks are trained on the folds of ``--held-out`` only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.common.files import write_text

OUTPUT = Path(__file__).with_suffix(".md")
FOLDS, SEED = 5, 0
PROPERTIES = {
    "Glass_Transition": "Tg °C",
    "Melt_Temp": "Tm °C",
    "Density": "density g/cm³",
    "log10_Permeability_CO2": "log P CO₂",
    "log10_Permeability_N2": "log P N₂",
    "log10_Permeability_O2": "log P O₂",
    "YoungMod": "E MPa",
}
NETWORKS: dict[str, dict[str, Any]] = {
    "rate 5e-4, 120 epochs (`accurate`)": {},
    "rate 1e-3, 60 epochs (`small`)": {"learning_rate": 1e-3, "epochs": 60},
    "rate 1e-3, 80 epochs": {"learning_rate": 1e-3, "epochs": 80},
    "rate 2e-3, 60 epochs": {"learning_rate": 2e-3, "epochs": 60},
    "batch 8, 80 epochs": {"batch_size": 8, "epochs": 80},
    "dropout 0.2, decay 0.05": {"dropout": 0.2, "decay": 0.05},
    "features of nfp (v1)": {"features": "v1"},
    "explicit hydrogens": {"explicit_hs": True},
    "two rounds": {"num_messages": 2},
    "96 features": {"atom_features": 96, "bond_features": 96},
}
"""Changes of the preset `accurate`, by name."""


def main() -> None:
    """Measure what was asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="table of polymers and properties, such as the PolyID database")
    parser.add_argument("--networks", action="store_true", help="also train the networks of every variant")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="variants of the networks to train")
    parser.add_argument("--held-out", nargs="+", type=int, default=[0, 1], metavar="FOLD", help="folds of the networks")
    parser.add_argument("--epochs", type=int, help="instead of each variant's, for a quick look")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    unknown = set(arguments.only or ()) - set(NETWORKS)
    if unknown:
        parser.error(f"there is no variant {sorted(unknown)}; choose from {sorted(NETWORKS)}")
    rows = read_rows(arguments.output)
    rows |= kernel_rows(arguments.table)
    write_rows(arguments.output, rows, Path(arguments.table).name)
    for name in arguments.only or (NETWORKS if arguments.networks else []):
        rows |= network_rows(arguments.table, name, arguments.held_out, arguments.epochs)
        write_rows(arguments.output, rows, Path(arguments.table).name)
    print(arguments.output.read_text(encoding="utf-8"))


def folds_of(table: str) -> Any:
    """The table as an ensemble without networks, divided into the folds all variants share."""
    from polyid.ensemble.multi_model import MultiModel

    ensemble = MultiModel()
    ensemble.load_dataset(table, [name for name in PROPERTIES if name in columns(table)])
    ensemble.split_data(kfolds=FOLDS, seed=SEED)
    return ensemble


def columns(table: str) -> list[str]:
    """Properties that a table has."""
    from polyid.data.columns import properties_present
    from polyid.data.raw import read_raw_table

    return properties_present(read_raw_table(table), list(PROPERTIES))


def kernel_rows(table: str) -> dict[str, list[str]]:
    """Out-of-fold errors of the kernel regression alone, and of what remains when a part of it is left out."""
    from polyid.chemistry.composition import polymer_fragments
    from polyid.kernel.regression import PENALTY, RIDGE, TUBE
    from polyid.kernel.similarity import ReferencePolymers

    ensemble = folds_of(table)
    data = ensemble.df_polymer
    labels = data[ensemble.prediction_columns].to_numpy(float)
    fragments = polymer_fragments(data["smiles_polymer"].tolist())
    parts = ReferencePolymers(fragments, labels).similarities(fragments)
    everything = np.mean(list(parts.values()), axis=0)
    held_out = [data.index.isin(m.df_validate.index) for m in ensemble.models]

    def errors(kernel: np.ndarray, ridge: bool = True, vector: bool = True) -> dict[str, float]:
        found = np.full(labels.shape, np.nan)
        for out in held_out:
            for p in range(labels.shape[1]):
                train = np.flatnonzero(~out & np.isfinite(labels[:, p]))
                centre, scale = np.median(labels[train, p]), np.std(labels[train, p])
                gram, scaled = kernel[np.ix_(train, train)], (labels[train, p] - centre) / scale
                fits = []
                if ridge:
                    fits.append(KernelRidge(alpha=RIDGE, kernel="precomputed").fit(gram, scaled))
                if vector:
                    fits.append(SVR(kernel="precomputed", C=PENALTY, epsilon=TUBE).fit(gram, scaled))
                new = kernel[np.ix_(np.flatnonzero(out), train)]
                found[out, p] = centre + scale * np.mean([fit.predict(new) for fit in fits], axis=0)
        return dict(zip(ensemble.prediction_columns, np.nanmean(np.abs(found - labels), axis=0), strict=True))

    rows = {"kernel regression": row("all folds", errors(everything))}
    rows["— ridge alone"] = row("all folds", errors(everything, vector=False))
    rows["— support vectors alone"] = row("all folds", errors(everything, ridge=False))
    for name in parts:
        rest = np.mean([other for key, other in parts.items() if key != name], axis=0)
        rows[f"— without {name}"] = row("all folds", errors(rest))
    return rows


def network_rows(table: str, name: str, held_out: list[int], epochs: int | None) -> dict[str, list[str]]:
    """Errors of the networks of one variant, one network a fold, and of their stack with the kernel regression."""
    from polyid.config.parameters import preset
    from polyid.graphs.features import feature_set
    from polyid.graphs.preprocessor import PolymerPreprocessor
    from polyid.nn.builders import global100

    changes = {**NETWORKS[name], **({"epochs": epochs} if epochs else {})}
    params = preset("accurate", kfolds=FOLDS, seed=SEED, **changes).to_dict()
    ensemble = folds_of(table)
    ensemble.models = [ensemble.models[fold] for fold in held_out]
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(
        PolymerPreprocessor,
        *feature_set(params["features"]),
        explicit_hs=params["explicit_hs"],
    )
    started = time.monotonic()
    ensemble.train_models(global100, model_params=params)
    minutes = (time.monotonic() - started) / 60
    found = ensemble.held_out_parts()

    def errors(part: str) -> dict[str, float]:
        return {p: float((found[p] - found[f"{p}_{part}"]).abs().mean()) for p in ensemble.prediction_columns}

    where = "folds " + ", ".join(str(fold) for fold in held_out)
    return {
        f"network, {name}": row(where, errors("network"), minutes),
        f"— stacked, {name}": row(where, errors("pred")),
    }


def row(where: str, errors: dict[str, float], minutes: float | None = None) -> list[str]:
    """Cells of one row behind its name."""
    shown = [f"{errors[name]:.3g}" if name in errors else "" for name in PROPERTIES]
    return [where, *shown, "" if minutes is None else f"{minutes:.1f}"]


def read_rows(path: Path) -> dict[str, list[str]]:
    """Rows of a table written before."""
    if not path.exists():
        return {}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {own[0]: own[1:] for own in cells if not own[0].startswith("---")}


def write_rows(path: Path, rows: dict[str, list[str]], table: str) -> None:
    """Write the table whole or not at all."""
    head = ["variant", "held out", *PROPERTIES.values(), "minutes"]
    lines = [
        "# What each choice is worth",
        "",
        f"Mean absolute error of held-out polymers of `{table}`; five folds, stratified and grouped by polymer, seed 0; made by",
        "`python scripts/studies/ablation_accuracy.py TABLE --networks`. A row is one run: networks of another seed differ by about",
        "± 0.6 °C in Tg. *Stacked* is the network with the kernel regression, the share of each chosen on other polymers.",
        "Minutes are of two networks on two CPU cores, beside other jobs; the first network of a process also compiles.",
        "",
        "| " + " | ".join(head) + " |",
        "| --- | --- " + "| ---: " * (len(head) - 2) + "|",
        *("| " + " | ".join([name, *cells]) + " |" for name, cells in rows.items()),
        "",
    ]
    write_text(path, "\n".join(lines))


if __name__ == "__main__":
    main()
