"""``polyid convert``: an ensemble of upstream PolyID's as a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyid.cli.command import load_engine


def convert(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Folder that upstream PolyID saved.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Folder for the model; made, or empty.")],
) -> None:
    """Convert an ensemble that upstream PolyID trained. Nothing in its files is run."""
    if not old.is_dir():
        raise typer.BadParameter("there is no such folder.", param_hint="'OLD'")
    load_engine()
    from polyid.convert.folder import convert as converted

    done = converted(old, new)
    print(f"{done.folds} networks for {', '.join(done.properties)} written to {done.folder}")
    for sentence in done.left_out:
        print(sentence)
