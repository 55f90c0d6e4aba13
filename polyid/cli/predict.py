"""``polyid predict``: properties of polymers, in words, as a table or as JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from polyid.cli import command
from polyid.config.ranges import check_level, check_number
from polyid.config.settings import INTERVAL_LEVEL
from polyid.errors import DataError

if TYPE_CHECKING:
    from polyid.data.prediction_table import PredictionTable


class Format(StrEnum):
    """How predictions are written."""

    WORDS = "words"
    CSV = "csv"
    JSON = "json"


def predict(
    model: command.AnyModel = None,
    smiles: Annotated[
        list[str] | None,
        typer.Argument(
            help="Repeat units with two *, monomers joined by dots, oligomers, or copolymers: A : B = 0.7 : 0.3 random; "
            "- reads them from standard input, one a line."
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
    oligomers: Annotated[
        bool,
        typer.Option(
            "--oligomers",
            help="With the SMILES of the chain that stands for each polymer in the table, which takes longer than to predict.",
        ),
    ] = False,
    level: command.Level = INTERVAL_LEVEL,
    named: command.NamedModel = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="By default csv of a table or into a file, and words of SMILES."),
    ] = None,
) -> None:
    """Predict properties of polymers."""
    check_level(level)
    if pm is not None:
        check_number("pm", pm)
    model, words = command.split_words([] if model is None else [model, *(smiles or ())], named)
    if bool(words) == bool(table_path):
        raise DataError("Give either SMILES on the command line, or a table with --input.")
    if resume and not output:
        raise DataError("--resume goes on with an interrupted --output; name it.")
    form = form or (Format.CSV if table_path or output else Format.WORDS)
    if output and form is not Format.CSV:
        raise DataError(
            f"--output writes csv, and --format {form} was asked for: send standard output to a file instead."
        )
    table: PredictionTable | None = None
    if table_path:
        from polyid.data.prediction_table import load_prediction_table

        table = load_prediction_table(table_path)
        for note in table.notes:
            command.say(note)
        polymers, tacticities = table.smiles, [pm if stated is None else stated for stated in table.pm]
    else:
        polymers = _piped() if words == ["-"] else words
        tacticities = [pm] * len(polymers)
    bundle = command.find_model(model)
    command.load_engine()
    from polyid.cli import prediction_output
    from polyid.ensemble.multi_model import MultiModel

    ensemble = MultiModel.load_models(bundle.folder)
    if form is Format.WORDS:
        unread = prediction_output.print_in_words(ensemble, polymers, tacticities, level)
    elif form is Format.JSON:
        unread = prediction_output.print_json(ensemble, polymers, tacticities, level, bundle)
    else:
        unread = prediction_output.write_table(ensemble, polymers, tacticities, level, table, output, resume, oligomers)
    if unread:
        shown = ", ".join(map(str, unread[:10])) + (" ..." if len(unread) > 10 else "")
        raise DataError(
            f"{len(unread)} of {len(polymers)} polymers could not be predicted (number {shown}); see their 'error'."
        )


def _piped() -> list[str]:
    """Polymers from standard input, one a line; empty lines are none."""
    polymers = [line.strip() for line in sys.stdin if line.strip()]
    if not polymers:
        raise DataError("Standard input is empty: send polymers, one a line.")
    return polymers
