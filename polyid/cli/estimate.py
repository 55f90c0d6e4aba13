"""``polyid estimate``: what training would take, before it begins."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from polyid.cli.command import Columns, checked_columns, find_model, find_table, say
from polyid.cli.train import Epochs, Folds, InitFrom, Preset, Properties, Seed, Split
from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, split_column
from polyid.config.parameters import preset as preset_parameters


def estimate(
    data: Annotated[str, typer.Argument(help="CSV, TSV, XLSX or Parquet table of polymers and properties.")],
    properties: Properties = None,
    preset: Preset = DEFAULT_PRESET,
    folds: Folds = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    split: Split = DEFAULT_SPLIT,
    column: Columns = None,
    init_from: InitFrom = None,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what was measured before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what training takes in time, memory, money and energy, here and on rented hardware.

    Some steps of the real network are timed for seconds, and scaled by polymers, folds and epochs.
    """
    from polyid.bundle.contents import architecture
    from polyid.data.training_table import read_training_table
    from polyid.ensemble.plan import Plan, possible_folds
    from polyid.estimate.estimate import estimate as estimated
    from polyid.estimate.measured import kept, measure, space_flavor

    table = find_table(data)
    params = preset_parameters(preset, kfolds=folds, epochs=epochs, seed=seed)
    columns = checked_columns(table, column, properties or None)
    plan = Plan(
        table,
        properties or None,
        preset,
        folds=None if folds is None else params.kfolds,
        epochs=params.epochs,
        seed=params.seed or 0,
        split=split,
        columns=columns,
        changes=None if init_from is None else architecture(find_model(init_from).folder),
    )
    kfolds, own = plan.parameters().kfolds, split_column(split)
    if again or kept(plan) is None:
        rows = read_training_table(table, properties or None, keep=[own] if own else (), columns=columns)
        possible_folds(rows, properties or list(rows.labels), kfolds, split, plan.seed)
        say("Timing some steps of the real network …")
    answer = estimated(measure(plan, again=again), preset, space_flavor())
    print(json.dumps(answer.to_dict(), indent=2) if as_json else "\n".join(answer.lines()))
