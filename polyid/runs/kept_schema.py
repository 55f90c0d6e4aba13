"""What the files of a kept run must say: they come from a repo, and nothing in them is trusted because of its name."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Annotated, Any, get_type_hints

from pydantic import ConfigDict, Field, create_model

from polyid.bundle.files import MOST_BYTES, MOST_BYTES_OF, parse_json
from polyid.bundle.layout import CHECKPOINTS_FOLDER, is_bundle_file
from polyid.bundle.schema import Count, NotNegative, Sha256
from polyid.bundle.strict import Strict, checked
from polyid.errors import BundleError
from polyid.runs.record import HELD_OUT_FILE
from polyid.runs.states import Record, Request

RUN_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{1,16}")
TABLE_NAME = re.compile(r"data/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}")
_OWN = ("request.json", "record.json", "progress.csv", HELD_OUT_FILE)
_CHECKPOINT = re.compile(rf"model/{CHECKPOINTS_FOLDER}/(checkpoint|fold)-\d{{8}}\.(json|safetensors)")
_MOST_TABLE = 256 * 2**20


def is_kept_file(name: str) -> bool:
    """Whether a file of a working branch is one of a run's."""
    if name in _OWN or TABLE_NAME.fullmatch(name) or _CHECKPOINT.fullmatch(name):
        return True
    return name.startswith("model/") and is_bundle_file(name.removeprefix("model/"))


def most_bytes(name: str) -> int:
    """The size above which a file of a working branch is refused."""
    if name.startswith("data/"):
        return _MOST_TABLE
    if _CHECKPOINT.fullmatch(name) and name.endswith(".json"):
        return 32 * 2**20
    suffix = name[name.rfind(".") :]
    return MOST_BYTES_OF.get(name.removeprefix("model/"), MOST_BYTES.get(suffix, MOST_BYTES[".csv"]))


def _stored(name: str, cls: type, **changes: Any) -> Any:
    """A strict schema of a dataclass's fields; tuples are lists in JSON."""
    types = get_type_hints(cls)
    entries: dict[str, Any] = {}
    for field in fields(cls):
        required = field.default is field.default_factory  # both are dataclasses.MISSING
        entries[field.name] = (changes.get(field.name, types[field.name]), ... if required else field.default)
    return create_model(name, __base__=Strict, **entries)


StoredRequest: Any = _stored(
    "StoredRequest",
    Request,
    data=Annotated[str, Field(pattern=f"^{TABLE_NAME.pattern}$")],
    sha256=Sha256,
    properties=Annotated[list[str], Field(min_length=1, max_length=1000)],
)
StoredRecord: Any = _stored("StoredRecord", Record)


class _Checkpoint(Strict):
    # Losses of training may be no numbers yet.
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=True, frozen=True)


class LogRow(_Checkpoint):
    epoch: Count
    loss: float
    val_loss: float
    learning_rate: float


class State(_Checkpoint):
    updates: Count
    best_loss: float
    best_epoch: Count
    stopped: bool
    log: list[LogRow]


class StoredFold(_Checkpoint):
    """``fold-*.json``: a finished fold."""

    version: int
    fingerprint: str
    sha256: Sha256
    log: list[LogRow]
    epoch: Count


class StoredCheckpoint(_Checkpoint):
    """``checkpoint-*.json``: folds under way."""

    version: int
    fingerprint: str
    sha256: Sha256
    folds: list[Count]
    epoch: Count
    step: Count
    states: list[State]
    elapsed: NotNegative
    parts: Annotated[int, Field(ge=1)]
    budgets: dict[str, list[Any]]


def read_request(content: bytes) -> Request:
    """``request.json`` of a kept run.

    Raises
    ------
    BundleError
        It can't be one.
    """
    stored = checked(StoredRequest, parse_json(content, "request.json"), "request.json")
    values = {field.name: getattr(stored, field.name) for field in fields(Request)}
    return Request(**{**values, "properties": tuple(values["properties"])})


def read_record(content: bytes) -> Record:
    """``record.json`` of a kept run; errors as of `read_request`."""
    stored = checked(StoredRecord, parse_json(content, "record.json"), "record.json")
    return Record(**{field.name: getattr(stored, field.name) for field in fields(Record)})


def check_checkpoint(name: str, content: bytes) -> None:
    """Refuse a record of a checkpoint that is none.

    Raises
    ------
    BundleError
        The first entry that can't be.
    """
    file = name.removeprefix("model/")
    try:
        value = json.loads(content)  # numbers that aren't finite are losses, which `parse_json` would refuse
    except (ValueError, RecursionError) as problem:
        raise BundleError.damaged(file, f"it is not JSON, {problem}") from None
    checked(StoredFold if "/fold-" in name else StoredCheckpoint, value, file)
