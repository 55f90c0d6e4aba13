#!/usr/bin/env python3
"""Whether ideas for the kernel regression, or a member beside it, lower the errors of held-out polymers, as a table in Markdown.

    python scripts/studies/kernel_ideas.py TABLE                     # such as the PolyID database: some minutes
    python scripts/studies/kernel_ideas.py TABLE --repeats 1         # a first look

Each idea is compared with the kernel regression as it is on the same folds, several times divided at random, all rows of a polymer
in one fold. A gain is the mean fall of a polymer's absolute error, over the repeats, ± its standard error over the polymers; an idea is
worth building if its gain exceeds that error, and it has no equally large loss elsewhere. Networks are not trained here.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.impute import IterativeImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVR

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.chemistry.composition import PolymerFragments
from polyid.common.files import write_text
from polyid.data.dataset import Dataset
from polyid.data.training_table import read_training_table
from polyid.kernel.regression import PENALTY, TUBE, fit_member
from polyid.kernel.similarity import ReferencePolymers
from polyid.kernel.trend import RIDGE, choose_trend, linear_kernel

OUTPUT = Path(__file__).with_suffix(".md")
FOLDS, TREES, COLUMNS = 5, 300, 2048
MOST_FRAGMENTS = 600
"""Columns of counts that trees see: those that most polymers have."""
FEWEST = 40
"""Polymers with a value, below which a property is left out."""
GASES = "log10_Permeability_"
MODULUS = "YoungMod"


@dataclass(frozen=True)
class Split:
    """One division of n polymers: labels (n, P), those that may be seen, similarities (n, n), and columns (n, K) for trees."""

    names: list[str]
    seen: np.ndarray
    references: ReferencePolymers
    similarity: np.ndarray
    columns: np.ndarray
    new: np.ndarray
    seed: int


def kernel(split: Split) -> np.ndarray:
    """The regression as it is: predictions (n, P), of which those of `new` count."""
    return fit_member(split.references, split.similarity, split.seen).predict(
        split.similarity, split.references.descriptors
    )


def without_slopes(split: Split) -> np.ndarray:
    """Without the linear part: descriptors in infinite units are all the same."""
    infinite = np.full(split.references.descriptors.shape[1], np.inf)
    blind = ReferencePolymers(split.references.fragments, split.references.labels, np.zeros(len(infinite)), infinite)
    return fit_member(blind, split.similarity, split.seen).predict(split.similarity, blind.descriptors)


def bagged(split: Split) -> np.ndarray:
    """Mean of five regressions, each on nine tenths of the polymers drawn at random."""
    found = []
    for draw in range(5):
        left_out = np.random.default_rng([split.seed, draw]).random(len(split.seen)) < 0.1
        seen = np.where(left_out[:, None], np.nan, split.seen)
        found.append(
            fit_member(split.references, split.similarity, seen).predict(split.similarity, split.references.descriptors)
        )
    return np.mean(found, axis=0)


def told_the_most_frequent(split: Split) -> np.ndarray:
    """The property with most values, as it is predicted by polymers other than the one, compared besides the fragments."""
    most = int(np.argmax(np.isfinite(split.seen).sum(axis=0)))
    told = kernel(split)[:, most]
    known = np.flatnonzero(np.isfinite(split.seen[:, most]))
    for part in np.array_split(np.random.default_rng(split.seed).permutation(known), FOLDS):
        seen = split.seen[:, [most]].copy()
        seen[part] = np.nan
        member = fit_member(split.references, split.similarity, seen)
        told[part] = member.predict(split.similarity[part], split.references.descriptors[part])[:, 0]
    apart = (told[:, None] - told[None]) / told.std()
    similarity = (0.8 * split.similarity + 0.2 * np.exp(-(apart**2))).astype(np.float32)
    found = fit_member(split.references, similarity, split.seen).predict(similarity, split.references.descriptors)
    found[:, most] = kernel(split)[:, most]
    return found


def weighted(split: Split) -> np.ndarray:
    """Labels that the regression without them contradicts most are believed less: the worst tenth by half."""
    described = split.references.descriptors
    found = np.full(split.seen.shape, np.nan)
    for p, labels in enumerate(split.seen.T):
        known = np.flatnonzero(np.isfinite(labels))
        gram = split.similarity[np.ix_(known, known)].astype(float)
        scaled = (labels[known] - np.median(labels[known])) / labels[known].std()
        trend = choose_trend(gram, described[known], scaled)
        gram += trend * linear_kernel(described[known], described[known])
        inverse = np.linalg.inv(gram + RIDGE * np.eye(len(known)))
        off = np.abs(inverse @ scaled / inverse.diagonal())
        weight = np.where(off > np.quantile(off, 0.9), 0.5, 1.0)
        both = [
            KernelRidge(alpha=RIDGE, kernel="precomputed").fit(gram, scaled, weight),
            SVR(kernel="precomputed", C=PENALTY, epsilon=TUBE).fit(gram, scaled, weight),
        ]
        asked = split.similarity[np.ix_(split.new, known)].astype(float)
        asked += trend * linear_kernel(described[split.new], described[known])
        mean = np.mean([model.predict(asked) for model in both], axis=0)
        found[split.new, p] = mean * labels[known].std() + np.median(labels[known])
    return found


def logarithm(split: Split) -> np.ndarray:
    """The modulus learnt as its logarithm."""
    seen, place = split.seen.copy(), [p for p, name in enumerate(split.names) if name == MODULUS]
    seen[:, place] = np.log10(np.maximum(seen[:, place], 1e-3))
    found = fit_member(split.references, split.similarity, seen).predict(split.similarity, split.references.descriptors)
    found[:, place] = 10.0 ** found[:, place]
    return found


def half_logarithm(split: Split) -> np.ndarray:
    """Mean of the modulus learnt as it is and as its logarithm."""
    return (kernel(split) + logarithm(split)) / 2


def imputed_gases(split: Split) -> np.ndarray:
    """Gases that were not measured of a training polymer, from those that were, as further labels."""
    gases = [p for p, name in enumerate(split.names) if name.startswith(GASES)]
    seen = split.seen.copy()
    if len(gases) > 1:
        some = np.isfinite(seen[:, gases]).any(axis=1)
        imputer = IterativeImputer(max_iter=20, random_state=split.seed)
        seen[np.ix_(some, gases)] = imputer.fit_transform(seen[np.ix_(some, gases)])
    return fit_member(split.references, split.similarity, seen).predict(split.similarity, split.references.descriptors)


def _each(split: Split, fit: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]) -> np.ndarray:
    """A regression of its own for each property, from the columns for trees."""
    found = np.full(split.seen.shape, np.nan)
    for p, labels in enumerate(split.seen.T):
        known = np.isfinite(labels)
        found[split.new, p] = fit(split.columns[known], labels[known])(split.columns[split.new])
    return found


def forest(split: Split) -> np.ndarray:
    """A random forest on the same fragments and descriptors."""
    return _each(
        split,
        lambda x, y: (
            RandomForestRegressor(TREES, max_features=1 / 3, n_jobs=2, random_state=split.seed).fit(x, y).predict
        ),
    )


def extra_trees(split: Split) -> np.ndarray:
    """Extremely randomised trees (Geurts et al., Machine Learning 2006, 63, 3)."""
    return _each(
        split,
        lambda x, y: (
            ExtraTreesRegressor(TREES, max_features=1 / 3, n_jobs=2, random_state=split.seed).fit(x, y).predict
        ),
    )


def boosting(split: Split) -> np.ndarray:
    """Gradient-boosted trees with an absolute loss."""

    def fit(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=200, learning_rate=0.05, max_leaf_nodes=15, random_state=split.seed
        ).fit(x, y).predict  # fmt: skip

    return _each(split, fit)


def gaussian_process(split: Split) -> np.ndarray:
    """A Gaussian process on the principal similarities, noise by the marginal likelihood."""
    found = np.full(split.seen.shape, np.nan)
    for p, labels in enumerate(split.seen.T):
        known = np.flatnonzero(np.isfinite(labels))
        values, vectors = np.linalg.eigh(split.similarity[np.ix_(known, known)].astype(float))
        kept = np.argsort(values)[::-1][: min(60, len(known) // 2)]
        project = vectors[:, kept] / np.sqrt(np.maximum(values[kept], 1e-9))
        x = split.similarity[:, known].astype(float) @ project
        centre, scale = labels[known].mean(), labels[known].std()
        model = GaussianProcessRegressor(ConstantKernel() * RBF(1.0) + WhiteKernel(0.1), normalize_y=False)
        model.fit(x[known], (labels[known] - centre) / scale)
        found[split.new, p] = centre + scale * model.predict(x[split.new])
    return found


IDEAS: dict[str, tuple[Callable[[Split], np.ndarray], bool]] = {
    "without the linear part": (without_slopes, False),
    "bagged, five draws": (bagged, False),
    "told the property with most values": (told_the_most_frequent, False),
    "contradicted labels weighted less": (weighted, False),
    "modulus as a logarithm": (logarithm, False),
    "modulus half as a logarithm": (half_logarithm, False),
    "missing gases imputed": (imputed_gases, False),
    "with a forest": (forest, True),
    "with extremely randomised trees": (extra_trees, True),
    "with boosted trees": (boosting, True),
    "with a Gaussian process": (gaussian_process, True),
}
"""What is tried, and whether it stands beside the regression, as the mean of both."""


def main() -> None:
    """Compare the ideas and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="table of polymers and properties, such as the PolyID database")
    parser.add_argument("--repeats", type=int, default=3, help="divisions into folds")
    parser.add_argument("--only", nargs="+", choices=list(IDEAS), default=list(IDEAS))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args()
    table = read_training_table(asked.table)
    names = [name for name in table.properties if table.labels[name] >= FEWEST]
    dataset = Dataset.of_table(table.frame, names, table.chain)
    structures = np.arange(len(dataset.structure_keys))
    labels = dataset.mean_labels(np.arange(len(dataset.frame)), structures)
    keys = pd.Series(dataset.keys).groupby(dataset.structure).first().reindex(structures).to_numpy()
    fragments = dataset.fragments
    columns = _columns(fragments)
    errors: dict[str, list[np.ndarray]] = {name: [] for name in ["", *asked.only]}
    for repeat in range(asked.repeats):
        told = held_out(names, labels, keys, fragments, columns, repeat, asked.only)
        for name, found in told.items():
            errors[name].append(np.abs(found - labels))
        write_text(asked.output, text(names, errors, Path(asked.table).name))
        print(f"repeat {repeat + 1} of {asked.repeats}", file=sys.stderr)
    print(asked.output.read_text(encoding="utf-8"))


def held_out(
    names: list[str],
    labels: np.ndarray,
    keys: np.ndarray,
    fragments: PolymerFragments,
    columns: np.ndarray,
    seed: int,
    only: list[str],
) -> dict[str, np.ndarray]:
    """Predictions of every polymer by what did not see it, as it is now (named "") and by each idea, all (n, P)."""
    polymers = pd.unique(keys)
    order = np.random.default_rng(seed).permutation(len(polymers)) % FOLDS
    fold = pd.Series(order, polymers).reindex(keys).to_numpy()
    found = {name: np.full(labels.shape, np.nan) for name in ["", *only]}
    references = ReferencePolymers(fragments, labels)
    similarity = references.similarity(fragments)
    for number in range(FOLDS):
        new = fold == number
        seen = np.where(new[:, None], np.nan, labels)
        split = Split(names, seen, references, similarity, columns, new, seed)
        now = kernel(split)
        found[""][new] = now[new]
        for name in only:
            idea, beside = IDEAS[name]
            told = idea(split)
            found[name][new] = ((told + now) / 2 if beside else told)[new]
    return found


def _columns(fragments: PolymerFragments) -> np.ndarray:
    """For trees: counts of radius 3 per heavy atom, folded, and the descriptors, float32 (n, K)."""
    folded = np.zeros((len(fragments), COLUMNS), np.float32)
    for row, (hashes, counts) in enumerate(zip(fragments.keys[1], fragments.counts[1], strict=True)):
        np.add.at(folded[row], hashes % COLUMNS, counts)
    common = np.argsort(-(folded > 0).sum(axis=0), kind="stable")[:MOST_FRAGMENTS]
    return np.hstack([folded[:, common], fragments.composition.astype(np.float32)])


def text(names: list[str], errors: dict[str, list[np.ndarray]], table: str) -> str:
    """The table in Markdown."""
    now = np.mean(errors[""], axis=0)
    lines = [
        "# Ideas for the kernel regression, tried",
        "",
        f"Polymers of `{table}` in {FOLDS} folds, divided at random {_times(len(errors['']))}, all rows of a polymer in one fold; made by",
        "`python scripts/studies/kernel_ideas.py TABLE`. First the mean absolute error of the kernel regression as it is, then what each idea",
        "takes off it, ± the standard error over the polymers (negative: it adds to it). *With* is the mean of both. In bold: above two standard",
        "errors. Networks had no part in it: what helps here need not help beside them.",
        "",
        f"| idea | {' | '.join(names)} |",
        f"| --- |{' ---: |' * len(names)}",
        f"| polymers | {' | '.join(str(int(np.isfinite(column).sum())) for column in now.T)} |",
        f"| as it is | {' | '.join(f'{np.nanmean(column):.3g}' for column in now.T)} |",
    ]
    for name, found in errors.items():
        if name and found:
            gain = now - np.mean(found, axis=0)
            lines.append(f"| {name} | {' | '.join(map(_gain, gain.T))} |")
    return "\n".join([*lines, ""])


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _gain(gains: np.ndarray) -> str:
    known = gains[np.isfinite(gains)]
    mean, error = known.mean(), known.std(ddof=1) / np.sqrt(len(known))
    if not mean and not error:
        return "0"
    shown = f"{mean:+.2g} ± {error:.1g}"
    return f"**{shown}**" if abs(mean) > 2 * error else shown


if __name__ == "__main__":
    main()
