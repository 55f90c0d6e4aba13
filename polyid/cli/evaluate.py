"""``polyid evaluate``: a model against measured values."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from polyid.cli import command
from polyid.config.ranges import check_level
from polyid.config.settings import INTERVAL_LEVEL


def evaluate(
    model: command.Model,
    data: Annotated[str, typer.Argument(help="Table of polymers and measured properties.")],
    out_of_fold: Annotated[
        bool,
        typer.Option(
            "--out-of-fold",
            help="Compute metrics.json anew: each network predicts the polymers of the training table it never saw.",
        ),
    ] = False,
    level: command.Level = INTERVAL_LEVEL,
) -> None:
    """Compare a model with measured values; JSON on standard output."""
    check_level(level)
    path = command.find_table(data)
    from polyid.data.columns import properties_present, propose_mapping
    from polyid.data.raw import read_raw_table
    from polyid.data.training_table import apply_mapping

    raw = read_raw_table(path)
    ensemble = command.load_model(model)
    if out_of_fold:
        print(json.dumps(ensemble.recompute_out_of_fold(path), indent=2))
        return
    present = properties_present(raw, ensemble.prediction_columns)
    table = apply_mapping(raw, propose_mapping(raw, present), ensemble.chain)
    left_out = table.problems.loc[table.problems["outcome"] == "left out", "row"].nunique()
    if left_out:
        command.say(f"{left_out} rows of {path} could not be read; 'polyid data show {path}' lists them.")
    if table.sha256 == ensemble.metadata["data"].get("sha256"):
        command.say(
            f"The model was trained on {path}: it has seen these polymers. For honest figures add --out-of-fold."
        )
    report = ensemble.evaluate(table.frame, level, verbose=len(table.frame) >= 1_000)
    print(json.dumps(report, indent=2))
