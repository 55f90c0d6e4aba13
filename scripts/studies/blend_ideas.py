#!/usr/bin/env python3
"""Whether shares of networks and kernel regression that differ from polymer to polymer lower held-out errors, as a table in Markdown.

    python scripts/studies/blend_ideas.py MODEL TABLE      # TABLE is what MODEL was trained on

Each polymer is predicted by the member that held it out. One share a property, as ensembles have it, is compared with one share for
the newer and one for the better known half of the polymers, and with shares by the errors that are expected of either part. All are
chosen without the polymer that is judged. Gains are ± standard errors over the rows.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid import MultiModel
from polyid.common.files import read_json
from polyid.data.dataset import Dataset
from polyid.data.training_table import read_training_table
from polyid.inference.predictor import EnsemblePredictor
from polyid.kernel.neighbourhood import neighbourhood
from polyid.uncertainty.blending import blended, cross_fitted, polymer_groups
from polyid.uncertainty.expected_error import error_clues, expected_error, fit_expected_error

FEWEST = 40


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("table", type=Path)
    asked = parser.parse_args()
    names = read_json(asked.model / "parameters.json")["prediction_columns"]
    table = read_training_table(asked.table, names)
    dataset = Dataset.of_table(table.frame, names, table.chain).learning_marks()
    network, kernel, clues = held_out(asked.model, dataset)
    measured, polymers = dataset.labels, dataset.keys
    one = blended(network, kernel, cross_fitted(measured, network, kernel, polymers))
    ideas = {
        "a share for newer and one for better known polymers": by_novelty(measured, network, kernel, clues, polymers),
        "shares by the errors expected of either": by_errors(measured, network, kernel, clues, polymers),
    }
    kept = [p for p in range(len(names)) if np.isfinite(measured[:, p]).sum() >= FEWEST]
    now = np.abs(one - measured)
    print(f"| blend | {' | '.join(names[p] for p in kept)} |\n| --- |{' ---: |' * len(kept)}")
    print(f"| one share | {' | '.join(f'{np.nanmean(now[:, p]):.3g}' for p in kept)} |")
    for name, found in ideas.items():
        gains = [column[np.isfinite(column)] for column in (now - np.abs(found - measured)).T]
        cells = [f"{gains[p].mean():+.2g} ± {gains[p].std(ddof=1) / len(gains[p]) ** 0.5:.1g}" for p in kept]
        print(f"| {name} | {' | '.join(cells)} |")


def held_out(model: Path, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What network (n, P) and kernel regression (n, P) say of each row in the member that held it out, and the clues (n, P, 4)."""
    members = [single.member for single in MultiModel.load_models(model).models if single.member is not None]
    fold_of = {key: int(f) for f, keys in read_json(model / "splits.json")["held_out"].items() for key in keys}
    fold = np.array([fold_of[key] for key in dataset.keys])
    answers = EnsemblePredictor(members).answers(dataset.structure_keys, fragments=dataset.fragments)
    network, kernel = np.zeros(dataset.labels.shape), np.zeros(dataset.labels.shape)
    clues = np.zeros((*network.shape, 4))
    for number, member in enumerate(members):
        rows = np.flatnonzero(fold == number)
        structures = dataset.structure[rows]
        if member.kernel is None or answers.kernel is None:
            sys.exit(f"{model} has no kernel regression.")
        network[rows], kernel[rows] = answers.network[number][structures], answers.kernel[number][structures]
        references = member.kernel.references
        similarity = references.similarity(dataset.fragments.chosen(structures))
        novelty, roughness = neighbourhood(similarity, np.where(member.kernel.trained, references.labels, np.nan))
        clues[rows] = error_clues(network[None, rows], kernel[None, rows], novelty, roughness)
    return network, kernel, clues


def by_novelty(
    measured: np.ndarray, network: np.ndarray, kernel: np.ndarray, clues: np.ndarray, polymers: list[str]
) -> np.ndarray:
    """One share for each half of the polymers, by their novelty in the property."""
    found, keys = np.zeros(measured.shape), np.array(polymers, object)
    for p in range(measured.shape[1]):
        newer = clues[:, p, 2] > np.median(clues[:, p, 2])
        for half in (newer, ~newer):
            true, by_network, by_kernel = (array[half][:, [p]] for array in (measured, network, kernel))
            share = cross_fitted(true, by_network, by_kernel, list(keys[half]))
            found[half, p] = blended(by_network, by_kernel, share)[:, 0]
    return found


def by_errors(
    measured: np.ndarray, network: np.ndarray, kernel: np.ndarray, clues: np.ndarray, polymers: list[str]
) -> np.ndarray:
    """Shares in the inverse proportion of the squares of the errors that the clues let expect."""
    group, found = polymer_groups(polymers), np.zeros(measured.shape)
    for p in range(measured.shape[1]):
        for g in np.unique(group):
            others = np.flatnonzero((group != g) & np.isfinite(measured[:, p]))
            squares = []
            for part in (network, kernel):
                weights = fit_expected_error(clues[others, p], np.abs(part - measured)[others, p])
                squares.append(expected_error(clues[group == g, p], weights) ** 2)
            share = squares[1] / (squares[0] + squares[1])
            found[group == g, p] = share * network[group == g, p] + (1 - share) * kernel[group == g, p]
    return found


if __name__ == "__main__":
    main()
