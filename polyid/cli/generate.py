"""``polyid generate``: hypothetical repeat units, of the pieces of a table's."""

from __future__ import annotations

from typing import Annotated

import typer

from polyid.cli.command import find_table, say
from polyid.config.ranges import check_number
from polyid.errors import DataError


def generate(
    table: Annotated[
        str | None, typer.Argument(help="Table of polymers to learn from; by default the bundled one.")
    ] = None,
    number: Annotated[float, typer.Option(metavar="N", help="How many.")] = 1_000,
    seed: Annotated[float, typer.Option(metavar="N", help="The same gives the same units.")] = 0,
    output: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="A .csv or .parquet file; by default a line each on standard output."),
    ] = None,
    median: Annotated[float, typer.Option(metavar="N", help="Heavy atoms of a unit in the middle.")] = 20,
    most: Annotated[float, typer.Option(metavar="N", help="Heavy atoms of a unit at most.")] = 60,
) -> None:
    """Make repeat units as those of a table might be: different polymers, none of which is in it."""
    count, wanted_seed = check_number("generated", number), check_number("seed", seed)
    middle, limit = check_number("median_atoms", median), check_number("most_atoms", most)
    if limit < middle:
        raise DataError(
            f"Units of {middle:g} heavy atoms in the middle and {limit} at most were asked for; make --most larger."
        )
    from tqdm import tqdm

    from polyid.chemistry.generation import Sizes
    from polyid.data.generated import generate_units, write_units

    units = generate_units(count, wanted_seed, None if table is None else find_table(table), Sizes(middle, limit))
    if output is None:
        for unit in units:
            print(unit)
        return
    with tqdm(total=count, desc="Generating", unit="unit", dynamic_ncols=True, disable=count < 10_000) as bar:
        written = write_units(units, output, bar.update)
    say(f"{written:,} units written to {output}")
