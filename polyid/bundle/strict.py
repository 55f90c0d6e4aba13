"""JSON held against what it must be: the first entry that can't be is named, with its file, in one line."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from polyid.bundle.files import parse_json
from polyid.errors import BundleError

Checked = TypeVar("Checked", bound=BaseModel)


class Strict(BaseModel):
    """A part of a file: its keys and no others, every value of its type, no number that isn't finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def read_checked_json(
    schema: type[Checked], content: bytes, file: str, implied: Mapping[str, Any] | None = None
) -> Checked:
    """The content of a JSON file, if it is what it must be.

    Parameters
    ----------
    schema : type
    content : bytes
    file : str
        Path in the model folder.
    implied : mapping, optional
        Entries that files of an older format version don't have.

    Raises
    ------
    BundleError
        Names the file, and the first entry that can't be.
    """
    value = parse_json(content, file)
    return checked(schema, {**implied, **value} if implied and isinstance(value, dict) else value, file)


def checked(schema: type[Checked], value: Any, file: str) -> Checked:
    """The same of content that was read already."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    except (OverflowError, RecursionError):
        raise BundleError.damaged(file, "it has a number that is too large, or is nested too deeply") from None
    place = ".".join(str(part)[:60] for part in first["loc"]) or "it"
    if first["type"] == "missing":
        raise BundleError.damaged(file, f"it lacks {place}")
    if first["type"] == "extra_forbidden":
        raise BundleError.damaged(file, f"it has an entry {place}, which is none of a model's")
    if first["type"] == "value_error":
        raise BundleError.damaged(file, first["msg"].removeprefix("Value error, "))
    raise BundleError.damaged(
        file, f"{place} is {reprlib.repr(first['input'])}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    )
