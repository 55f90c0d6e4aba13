"""Dividing polymers into folds: which rows a network never sees, and how alike what it sees may be.

Whatever the split, all rows of one polymer, of any tacticity or replicate, are held out together, so a fold's error is
that of polymers the network has not met:

    stratified      each fold gets the same share of each mechanism (or class) of polymer
    random          polymers at random
    scaffold        polymers with similar repeat units together: the error on chemistry that is new
    column:NAME     the user's own folds, by name, from a column of the table
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from polyid.config.parameters import DEFAULT_SPLIT, GIVEN_SPLIT, split_column
from polyid.config.ranges import check_number
from polyid.data.clusters import repeat_unit_clusters
from polyid.data.dataset import Dataset
from polyid.data.keys import polymer_keys, strata
from polyid.errors import TrainingError


def assign_folds(
    data: pd.DataFrame, folds: int, split: str = DEFAULT_SPLIT, *, seed: int = 0, shuffle: bool = True
) -> pd.Series:
    """The fold each row is held out in.

    Parameters
    ----------
    data : pandas.DataFrame
        With ``smiles_monomer`` or ``smiles_polymer``, and what the split looks at: ``mechanism`` or ``class``,
        ``smiles_polymer`` for scaffolds, the named column.
    folds : int
        Number of folds; a column of folds has its own number.
    split : str
        One of `SPLITS`, or ``column:NAME``.
    seed : int
        The same data, split and seed give the same folds.
    shuffle : bool
        Without it `seed` is not looked at.

    Returns
    -------
    pandas.Series
        Of `data`'s index: 0 to ``folds - 1``, or the names in the column.

    Raises
    ------
    TrainingError
        There are fewer polymers, or clusters of them, than folds; a column is missing, has an empty cell, fewer than
        two folds, or one polymer in two.
    """
    polymers = polymer_keys(data)
    if (column := split_column(split)) is not None:
        return _own_folds(data, column, polymers)
    distinct, folds = len(set(polymers)), check_number("kfolds", folds)
    if folds > distinct:
        raise TrainingError(
            f"{folds} folds need at least {folds} different polymers with a label; the data has {distinct}. "
            "Use fewer folds or add data."
        )
    state = check_number("seed", seed) if shuffle else None
    if split == "scaffold":
        return _fill_folds(repeat_unit_clusters(data), folds, state)
    found = _stratified(data, polymers, folds, state) if split == "stratified" else None
    if found is None:
        found = GroupKFold(folds, shuffle=shuffle, random_state=state).split(data, groups=polymers)
    return _numbered(data, found)


def _stratified(data: pd.DataFrame, polymers: list[str], folds: int, state: int | None) -> list | None:
    """Folds of equal shares; None where nothing is known to share by, every kind is too rare, or a fold would be empty."""
    kinds = strata(data)
    if kinds is None or kinds.value_counts().max() < folds:
        return None
    splitter = StratifiedGroupKFold(folds, shuffle=state is not None, random_state=state)
    with warnings.catch_warnings():
        # A mechanism with fewer polymers than folds can't be in each fold; the rest is still stratified.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = list(splitter.split(data, kinds, polymers))
    return found if all(len(held_out) for _, held_out in found) else None


def _numbered(data: pd.DataFrame, found: Any) -> pd.Series:
    fold = np.empty(len(data), int)
    for number, (_, held_out) in enumerate(found):
        fold[held_out] = number
    return pd.Series(fold, data.index)


def _own_folds(data: pd.DataFrame, column: str, polymers: list[str]) -> pd.Series:
    """Folds by the names in a user's column."""
    if column not in data:
        raise TrainingError(
            f"The table has no column {column} to take the folds from; its columns are "
            f"{', '.join(map(str, data.columns[:12]))}. Correct the name, or choose another split."
        )
    names = data[column].fillna("").astype(str).str.strip()
    rows = data["row"].tolist() if "row" in data else list(range(1, len(data) + 1))
    homes: dict[str, tuple[str, int]] = {}
    for row, name, polymer in zip(rows, names, polymers, strict=True):
        if not name:
            raise TrainingError(f"Row {row} has no fold in the column {column}; write the name of one.")
        home, first = homes.setdefault(polymer, (name, row))
        if home != name:
            raise TrainingError(
                f"Rows {first} and {row} are the same polymer, {polymer}, but the column {column} puts them in the "
                f"folds {home} and {name}; put all rows of a polymer in one fold."
            )
    distinct = sorted(set(names), key=_natural)
    if len(distinct) < 2:
        raise TrainingError(
            f"The column {column} names one fold only, {distinct[0]}; cross-validation needs at least 2."
        )
    return pd.Series(pd.Categorical(names, distinct, ordered=True), data.index)


def _natural(name: str) -> tuple[int, float, str]:
    """Sorts numbers by value, before other names."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def fold_names(assigned: pd.Series) -> list:
    """The folds of `assign_folds`, in their order."""
    if isinstance(assigned.dtype, pd.CategoricalDtype):
        return list(assigned.cat.categories)
    return [int(number) for number in sorted(assigned.unique())]


def _fill_folds(clusters: pd.Series, folds: int, state: int | None) -> pd.Series:
    """Give whole clusters to folds, the largest first, each to the fold with the fewest rows so far."""
    sizes = clusters.value_counts().sort_index()
    if len(sizes) < folds:
        raise TrainingError(
            f"{folds} folds need at least {folds} clusters of similar repeat units; the data has {len(sizes)}. "
            "Use fewer folds, or the random or stratified split."
        )
    if state is not None:
        sizes = sizes.iloc[np.random.default_rng(state).permutation(len(sizes))]
    filled, home = [0] * folds, {}
    for cluster, size in sizes.sort_values(ascending=False, kind="stable").items():
        home[cluster] = int(np.argmin(filled))
        filled[home[cluster]] += int(size)
    return clusters.map(home)


def repeated_folds(
    dataset: Dataset, folds: int, split: str = DEFAULT_SPLIT, *, seed: int = 0, shuffle: bool = True, repeats: int = 1
) -> dict[Any, dict[str, list]]:
    """Divide a data set once or several times; keywords as of `assign_folds`.

    Returns
    -------
    dict
        ``{fold: {"train": [data ids], "validate": [data ids]}}``. Further divisions count on from the first: ``0``, ``1``,
        ``0/2``, ``1/2``.

    Raises
    ------
    TrainingError
        The data can't be divided so, or two folds have one name.
    """
    if repeats < 1:
        raise TrainingError(f"The data is to be divided {repeats} times; it must be at least once.")
    divisions: dict[Any, dict[str, list]] = {}
    for repeat in range(repeats):
        drawn = seed if repeat == 0 else int(np.random.SeedSequence([seed, 6, repeat]).generate_state(1)[0])
        fold = assign_folds(dataset.frame, folds, split, seed=drawn, shuffle=shuffle)
        for name in fold_names(fold):
            numbered = name if repeat == 0 else f"{name}/{repeat + 1}"
            if numbered in divisions:
                raise TrainingError(
                    f"The fold {numbered} has the name of the fold {name} in division {repeat + 1}; give the folds of "
                    "the column other names, or divide the data once."
                )
            inside = (fold == name).to_numpy()
            divisions[numbered] = {
                "train": sorted(set(dataset.ids[~inside].tolist())),
                "validate": sorted(set(dataset.ids[inside].tolist())),
            }
    return divisions


def check_labels(dataset: Dataset) -> None:
    """Refuse folds without a training label of a property."""
    for fold in dataset.folds:
        for name, labels in zip(dataset.properties, dataset.labels.T, strict=True):
            if not np.isfinite(labels[fold.train]).any():
                raise TrainingError(
                    f"Fold {fold.name} has no training label of {name}: the data has {int(np.isfinite(labels).sum())} "
                    f"in all. Leave {name} out, add data, or use fewer folds."
                )


def split_record(dataset: Dataset, split: str, seed: int) -> dict[str, Any]:
    """What `splits.json` holds, so that anyone with the table can draw the same folds again.

    Parameters
    ----------
    dataset : Dataset
        In its folds.
    split : str
    seed : int

    Returns
    -------
    dict
        ``grouped_by``, ``split``, ``seed`` and ``held_out``: fold to sorted keys of polymers. Folds that were handed
        in may part a polymer; their ``data_ids`` are listed too.
    """
    record: dict[str, Any] = {
        "grouped_by": "polymer",
        "split": split,
        "seed": seed,
        "held_out": {fold.name: sorted({dataset.keys[row] for row in fold.held_out}) for fold in dataset.folds},
    }
    if split == GIVEN_SPLIT:
        record["grouped_by"] = "data_id"
        record["data_ids"] = {fold.name: sorted(set(dataset.ids[fold.held_out].tolist())) for fold in dataset.folds}
    return record


def recorded_folds(record: Mapping[str, Any], dataset: Dataset) -> dict[str, dict[str, list]]:
    """The folds of a `splits.json`, for a table that has the same polymers.

    Parameters
    ----------
    record : mapping
        Content of `splits.json`.
    dataset : Dataset

    Returns
    -------
    dict
        ``{fold: {"train": [data ids], "validate": [data ids]}}``.

    Raises
    ------
    TrainingError
        A polymer of the table is in no fold of the record.
    """
    if "data_ids" in record:
        everything = set(dataset.ids.tolist())
        return {
            fold: {"train": sorted(everything - set(ids)), "validate": list(ids)}
            for fold, ids in record["data_ids"].items()
        }
    held_out = {fold: set(polymers) for fold, polymers in record["held_out"].items()}
    recorded = set().union(*held_out.values())
    unknown = next((key for key in dataset.keys if key not in recorded), None)
    if unknown is not None:
        raise TrainingError(
            f"The polymer {unknown} is in none of the recorded folds; use the table the folds were drawn from."
        )
    folds = {}
    for name, polymers in held_out.items():
        inside = np.array([key in polymers for key in dataset.keys], bool)
        folds[name] = {
            "train": np.unique(dataset.ids[~inside]).tolist(),
            "validate": np.unique(dataset.ids[inside]).tolist(),
        }
    return folds
