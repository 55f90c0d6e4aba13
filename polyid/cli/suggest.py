"""``polyid suggest``: what to make, and what to measure, next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from polyid.cli import command
from polyid.cli.screen import run_and_say
from polyid.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5


def suggest(
    goal: Annotated[
        str,
        typer.Argument(
            metavar="GOAL", help="Ranges joined by and, such as 'Glass_Transition 120-160 and Density < 1.2'."
        ),
    ],
    candidates: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...",
            help="Files as of polyid screen, one's own or of polyid generate; or the result of a screen alone.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            metavar="OUT.csv", help="Table of the most probable candidates; OUT.measure.csv has those to measure first."
        ),
    ],
    model: command.NamedModel = None,
    number: Annotated[int, typer.Option(metavar="N", help="How many candidates to suggest.")] = 100,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes, as of polyid screen.")] = None,
) -> None:
    """Rank candidates by how probably they meet a goal, and find those from whose measurement the model would learn most.

    The answers to all candidates stay in OUT.screened.parquet, for the next goal.
    """
    from polyid.common.files import write_text
    from polyid.common.spreadsheet import csv_text
    from polyid.screening.store import matching
    from polyid.screening.suggestions import screened_properties
    from polyid.screening.suggestions import suggest as suggestions_of

    if number < 1:
        raise DataError(f"--number is {number}; it must be at least 1.")
    if not output.endswith(".csv"):
        raise DataError(f"--output writes csv; name a file such as {output}.csv.")
    files = matching(candidates[0]) if len(candidates) == 1 else []
    is_screened = len(files) == 1 and screened_properties(files[0]) is not None
    screened = files[0] if is_screened else _screened(goal, candidates, model, output, workers)
    found = suggestions_of(screened, goal, number)
    measure = f"{output.removesuffix('.csv')}.measure.csv"
    write_text(output, csv_text(found.best))
    write_text(measure, csv_text(found.to_measure))
    ranges = " and ".join(f"{_range(name, low, high)}" for name, (low, high) in found.goal.ranges.items())
    print(f"{ranges}, of {found.rows:,} candidates:")
    _show(found.best)
    command.say(f"{len(found.best):,} are in {output}; what to measure first is in {measure}.")


def _screened(goal: str, candidates: list[str], model: str | None, output: str, workers: int | None) -> str:
    """The candidates' answers, in a file beside the output."""
    from polyid.bundle.layout import CALIBRATION_FILE
    from polyid.bundle.manifest import read_manifest
    from polyid.screening.screen import Screen, ScreenOptions
    from polyid.screening.suggestions import goal_of

    bundle = command.find_model(model)
    manifest = read_manifest(bundle.folder)
    goal_of(goal, manifest["prediction_columns"])
    if CALIBRATION_FILE not in manifest["sha256"]:
        raise DataError("The model has no calibrated intervals, from which probabilities are computed; train it again.")
    address = f"{output.removesuffix('.csv')}.screened.parquet"
    run_and_say(Screen(candidates, bundle, address, ScreenOptions()), workers)
    return address


def _range(name: str, low: float, high: float) -> str:
    if math.isinf(low):
        return f"{name} below {high:g}"
    return f"{name} above {low:g}" if math.isinf(high) else f"{name} {low:g} to {high:g}"


def _show(best: pd.DataFrame) -> None:
    from polyid.common.text import shorten
    from polyid.screening.suggestions import PROBABILITY

    texts = next((str(name) for name in best if "smiles" in str(name).lower()), None)
    shown = [""] * len(best) if texts is None else best[texts].astype(str).tolist()
    for probability, text in list(zip(best[PROBABILITY].tolist(), shown, strict=True))[:_SHOWN]:
        print(f"  {probability:6.1%}  {shorten(text)}")
