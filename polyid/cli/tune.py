"""``polyid tune``: parameters of training, searched for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyid.cli.command import Columns, checked_columns, find_table, load_engine, say
from polyid.cli.train import Epochs, Folds, Preset, Properties, Seed, Split
from polyid.common.ray_cluster import check_ray
from polyid.config.parameters import DEFAULT_PRESET, DEFAULT_SPLIT, split_column
from polyid.config.parameters import preset as preset_parameters
from polyid.config.ranges import check_number
from polyid.errors import Cancelled, DataError


def tune(
    data: Annotated[str, typer.Argument(help="CSV, TSV, XLSX or Parquet table of polymers and properties.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the search, its report and the best model.")],
    trials: Annotated[
        float, typer.Option(metavar="N", help="Ensembles to train in all, the first with the preset's own parameters.")
    ] = 20,
    search: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=LOW:HIGH]...", help="Parameters to vary; by default six of network and training."),
    ] = None,
    properties: Properties = None,
    preset: Preset = DEFAULT_PRESET,
    folds: Folds = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    split: Split = DEFAULT_SPLIT,
    column: Columns = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in DIR, to N trials in all.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, only a line a trial.")] = False,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Trials side by side on a Ray cluster: pip install 'polyid-spaces[ray]'."),
    ] = None,
) -> None:
    """Search for better parameters: train ensembles, compare their out-of-fold errors, keep the best."""
    from polyid.tuning.space import search_space
    from polyid.tuning.study import STUDY_FILE, check_optuna

    wanted = check_number("trials", trials)
    settings = preset_parameters(preset, kfolds=folds, epochs=epochs, seed=seed)
    split_column(split)
    space = search_space(preset, search)
    check_optuna()
    if ray is not None:
        check_ray(ray)
    begun = (output / STUDY_FILE).is_file()
    if begun and not resume:
        raise DataError(f"{output} already holds a search; add --resume to go on with it, or choose another --output.")
    if not begun and output.is_dir() and any(output.iterdir()):
        raise DataError(f"{output} is a folder with something else in it; choose another --output.")
    table = find_table(data)
    columns = checked_columns(table, column, properties or None)
    load_engine()
    from polyid.ensemble.plan import Plan
    from polyid.tuning.workflow import tune as search_for

    plan = Plan(
        table,
        properties or None,
        preset,
        folds=None if folds is None else settings.kfolds,
        epochs=None if epochs is None else settings.epochs,
        seed=settings.seed or 0,
        split=split,
        columns=columns,
    )
    try:
        best = search_for(plan, output, wanted, space, ray=ray, say=say, verbose=not quiet)
    except (KeyboardInterrupt, Cancelled):
        say(f"What was tried is in {output}; the same command with --resume goes on.")
        raise
    print(
        f"Best is trial {best['number']}, error {best['error']:.4f}; its model is in {output / 'best'}, the report in {output / 'report.md'}"
    )
