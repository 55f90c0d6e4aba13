"""``polyid distil``: one network that speaks for an ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyid.cli import command
from polyid.config.ranges import check_number
from polyid.distil.wishes import EPOCHS, GENERATED, Size, Wishes
from polyid.errors import Cancelled, DataError

if TYPE_CHECKING:
    from polyid.ensemble.evaluated import EvaluatedEnsemble


def distil(
    model: command.Model,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the distilled model.")],
    units: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Table of polymers, measured or not, to teach it on besides the training polymers."
        ),
    ] = None,
    generated: Annotated[
        float | None, typer.Option(metavar="N", help="How many units to generate and teach it on; 5,000 by default.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(metavar="N", help="Passes over what it is taught on.")] = None,
    features: Annotated[float | None, typer.Option(metavar="N", help="Width; by default that of the ensemble.")] = None,
    messages: Annotated[
        float | None, typer.Option(metavar="N", help="Rounds of message passing; by default those of the ensemble.")
    ] = None,
    seed: Annotated[float, typer.Option(metavar="N", help="Of generated units, first weights and order.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in DIR.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that DIR holds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Teach one network what an ensemble says; it predicts faster, and its card says what it loses."""
    # All that can be checked without TensorFlow, which takes seconds to load.
    taught_on = GENERATED if generated is None else check_number("taught_on", generated)
    passes = EPOCHS if epochs is None else check_number("epochs", epochs)
    wanted_seed = check_number("seed", seed)
    width, rounds = (
        None if value is None else check_number(name, value)
        for name, value in (("atom_features", features), ("num_messages", messages))
    )
    command.check_output(output, replace=overwrite)
    table = None if units is None else command.find_table(units)
    if table is not None:
        from polyid.data.prediction_table import load_prediction_table

        load_prediction_table(table)
    folder = command.find_model(model).folder
    if output.resolve() == Path(folder).resolve():
        raise DataError(f"{output} is the ensemble itself; choose another --output.")
    command.load_engine()
    from polyid.distil.workflow import distil as distilled

    wishes = Wishes(table, taught_on, passes, wanted_seed, Size(width, rounds))
    try:
        found = distilled(folder, output, wishes, resume=resume, verbose=not quiet)
    except (KeyboardInterrupt, Cancelled):
        command.say(f"What was done is in {output}; the same command with --resume goes on.")
        raise
    _print_figures(found)
    print(f"Distilled model written to {output}")


def _print_figures(model: EvaluatedEnsemble) -> None:
    """What was lost on polymers that neither had seen, and what was gained."""
    found = model.metadata["distilled"]
    print(
        f"{'property':<28}{'values':>8}{'ensemble':>12}{'distilled':>12}{'worse by':>10}   mean absolute error, held out"
    )
    for name, of_property in found["out_of_fold"].items():
        before, after = of_property["teacher"], of_property["student"]
        if before and after is not None:
            shown = f"{before:>12.4g}{after:>12.4g}{100 * (after / before - 1):>8.1f} %"
            print(f"{name:<28}{of_property['n']:>8}{shown}")
    times = found["processor_milliseconds"]
    print(
        f"A prediction takes {times['student']:.1f} ms of a processor instead of {times['teacher']:.1f}, reading included; the verdict "
        f"on {100 * found['unlabelled']['same_verdict']:.0f} % of {found['unlabelled']['polymers']} other polymers is the ensemble's."
    )
