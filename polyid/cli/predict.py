"""``polyid predict``: properties of polymers, in words or as a table."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyid.cli import command
from polyid.config.ranges import check_level, check_number
from polyid.config.settings import INTERVAL_LEVEL
from polyid.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from polyid.data.prediction_table import PredictionTable
    from polyid.ensemble.multi_model import MultiModel


def predict(
    model: command.Model,
    smiles: Annotated[
        list[str] | None,
        typer.Argument(
            help="Repeat units with two *, monomers joined by dots, oligomers, or copolymers: A : B = 0.7 : 0.3 random."
        ),
    ] = None,
    table_path: Annotated[
        str | None,
        typer.Option("--input", metavar="IN.csv", help="Table with a column of SMILES, and of pm where known."),
    ] = None,
    pm: Annotated[
        float | None,
        typer.Option(help="Probability of meso dyads of the SMILES given, 0 (syndiotactic) to 1 (isotactic)."),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="OUT.csv", help="Where to write the table with predictions.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted --output.")] = False,
    level: command.Level = INTERVAL_LEVEL,
) -> None:
    """Predict properties of polymers."""
    if bool(smiles) == bool(table_path):
        raise DataError("Give either SMILES on the command line, or a table with --input.")
    if resume and not output:
        raise DataError("--resume goes on with an interrupted --output; name it.")
    check_level(level)
    if pm is not None:
        check_number("pm", pm)
    table: PredictionTable | None = None
    if table_path:
        from polyid.data.prediction_table import load_prediction_table

        table = load_prediction_table(table_path)
        polymers, tacticities = table.smiles, [pm if stated is None else stated for stated in table.pm]
    else:
        polymers = list(smiles or ())
        tacticities = [pm] * len(polymers)
    ensemble = command.load_model(model)
    if table is None and output is None:
        unread = _print_in_words(ensemble, polymers, tacticities, level)
    else:
        unread = _write_table(ensemble, polymers, tacticities, level, table, output, resume)
    if unread:
        shown = ", ".join(map(str, unread[:10])) + (" ..." if len(unread) > 10 else "")
        raise DataError(
            f"{len(unread)} of {len(polymers)} polymers could not be predicted (number {shown}); see their 'error'."
        )


def _print_in_words(ensemble: MultiModel, smiles: Sequence[str], pm: Sequence[float | None], level: float) -> list[int]:
    """Print predictions for people; returns the numbers of the polymers that can't be read."""
    from polyid.uncertainty.domain.verdict import nearest_in_words

    predictions = ensemble.predict(smiles, level, pm=pm)
    for number, text in enumerate(predictions.smiles):
        record = predictions.record(number)
        print(text if len(text) <= 100 else text[:97] + "...")
        if record["error"] is not None:
            print(f"  {record['error']}")
            continue
        if record["read_as"]:
            print(f"  {record['read_as']}")
        for reading in record["properties"]:
            print("  " + _in_words(ensemble, reading, level, predictions.calibrated))
        if record["domain"] is not None:
            print(f"  {record['domain'].capitalize()}: {record['domain_reason']}")
            print(f"  Nearest training polymers: {nearest_in_words(record['nearest_training_polymers'])}")
    if not predictions.calibrated:
        command.say("The model has no calibrated intervals: ± is the standard deviation over its folds, not its error.")
    return [number for number, error in enumerate(predictions.error, 1) if error is not None]


def _write_table(
    ensemble: MultiModel,
    smiles: Sequence[str],
    pm: Sequence[float | None],
    level: float,
    table: PredictionTable | None,
    path: str | None,
    resume: bool,
) -> list[int]:
    """Write predictions as CSV part by part, behind the columns of a table if there is one, to standard output if there
    is no path; returns the numbers of the polymers that can't be read."""
    from tqdm import tqdm

    from polyid.common.spreadsheet import csv_text
    from polyid.inference.resumable_table import ResumableTable

    columns = table.frame.to_csv() if table is not None else ""
    origin = json.dumps([ensemble.metadata.get("sha256"), level, list(smiles), list(pm), columns])
    output = ResumableTable(path, hashlib.sha256(origin.encode()).hexdigest(), resume) if path else None
    begin = done = output.rows if output else 0
    unread: list[int] = output.rows_with("error") if output else []
    progress = tqdm(
        total=len(smiles),
        initial=begin,
        desc="Predicting",
        unit="polymer",
        dynamic_ncols=True,
        disable=len(smiles) < 1_000,
    )
    try:
        with progress:
            for part in ensemble.predict_in_parts(smiles[begin:], level, pm=pm[begin:]):
                unread += [done + i for i, error in enumerate(part.error, 1) if error is not None]
                rows = part.to_frame() if table is None else _joined(table, part.to_frame(), done)
                if output:
                    output.append(rows)
                else:
                    sys.stdout.write(csv_text(rows, header=not done))
                done += len(rows)
                progress.update(len(rows))
    except KeyboardInterrupt:
        if output and done:
            command.say(
                f"{done} of {len(smiles)} rows are in {output.partial}; the same command with --resume goes on."
            )
        raise
    if output:
        output.finish()
        command.say(f"{done} rows written to {path}")
    return unread


def _joined(table: PredictionTable, predictions: pd.DataFrame, start: int) -> pd.DataFrame:
    """Predictions behind the columns of the rows from `start` that they are for."""
    rows = table.frame.iloc[start : start + len(predictions)]
    predictions.index = rows.index
    new = predictions.drop(columns=["smiles"])
    if table.smiles_column in new:
        # The oligomer takes the place of what was asked for, which would be lost.
        new = predictions
    return rows.drop(columns=[column for column in new.columns if column in rows]).join(new)


def _in_words(ensemble: MultiModel, reading: Mapping[str, Any], level: float, calibrated: bool) -> str:
    """A property in words, such as ``Glass transition temperature: 98 °C, 90 % between 75 and 120 °C``."""
    from polyid.data.properties import PROPERTIES, decimals

    name, mean, std = reading["name"], reading["value"], reading["std"]
    entry = PROPERTIES.get(name)
    stated = ensemble.prediction_units.get(name)
    unit = stated[0] if stated else entry.unit if entry else None
    places = decimals(mean, std if reading["expected_error"] is None else reading["expected_error"])

    def shown(value: float) -> str:
        return f"{value:.{places}f}{f' {unit}' if unit else ''}"

    label = entry.label if entry else name
    if not calibrated:
        return f"{label}: {shown(mean)}" if std is None else f"{label}: {mean:.{places}f} ± {shown(std)}"
    if reading["lower"] is None:
        return f"{label}: {shown(mean)}, too few polymers were held out for an interval of {100 * level:g} %"
    lower, upper = reading["lower"], reading["upper"]
    return f"{label}: {shown(mean)}, {100 * level:g} % between {lower:.{places}f} and {shown(upper)}"
