"""``polyid data``: build, fetch and inspect training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from polyid.cli.command import Columns, Command, checked_columns, find_table, say
from polyid.config.ranges import check_number
from polyid.config.settings import DEGREE_OF_POLYMERISATION

if TYPE_CHECKING:
    from polyid.data.training_table import TrainingTable

app = typer.Typer(rich_markup_mode=None, help="Build, fetch and inspect training data.")


@app.command(cls=Command)
def build(
    output: Annotated[str, typer.Option(metavar="OUT.csv", help="Where to write the training set.")],
    table: Annotated[str | None, typer.Argument(help="By default the bundled table.")] = None,
    degree_of_polymerisation: Annotated[
        float, typer.Option(metavar="N", help="Monomers an oligomer.")
    ] = DEGREE_OF_POLYMERISATION,
    replicates: Annotated[float, typer.Option(metavar="N", help="Structures a polymer of partial tacticity.")] = 1,
    seed: Annotated[float, typer.Option(metavar="N", help="Of the random chains.")] = 0,
) -> None:
    """Turn a table into a training set of oligomers."""
    degree = check_number("degree_of_polymerisation", degree_of_polymerisation)
    draws, chain_seed = check_number("replicates", replicates), check_number("seed", seed)
    from polyid.chemistry.oligomer import ChainSettings
    from polyid.data.build import build_training_set
    from polyid.data.catalogue import bundled_tables

    source = find_table(table) if table else next(iter(bundled_tables().values()))
    built = build_training_set(source, output, ChainSettings(degree, chain_seed), replicates=draws)
    _describe(built)
    print(f"{len(built.frame)} polymers written to {output}")


@app.command(cls=Command)
def fetch(name: Annotated[str, typer.Argument(help="polyid-database or stereopolymers.")]) -> None:
    """Download a published database."""
    from polyid.data.catalogue import SOURCES
    from polyid.data.download import fetch_source

    print(fetch_source(name))
    say(SOURCES[name].notice)


@app.command(cls=Command)
def show(table: Annotated[str, typer.Argument(help="The table.")], column: Columns = None) -> None:
    """Say what a table holds, as training would read it."""
    from polyid.data.training_table import read_training_table

    path = find_table(table)
    _describe(read_training_table(path, columns=checked_columns(path, column) if column else None))


def _describe(table: TrainingTable) -> None:
    """What a table holds and what is wrong with it, in plain lines."""
    from polyid.data.preview import preview

    for sentence in preview(table).sentences:
        print(sentence)
    for problem in table.problems.itertuples():
        print(f"  row {problem.row}, {problem.column}: {problem.value!r}: {problem.problem}; {problem.remedy}")
