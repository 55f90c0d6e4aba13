"""From a table to a trained model folder: what command line and trainer Space both run."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from polyid.common.progress import Progress, ProgressCallback
from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, split_column
from polyid.config.parameters import preset as preset_parameters
from polyid.config.ranges import check_number
from polyid.config.settings import settings_from
from polyid.data.training_table import read_training_table
from polyid.ensemble.multi_model import MultiModel
from polyid.errors import TrainingError
from polyid.graphs.features import feature_set
from polyid.graphs.preprocessor import PolymerPreprocessor


def train_ensemble(
    data: str | os.PathLike,
    output: str | os.PathLike,
    *,
    properties: Sequence[str] | None = None,
    preset: str = DEFAULT_PRESET,
    folds: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    split: str = DEFAULT_SPLIT,
    columns: dict[str, dict[str, str | None]] | None = None,
    resume: bool = False,
    progress: ProgressCallback | None = None,
    verbose: bool = False,
) -> MultiModel:
    """Read a table, train an ensemble with a preset, and write the model: what command line and trainer Space both run.

    Parameters
    ----------
    data : path
        A table of polymers and properties.
    output : path
        Folder for the model.
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
    resume : bool
        Continue an interrupted run in `output`.
    progress : callable, optional
        Called with `Progress` records; may raise `polyid.errors.Cancelled`.
    verbose : bool
        Show a progress bar in the terminal.
    """
    from polyid.nn.builders import global100

    seed = check_number("seed", seed)
    params = preset_parameters(preset, kfolds=folds, epochs=epochs, seed=seed, preset=preset)
    column = split_column(split)
    settings_from(params.to_dict(), seed)
    features = feature_set(params.features)
    if progress is not None:
        progress(Progress("preparing", (), params.kfolds, 0, params.epochs, np.nan, np.nan, 0.0, 0.0, 0.0, None))
    ensemble = MultiModel()
    table = read_training_table(
        data,
        list(properties) if properties else None,
        ensemble.chain,
        keep=[column] if column else (),
        columns=columns,
    )
    ensemble.load_table(table, properties, columns)
    repeats = params.repeats
    ensemble.split_data(kfolds=params.kfolds, seed=seed, split=split, repeats=repeats)
    found = len(ensemble.models) // repeats
    if folds is not None and folds != found:
        raise TrainingError(f"The column {column} names {found} folds, not {folds}; leave the number of folds out.")
    params.kfolds = found
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(
        PolymerPreprocessor,
        *features,
        explicit_hs=params["explicit_hs"],
    )
    ensemble.train_models(
        global100,
        model_params=params.to_dict(),
        verbose=verbose,
        save_folder=output,
        progress=progress,
        resume=resume,
    )
    return ensemble
