#!/usr/bin/env python3
"""How far values and intervals can be trusted for polymers of a kind that was not trained on.

    python scripts/studies/new_chemistry.py [TABLE] [--properties NAME ...] [--outside OTHER.csv] [--folds 5] [--seed 0]

Without --outside every class with 20 or more values of a property is left out in turn. With it, a third of the polymers of OTHER at
a time is left out of TABLE, and judged by OTHER's values. What is left is divided into folds, fitted, blended and calibrated as
an ensemble is, but by the kernel regression alone: networks would take hours, and new chemistry is what the two have in common. With
--preset, whole ensembles are trained instead.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.chemistry.fragments import KnownFragments, chain_fragments, elements_of
from polyid.chemistry.polymer import Polymer
from polyid.data.dataset import Dataset
from polyid.data.keys import polymer_keys
from polyid.data.splits import repeated_folds
from polyid.data.training_table import read_training_table
from polyid.ensemble.fitting import fit_kernels
from polyid.ensemble.new_chemistry import leave_clusters_out
from polyid.ensemble.workflow import train_ensemble
from polyid.kernel.neighbourhood import neighbourhood
from polyid.uncertainty.conformal import IntervalCalibration
from polyid.uncertainty.domain.thresholds import Thresholds, calibrated
from polyid.uncertainty.domain.verdict import IN_DOMAIN, OUTSIDE
from polyid.uncertainty.expected_error import error_clues

LEVEL = 0.9
FEWEST_VALUES = 20


@dataclass(frozen=True)
class Judged:
    """Absolute errors (n, P) of polymers that were left out, whether intervals hold them, and the verdicts (n,)."""

    errors: np.ndarray
    held: np.ndarray
    verdict: np.ndarray

    @classmethod
    def joined(cls, parts: list[Judged]) -> Judged:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("errors", "held", "verdict")))


def by_kernel(others: pd.DataFrame, asked: pd.DataFrame, properties: list[str], folds: int, seed: int) -> Judged:
    """What the kernel regression says of `asked` when it is fitted to `others`."""
    dataset = Dataset.of_table(others, properties).learning_marks()
    dataset = dataset.divided(repeated_folds(dataset, folds, seed=seed))
    kernels = fit_kernels(dataset, seed)
    references = kernels[0].references
    shape = dataset.labels.shape
    predicted, clues = np.zeros(shape), np.zeros((*shape, 4))
    for kernel, fold in zip(kernels, dataset.folds, strict=True):
        held_out = dataset.fragments.chosen(dataset.structure[fold.held_out])
        similarity = references.similarity(held_out)
        novelty, roughness = neighbourhood(similarity, np.where(kernel.trained, references.labels, np.nan))
        predicted[fold.held_out] = kernel.predict(similarity, references.described(held_out))
        own = predicted[None, fold.held_out]
        clues[fold.held_out] = error_clues(own, own, novelty, roughness)
    errors = np.abs(dataset.labels - predicted)
    held_by = [("",)] * len(errors)
    for fold in dataset.folds:
        for row in fold.held_out.tolist():
            held_by[row] = (fold.name,)
    calibration = IntervalCalibration.fit(properties, errors, clues, held_by, seed, leave_clusters_out(references))
    usual = float(np.median(clues[..., 2].min(axis=1)))
    distance = clues[..., 2].min(axis=1) / usual
    thresholds, _ = calibrated(distance, _unseen(dataset), errors, np.random.default_rng(seed))

    new = Dataset.of_table(asked, properties)
    marks = dataset.marks
    assert marks is not None
    new = Dataset(new.frame, new.properties, marks=marks)
    fragments = new.fragments.chosen(new.structure)
    similarity = references.similarity(fragments)
    members = np.stack([kernel.predict(similarity, references.described(fragments)) for kernel in kernels])
    clues = error_clues(members, members, *neighbourhood(similarity, references.labels))
    bounds = [
        calibration.interval(name, members[:, :, p], [fold.name for fold in dataset.folds], clues[:, p], LEVEL)
        for p, name in enumerate(properties)
    ]
    lower, upper = (np.stack(side, axis=1) for side in zip(*bounds, strict=True))
    known = KnownFragments(
        np.unique(np.concatenate([np.array(list(chain_fragments(text)), np.int64) for text in dataset.structure_keys])),
        frozenset().union(*map(elements_of, dataset.structure_keys)),
    )
    verdict = _verdicts(
        thresholds, [new.structure_keys[s] for s in new.structure], known, clues[..., 2].min(axis=1) / usual
    )
    inside = np.where(np.isfinite(new.labels), (new.labels >= lower) & (new.labels <= upper), np.nan)
    return Judged(np.abs(new.labels - members.mean(axis=0)), inside, verdict)


def _unseen(dataset: Dataset) -> np.ndarray:
    """Fragments of every held-out row that no polymer of the other folds has."""
    fragments = [frozenset(chain_fragments(text)) for text in dataset.structure_keys]
    unseen = np.zeros(len(dataset.frame))
    for fold in dataset.folds:
        known = frozenset().union(*(fragments[s] for s in np.unique(dataset.structure[fold.train])))
        unseen[fold.held_out] = [len(fragments[s] - known) for s in dataset.structure[fold.held_out]]
    return unseen


def _verdicts(thresholds: Thresholds, oligomers: list[str], known: KnownFragments, distance: np.ndarray) -> np.ndarray:
    found = []
    for text, apart in zip(oligomers, distance.tolist(), strict=True):
        (unseen,) = known.unseen([text])
        found.append(OUTSIDE if unseen.elements else thresholds.verdict(unseen.fragments, apart))
    return np.array(found)


def by_ensemble(
    others: pd.DataFrame, asked: pd.DataFrame, properties: list[str], folds: int, seed: int, preset: str
) -> Judged:
    """The same of a whole ensemble."""
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "others.csv"
        others.to_csv(table, index=False)
        ensemble = train_ensemble(
            table, Path(place) / "model", properties=properties, preset=preset, folds=folds, seed=seed
        )
    predictions = ensemble.predict([Polymer.read(key).smiles_or_unit for key in asked["smiles_polymer"]], LEVEL)
    assert predictions.lower is not None and predictions.upper is not None and predictions.verdict is not None
    labels = asked[properties].to_numpy(float)
    inside = np.where(np.isfinite(labels), (labels >= predictions.lower) & (labels <= predictions.upper), np.nan)
    return Judged(np.abs(labels - predictions.mean), inside, np.array(predictions.verdict, object))


def told(judged: Judged, p: int) -> dict[str, float]:
    """Figures of one property."""
    there = np.isfinite(judged.errors[:, p])
    errors, held = judged.errors[there, p], judged.held[there, p]
    inner, outer = (judged.verdict[there] == verdict for verdict in (IN_DOMAIN, OUTSIDE))
    medians = [float(np.median(errors[part])) if part.any() else np.nan for part in (inner, outer)]
    return {
        "n": len(errors),
        "MAE": float(errors.mean()),
        "held": float(held.mean()),
        "in domain": int(inner.sum()),
        "held in domain": float(held[inner].mean()) if inner.any() else np.nan,
        "outside": int(outer.sum()),
        "median error outside / in domain": medians[1] / medians[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("table", type=Path, nargs="?", default=ROOT / "data" / "cited_properties.csv")
    parser.add_argument("--properties", nargs="+", metavar="NAME")
    parser.add_argument("--outside", type=Path, metavar="OTHER.csv")
    parser.add_argument("--preset", help="train whole ensembles")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    frame = read_training_table(options.table, options.properties).frame
    properties = options.properties or [name for name in frame if frame[name].dtype.kind == "f" and name != "pm"]

    def judge(others: pd.DataFrame, asked: pd.DataFrame, names: list[str]) -> Judged:
        if options.preset:
            return by_ensemble(others, asked, names, options.folds, options.seed, options.preset)
        return by_kernel(others, asked, names, options.folds, options.seed)

    rows = {}
    if options.outside:
        other = read_training_table(options.outside, properties).frame
        keys, asked = np.array(polymer_keys(frame), object), np.array(polymer_keys(other), object)
        distinct = np.random.default_rng(options.seed).permutation(sorted(set(asked)))
        parts = [
            judge(frame[~np.isin(keys, third)], other[np.isin(asked, third)], properties)
            for third in np.array_split(distinct, 3)
        ]
        together = Judged.joined(parts)
        rows = {name: told(together, p) for p, name in enumerate(properties)}
    else:
        values = frame.groupby("class")[properties].count()
        for kind, counts in values.iterrows():
            names = [name for name in properties if counts[name] >= FEWEST_VALUES]
            left_out = (frame["class"] == kind).to_numpy()
            # What is left has to be enough to learn from.
            names = [name for name in names if frame.loc[~left_out, name].count() >= 50]
            if names:
                judged = judge(frame[~left_out], frame[left_out], names)
                rows |= {f"{name}, {kind}": told(judged, p) for p, name in enumerate(names)}
    print(pd.DataFrame.from_dict(rows, orient="index").to_string(na_rep="", float_format="{:.3g}".format))


if __name__ == "__main__":
    main()
