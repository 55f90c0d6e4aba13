"""What all commands share: how options are read, the table and the model that a user names, and messages."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from polyid.bundle.layout import CHECKPOINTS_FOLDER, has_manifest
from polyid.errors import DataError, PolymerError

if TYPE_CHECKING:
    from polyid.ensemble.multi_model import MultiModel
    from polyid.hub.fetch import FetchedBundle

Model = Annotated[str, typer.Argument(help="Model folder, or Hub repo id such as user/repo or user/repo@revision.")]
AnyModel = Annotated[
    str | None,
    typer.Argument(
        help="Model folder, or Hub repo id such as user/repo or user/repo@revision; the starter model that comes with the "
        "package answers where none is named."
    ),
]
NamedModel = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="MODEL", help="Model folder or Hub repo id; the starter model where none is named."
    ),
]
Level = Annotated[float, typer.Option(metavar="SHARE", help="Share of measured values that the intervals are to hold.")]

Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=MEANING[UNIT]...",
        help="What columns are, where it isn't recognised: smiles, monomers, polymer … or a property, such as "
        "'T1=Glass_Transition[K]'; nothing behind = leaves a column out.",
    ),
]

_REPO = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_NAME = re.compile(r"[\w.~\\/-]+")


class Command(TyperCommand):
    """A command whose options don't take other options for their values, and may take several values.

    Typer reads ``--output --quiet`` as a file named ``--quiet``, and a list as ``--properties A --properties B`` only.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command's words (of the context `ctx`) after spelling lists of values out."""
        options = {name: option for option in self.params if isinstance(option, TyperOption) for name in option.opts}
        remaining, spelled_out = list(args), []
        while remaining and remaining[0] != "--":
            word = remaining.pop(0)
            spelled_out.append(word)
            option = options.get(word)
            if option is None or option.is_flag:
                continue
            if not remaining or _is_option(remaining[0]):
                raise typer.BadParameter("It needs a value.", ctx=ctx, param=option)
            spelled_out.append(remaining.pop(0))
            while option.multiple and remaining and not _is_option(remaining[0]):
                spelled_out += [word, remaining.pop(0)]
        return super().parse_args(ctx, spelled_out + remaining)


def _is_option(word: str) -> bool:
    """Whether a word begins with a dash and is neither a dash alone nor a negative number."""
    if not word.startswith("-") or word == "-":
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False


def find_table(name: str) -> Path:
    """The table a user names: a file, or one of the data this package knows or the Hub has."""
    if Path(name).exists():
        return Path(name)
    from polyid.hub import datasets

    return datasets.find_table(name)


def checked_columns(
    table: Path, corrections: Sequence[str] | None, properties: Sequence[str] | None = None
) -> dict[str, dict[str, str | None]] | None:
    """What a user says the columns of a table are, beside what is recognised of the others; None where nothing is said.

    Raises
    ------
    DataError
        The table can't be read, or lacks polymers or properties: said before TensorFlow is loaded or a SMILES is read.
    """
    from polyid.data.columns import propose_mapping, wanted_names
    from polyid.data.described import corrected_columns, mapping_of
    from polyid.data.raw import read_raw_table

    raw = read_raw_table(table)
    columns = corrected_columns(raw, corrections) if corrections else None
    mapping = propose_mapping(raw, properties) if columns is None else mapping_of(raw, columns, properties)
    if mapping.of_facts:
        wanted_names(raw, mapping)
    return columns


def check_output(folder: Path, *, replace: bool) -> None:
    """Refuse a folder for a model that holds something else, or a model that isn't to be replaced or gone on with.

    Raises
    ------
    DataError
        Before anything is computed.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; name a folder for the model with --output.")
    if has_manifest(folder):
        if not replace:
            raise DataError(
                f"{folder} already holds a model; choose another --output, or add --overwrite to replace it."
            )
    elif folder.is_dir() and not (folder / CHECKPOINTS_FOLDER).is_dir():
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if others:
            raise DataError(
                f"{folder} holds other files, such as {others[0]}, and no model: name a new or an empty folder with --output."
            )


def split_words(words: Sequence[str], named: str | None = None) -> tuple[str | None, list[str]]:
    """The model that the first word names, None where it is a polymer already, and the other words.

    A word that could be the name of a folder counts as one, unless it can be read as a polymer. Where ``--model`` has named a
    model, all words are polymers.

    Raises
    ------
    DataError
        It looks like the name of a model, and there is none, and no such polymer either; or two models are named.
    """
    from polyid.bundle.layout import STARTER_NAME
    from polyid.chemistry.oligomer import read_polymer

    first = words[0] if words else "-"
    if named is not None:
        if Path(first).is_dir() or first == STARTER_NAME:
            raise DataError(f"Two models are named, {first} and by --model {named}: name one.")
        return named, list(words)
    if Path(first).is_dir() or first == STARTER_NAME or _REPO.fullmatch(first):
        return first, list(words[1:])
    if first != "-" and _NAME.fullmatch(first):
        try:
            read_polymer(first)
        except PolymerError as reason:
            raise DataError(
                f"{first!r} is neither a model folder here nor a repo such as user/repo, and {reason}"
            ) from None
    return None, list(words)


def find_model(name: str | None) -> FetchedBundle:
    """The model a user names, of a folder or the Hub; the starter model, and a line that says so, where none is named."""
    from polyid.hub.fetch import fetch_bundle, starter_bundle

    if name is not None:
        return fetch_bundle(name)
    say("No model is named: the starter model that comes with the package answers.")
    return starter_bundle()


def load_model(name: str | None) -> MultiModel:
    """The model a user names, of `find_model`. It is fetched before TensorFlow is loaded, which takes seconds."""
    folder = find_model(name).folder
    load_engine()
    from polyid.ensemble.multi_model import MultiModel

    return MultiModel.load_models(folder)


def load_engine() -> None:
    """Import what networks run on, once all is checked that can be without it; its own log does not stand before our lines."""
    from polyid.nn.loading import load_backend

    load_backend()


def say(message: str) -> None:
    """A line for people, beside the results on standard output."""
    print(message, file=sys.stderr)
