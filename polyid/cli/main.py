"""The command line: train, tune, estimate, predict, screen, suggest, explain, evaluate, publish, convert, generate, distil and data; the same as ``python -m polyid``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from polyid import __version__
from polyid.cli import data, deploy
from polyid.cli.command import Command, say
from polyid.cli.convert import convert
from polyid.cli.distil import distil
from polyid.cli.estimate import estimate
from polyid.cli.evaluate import evaluate
from polyid.cli.explain import explain
from polyid.cli.generate import generate
from polyid.cli.predict import predict
from polyid.cli.publish import publish
from polyid.cli.screen import screen
from polyid.cli.suggest import suggest
from polyid.cli.train import train
from polyid.cli.tune import tune
from polyid.errors import Cancelled, PolyIDError

# Plain text rather than boxes and colours: it is read by programs and in logs too.
app = typer.Typer(add_completion=False, rich_markup_mode=None)
for command in (train, tune, estimate, predict, screen, suggest, explain, evaluate, publish, convert, generate, distil):
    app.command(cls=Command)(command)
app.add_typer(data.app, name="data")
app.add_typer(deploy.app, name="deploy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit status: 0, 1 for an error that was explained, 2 for a command that is none, 130 for Ctrl-C.
    """
    # Without a GPU TensorFlow reports an "error" on every start; what matters is raised, not logged.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Given as a list, arguments aren't taken for patterns of file names on Windows: *CC* is none.
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = typer.main.get_command(app).main(words, prog_name="polyid", standalone_mode=True)
    except SystemExit as ended:
        status = ended.code
    except (PolyIDError, OSError) as error:
        say(f"polyid: {error}")
        return 1
    except Cancelled:
        status = 130
    if status == 130:
        say("polyid: stopped.")
    return status


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"polyid-spaces {__version__}")
        raise typer.Exit


@app.callback()
def polyid(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Train, share and use neural networks that predict polymer properties from SMILES."""
