"""From a table to a trained model folder: what command line and trainer Space both run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from polyid.common.progress import ProgressCallback
from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, Parameters, split_column
from polyid.config.ranges import check_number
from polyid.data.training_table import read_training_table
from polyid.ensemble.expected_times import start_up_seconds
from polyid.ensemble.multi_model import MultiModel
from polyid.ensemble.plan import Plan
from polyid.ensemble.stages import Stages
from polyid.ensemble.starting_point import StartingPoint
from polyid.errors import TrainingError
from polyid.graphs.features import feature_set
from polyid.graphs.preprocessor import PolymerPreprocessor


def prepared(plan: Plan, stages: Stages) -> tuple[MultiModel, Parameters]:
    """The ensemble that a plan asks for as far as it is before its first step: data read and divided, polymers featurised."""
    params = plan.parameters()
    column = split_column(plan.split)
    stages.folds, stages.epochs = params.kfolds, params.epochs
    stages.at("reading", 0.0)
    ensemble = MultiModel()
    table = read_training_table(
        plan.data,
        list(plan.properties) if plan.properties else None,
        ensemble.chain,
        keep=[column] if column else (),
        columns=plan.columns,
    )
    ensemble.load_table(table, plan.properties, plan.columns)
    stages.at("reading", 0.5)
    ensemble.split_data(
        kfolds=params.kfolds, seed=check_number("seed", plan.seed), split=plan.split, repeats=params.repeats
    )
    found = len(ensemble.models) // params.repeats
    if plan.folds is not None and plan.folds != found:
        raise TrainingError(
            f"The column {column} names {found} folds, not {plan.folds}; leave the number of folds out."
        )
    params.kfolds = stages.folds = found
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(
        PolymerPreprocessor,
        *feature_set(params.features),
        explicit_hs=params["explicit_hs"],
    )
    stages.at("reading", 0.75)
    return ensemble, params


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
    changes: Mapping[str, Any] | None = None,
    init_from: StartingPoint | None = None,
    resume: bool = False,
    progress: ProgressCallback | None = None,
    expected: Mapping[str, float] | None = None,
    verbose: bool = False,
    ray: str | None = None,
) -> MultiModel:
    """Read a table, train an ensemble with a preset, and write the model: what command line and trainer Space both run.

    Parameters
    ----------
    data, properties, preset, folds, epochs, seed, split, columns, changes
        As of `Plan`.
    output : path
        Folder for the model.
    init_from : StartingPoint, optional
        Another model whose networks training begins with. Its widths, rounds and features take the place of the preset's.
    resume : bool
        Continue an interrupted run in `output`.
    progress : callable, optional
        Called with `Progress` records; may raise `polyid.errors.Cancelled`.
    expected : mapping of str to float, optional
        Seconds by stage, if they were estimated.
    verbose : bool
        Show a progress bar in the terminal.
    ray : str, optional
        Address of a Ray cluster to train on.
    """
    from polyid.nn.builders import global100

    if init_from is not None:
        changes = {**init_from.architecture, **(changes or {})}
    plan = Plan(data, properties, preset, folds, epochs, seed, split, columns, changes)
    stages = Stages(progress, expected, spent=start_up_seconds())
    ensemble, params = prepared(plan, stages)
    if init_from is not None:
        ensemble.start_from(init_from)
    ensemble.train_models(
        global100,
        model_params=params.to_dict(),
        verbose=verbose,
        save_folder=output,
        progress=stages,
        resume=resume,
        ray=ray,
    )
    return ensemble
