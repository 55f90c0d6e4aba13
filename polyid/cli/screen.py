"""``polyid screen``: files of any length, in constant memory, resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from polyid.cli import command
from polyid.config.settings import INTERVAL_LEVEL

if TYPE_CHECKING:
    from polyid.screening.screen import Screen


def screen(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...",
            help="Parquet or CSV files with a column of SMILES; patterns, folders and fsspec addresses too.",
        ),
    ],
    output: Annotated[
        str, typer.Option(metavar="OUT.parquet", help="File for the result; what is done lies beside it until all is.")
    ],
    model: command.NamedModel = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help="Rows to keep, such as \"Glass_Transition > 150 and domain = 'in domain'\"; <, <=, >, >=, =, !=, in (…), between, "
            "and, or, not, brackets; a property is its predicted value, Glass_Transition_pred_lower the end of its interval.",
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option(metavar="N", help="Keep the N rows with the largest values of --by.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Property or column that --top ranks by.")] = None,
    ascending: Annotated[bool, typer.Option("--ascending", help="Rank the smallest first.")] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN...",
            help="Columns of the result: of the input, properties (all their figures), single figures, or form, read_as, measured, "
            "domain_reason, nearest_training_polymers …; by default the input's, the figures and the verdict.",
        ),
    ] = None,
    level: command.Level = INTERVAL_LEVEL,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes, or Ray actors, each with a model; by default one a core."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Run on a Ray cluster (local starts one here): pip install 'polyid-spaces[ray]'."
        ),
    ] = None,
    chunk: Annotated[
        int, typer.Option(metavar="ROWS", help="Rows answered and written together: the most that is done again.")
    ] = 2_000,
) -> None:
    """Predict the polymers of whole files, and keep the rows that meet a condition.

    Interrupted, it goes on where it was with the same command.
    """
    from polyid.screening.screen import Screen, ScreenOptions

    options = ScreenOptions(where, top, by, ascending, columns, level, chunk)
    options.check()
    run_and_say(Screen(inputs, command.find_model(model), output, options, ray), workers)


def run_and_say(ready: Screen, workers: int | None) -> None:
    """Run a screen, and say what was done before, is kept when it is interrupted, and is there in the end."""
    if done := ready.rows_done():
        command.say(f"Going on: {done:,} of {ready.rows:,} rows were done.")
    try:
        found = ready.run(workers)
    except KeyboardInterrupt:
        command.say(f"{ready.rows_done():,} of {ready.rows:,} rows are done and kept; the same command goes on.")
        raise
    if found.was_done:
        command.say(f"{ready.output} is this very screen's result already.")
    said = [f"{found.kept:,} of {found.rows:,} rows are in {ready.output}"]
    said += [f"{found.bad:,} could not be read: {found.bad_rows} says why"] if found.bad else []
    said += [f"{found.repeated:,} were answered by the answer to an equal polymer"] if found.repeated else []
    command.say("; ".join(said) + ".")
