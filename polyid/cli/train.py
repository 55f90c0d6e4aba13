"""``polyid train``: an ensemble from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyid.bundle.layout import has_manifest
from polyid.cli.command import Columns, check_output, checked_columns, find_model, find_table, load_engine
from polyid.cli.train_elsewhere import HERE, HF_JOBS, PLACES, place, train_on_jobs
from polyid.common.ray_cluster import check_ray
from polyid.config.parameters import (
    DEFAULT_PRESET,
    DEFAULT_SPLIT,
    PRESET_CARDS,
    PRESETS,
    SPLITS,
    changes_from,
    split_column,
)
from polyid.config.parameters import preset as preset_parameters
from polyid.config.ranges import RANGES
from polyid.config.settings import check_freeze
from polyid.ensemble.trackio_log import check_trackio, curves_in

if TYPE_CHECKING:
    from polyid.ensemble.multi_model import MultiModel


def _preset_name(name: str) -> str:
    if name not in PRESETS:
        raise typer.BadParameter(f"{name!r} is none; choose one of {', '.join(sorted(PRESETS))}.")
    return name


Properties = Annotated[
    list[str] | None, typer.Option(metavar="NAME...", help="Columns to learn; by default all properties.")
]
Preset = Annotated[
    str,
    typer.Option(
        callback=_preset_name,
        metavar="|".join(sorted(PRESETS)),
        help=f"Parameters. {'; '.join(f'{name}: {card}' for name, card in PRESET_CARDS.items())}.",
    ),
]
Folds = Annotated[
    float | None,
    typer.Option(metavar="N", help="Cross-validation folds, one network each; by default the preset's."),
]
Epochs = Annotated[float | None, typer.Option(metavar="N", help="Passes over the data; by default the preset's.")]
Seed = Annotated[float, typer.Option(metavar="N", help="Of folds, weights and order.")]
Split = Annotated[
    str,
    typer.Option(
        metavar="HOW",
        help=f"How polymers are divided into folds: {', '.join(SPLITS)} (clusters of similar repeat units) or "
        "column:NAME, folds of your own.",
    ),
]

InitFrom = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL", help="Begin with the networks of a model: a folder, user/repo, user/repo@revision or starter."
    ),
]
Freeze = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="What of that model stays as it is: embeddings, messages (all but the read-out) or so many of the first rounds.",
    ),
]


Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE...",
        help="Numbers to train with instead of the preset's, such as learning_rate=0.001.",
    ),
]


def train(
    context: typer.Context,
    data: Annotated[str, typer.Argument(help="CSV, TSV, XLSX or Parquet table of polymers and properties.")],
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the model; may be left out with --on hf-jobs.")
    ] = None,
    properties: Properties = None,
    preset: Preset = DEFAULT_PRESET,
    folds: Folds = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    split: Split = DEFAULT_SPLIT,
    column: Columns = None,
    init_from: InitFrom = None,
    freeze: Freeze = None,
    changed: Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in DIR.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that DIR holds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
    publish: Annotated[
        str | None, typer.Option(metavar="USER/REPO", help="Publish the model at the end, to this model repo.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Git tag for what is published, such as v1.0.0.")] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Train groups of folds on a Ray cluster: pip install 'polyid-spaces[ray]'."
        ),
    ] = None,
    trackio: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT", help="Keep the curves in this project of Trackio: pip install 'polyid-spaces[trackio]'."
        ),
    ] = None,
    on: Annotated[
        str, typer.Option(callback=place, metavar="|".join(PLACES), help="Where: a Hugging Face Job is billed.")
    ] = HERE,
    flavor: Annotated[
        str | None, typer.Option(metavar="FLAVOUR", help="Hardware of the Job, such as a10g-small.")
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(min=60, metavar="SECONDS", help="After which the Job is ended; by default a day.")
    ] = None,
) -> None:
    """Train an ensemble on a table."""
    # All that can be checked without TensorFlow, which takes seconds to load.
    changes = changes_from(changed or ())
    settings = preset_parameters(preset, kfolds=folds, epochs=epochs, seed=seed, **changes)
    split_column(split)
    check_freeze(freeze, None if init_from is None else int(RANGES["num_messages"].high))
    _check_companions(ray, trackio, on)
    if on == HF_JOBS:
        table = find_table(data)
        checked_columns(table, column, properties or None)
        return train_on_jobs(context, table, output, publish, tag, flavor, timeout)
    if output is None:
        raise typer.BadParameter("Name a folder for the model.", param_hint="'--output'")
    if publish is not None:
        from polyid.hub.destination import check_destination

        check_destination(publish, tag, None, None, None)
    check_output(output, replace=overwrite or resume)
    if resume and has_manifest(output):
        print(f"The run in {output} is finished; there is nothing to resume.")
        return
    table = find_table(data)
    columns = checked_columns(table, column, properties or None)
    start = None if init_from is None else find_model(init_from)
    load_engine()
    from polyid.ensemble.starting_point import StartingPoint
    from polyid.ensemble.workflow import train_ensemble

    asked: dict[str, Any] = {
        "properties": properties or None,
        "preset": preset,
        "folds": None if folds is None else settings.kfolds,
        "epochs": None if epochs is None else settings.epochs,
        "seed": settings.seed or 0,
        "split": split,
        "columns": columns,
        "changes": changes if freeze is None else {**changes, "freeze": freeze},
    }
    with curves_in(trackio, output.name, {"data": table.name, **settings.to_dict()}) as curves:
        ensemble = train_ensemble(
            table,
            output,
            **asked,
            init_from=None if start is None else StartingPoint.read(start.folder, start.repo_id, start.commit),
            resume=resume,
            progress=curves,
            expected=_expected(table, asked, None if start is None else start.folder, publish is not None),
            verbose=not quiet,
            ray=ray,
        )
        if curves is not None:
            curves.figures(ensemble.out_of_fold_metrics())
    left_out = ensemble.metadata["data"].get("rows_left_out") or 0
    if left_out:
        print(f"{left_out} rows of {table} were left out; 'polyid data show {table}' lists them.")
    _print_figures(ensemble)
    print(f"Model written to {output}")
    if publish is not None:
        from polyid.hub.publish import publish_bundle

        published = publish_bundle(output, publish, tag=tag)
        print(f"Published to {published.repo_id}: {published.commit_url}")


def _expected(table: Path, asked: dict[str, Any], start: Path | None, publishes: bool) -> dict[str, float]:
    """Seconds by stage, as far as they are known before: by `polyid estimate`, if it was asked about the same training."""
    from polyid.bundle.contents import architecture
    from polyid.ensemble.expected_times import UPLOAD_SECONDS
    from polyid.ensemble.plan import Plan
    from polyid.estimate.estimate import stages_here
    from polyid.estimate.measured import kept

    changes = {} if start is None else architecture(start)
    changes |= {name: value for name, value in asked["changes"].items() if name != "freeze"}
    measured = kept(Plan(table, **{**asked, "changes": changes or None}))
    seconds = {} if measured is None else stages_here(measured)[0]
    return {**seconds, "upload": UPLOAD_SECONDS if publishes else 0.0}


def _check_companions(ray: str | None, trackio: str | None, on: str) -> None:
    """Refuse a Ray cluster or Trackio where it isn't there, or training is elsewhere."""
    for option, given in (("--ray", ray), ("--trackio", trackio)):
        if given is not None and on != HERE:
            raise typer.BadParameter(f"It is for training here; leave --on or {option} out.", param_hint=f"'{option}'")
    if ray is not None:
        check_ray(ray)
    if trackio is not None:
        check_trackio()


def _print_figures(ensemble: MultiModel) -> None:
    """Errors of each property on the polymers that the networks had not seen."""
    print(f"{'property':<28}{'polymers':>9}{'MAE':>11}{'RMSE':>11}{'R2':>8}   out-of-fold")
    for name, figures in ensemble.out_of_fold_metrics().items():
        mae, rmse, r2 = (f"{figures[k]:.4g}" if figures[k] is not None else "-" for k in ("MAE", "RMSE", "R2"))
        print(f"{name:<28}{figures['n']:>9}{mae:>11}{rmse:>11}{r2:>8}")
