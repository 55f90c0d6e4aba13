"""What to train and how: what command line, trainer Space and estimate all begin with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, Parameters, split_column
from polyid.config.parameters import preset as preset_parameters
from polyid.config.ranges import check_number
from polyid.config.settings import settings_from
from polyid.data.splits import assign_folds, fold_names
from polyid.data.training_table import TrainingTable
from polyid.errors import TrainingError
from polyid.graphs.features import feature_set


@dataclass(frozen=True)
class Plan:
    """A training run as it is asked for.

    Attributes
    ----------
    data : path
        A table of polymers and properties.
    properties : sequence of str, optional
        By default all that the table has.
    preset : str
        Name in `polyid.config.parameters.PRESETS`.
    folds, epochs : int, optional
        Instead of the preset's.
    seed : int
        Of folds, weights, order and dropout.
    split : str
        How polymers are divided: ``stratified``, ``random``, ``scaffold`` or ``column:NAME``; see `polyid.data.splits`.
    columns : dict, optional
        What the table's columns mean, as `polyid.data.described.describe_columns` writes it; recognised when None.
    changes : dict, optional
        Other parameters than the preset's, by their name in `polyid.config.parameters.Parameters`.
    """

    data: str | os.PathLike
    properties: Sequence[str] | None = None
    preset: str = DEFAULT_PRESET
    folds: int | None = None
    epochs: int | None = None
    seed: int = 0
    split: str = DEFAULT_SPLIT
    columns: dict[str, dict[str, str | None]] | None = None
    changes: Mapping[str, Any] | None = None

    def parameters(self) -> Parameters:
        """All parameters, checked.

        Raises
        ------
        TrainingError
            One of them can't be.
        """
        seed = check_number("seed", self.seed)
        named = {"kfolds": self.folds, "epochs": self.epochs, "seed": seed, "preset": self.preset}
        params = preset_parameters(self.preset, **{**(self.changes or {}), **named})
        split_column(self.split)
        settings_from(params.to_dict(), seed)
        feature_set(params.features)
        return params


def polymer_count(table: TrainingTable, properties: Sequence[str]) -> int:
    """How many different polymers have a value of at least one of the properties."""
    labelled = table.frame[list(properties)].notna().any(axis=1)
    return table.frame.loc[labelled, "smiles_monomer"].nunique()


def possible_folds(table: TrainingTable, properties: Sequence[str], folds: int, split: str, seed: int) -> int:
    """How many folds a table is divided into: as many as asked for, or as its column of folds names.

    Parameters
    ----------
    table : TrainingTable
        Read with that column, if the split is one.
    properties : sequence of str
        Those to train on.
    folds : int
    split : str
    seed : int

    Raises
    ------
    TrainingError
        The table has none of a property, too few polymers, or can't be divided so.
    """
    unknown = [name for name in properties if name not in table.labels]
    if unknown:
        raise TrainingError(f"The table has no column {unknown[0]}: choose among {', '.join(table.labels)}.")
    polymers = polymer_count(table, properties)
    if folds > polymers and split_column(split) is None:
        remedy = f"choose {polymers} folds or fewer" if polymers > 1 else "add data, or choose other properties"
        raise TrainingError(
            f"{folds} folds need at least {folds} polymers, and the properties to learn have {polymers}: {remedy}."
        )
    labelled = table.frame[table.frame[list(properties)].notna().any(axis=1)]
    return len(fold_names(assign_folds(labelled, folds, split, seed=seed)))
