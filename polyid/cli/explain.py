"""``polyid explain``: which parts of a polymer raise and lower a prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyid.cli import command
from polyid.common.files import write_text
from polyid.config.ranges import check_number
from polyid.errors import DataError


def explain(
    output: Annotated[Path, typer.Option(metavar="OUT.svg", help="Where to write the drawing.")],
    model: command.AnyModel = None,
    smiles: Annotated[
        str | None, typer.Argument(help="Oligomer, repeat unit with two *, or monomers joined by dots.")
    ] = None,
    pm: Annotated[
        float | None, typer.Option(help="Probability of meso dyads, 0 (syndiotactic) to 1 (isotactic).")
    ] = None,
    property_name: Annotated[
        str | None,
        typer.Option("--property", metavar="NAME", help="Such as Glass_Transition or Tg; by default the first."),
    ] = None,
    named: command.NamedModel = None,
) -> None:
    """Draw which parts of a polymer raise and lower a prediction."""
    if pm is not None:
        check_number("pm", pm)
    model, polymers = command.split_words([word for word in (model, smiles) if word is not None], named)
    if len(polymers) != 1:
        raise DataError(f"{len(polymers)} polymers are named, and one is explained at a time.")
    ensemble = command.load_model(model)
    from polyid.data.properties import decimals, find_property
    from polyid.explain.drawing import draw_contributions

    name = property_name or ensemble.prediction_columns[0]
    if name not in ensemble.prediction_columns:
        recognised = find_property(name)
        name = recognised[0].name if recognised else name
    if name not in ensemble.prediction_columns:
        raise DataError(
            f"The model does not predict {property_name}; choose of {', '.join(ensemble.prediction_columns)}."
        )
    contributions = ensemble.explain(polymers[0], pm)[name]
    write_text(output, draw_contributions(contributions.balanced()))
    places = decimals(contributions.total) + 1
    for term, value in contributions.terms().items():
        print(f"{term:<52}{value:>12.{places}f}")
    print(f"{name:<52}{contributions.total:>12.{places}f} {contributions.unit or ''}".rstrip())
    command.say(f"{output} shows the repeat unit: red raises the prediction, blue lowers it.")
