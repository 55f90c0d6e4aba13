"""What a screen is to do, and the record by which its parts are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from polyid.bundle.files import read_file
from polyid.bundle.layout import MANIFEST_FILE
from polyid.errors import BundleError
from polyid.screening.condition import Condition
from polyid.screening.inputs import InputFile

FORMAT = 1
"""Of the records of screens, and of what lies beside an unfinished one."""
ROW, VALUE = "_row", "_value"
"""Columns of parts that no result has: the place of a row among all of the input, and what rows are ranked by."""


@dataclass(frozen=True)
class Ranking:
    """How many rows to keep: those with the largest values of a column, or the smallest."""

    column: str
    rows: int
    is_ascending: bool = False

    @property
    def order(self) -> list[tuple[str, str]]:
        """What a part's rows are sorted by: the value, and of equal ones the place in the input."""
        return [(VALUE, "ascending" if self.is_ascending else "descending"), (ROW, "ascending")]


@dataclass(frozen=True)
class ScreenJob:
    """All that decides the result of a screen.

    Attributes
    ----------
    files : tuple of InputFile
    fingerprints : tuple of str
        Of the files, as of `polyid.screening.store.fingerprint`.
    model : str
        A model folder, or ``user/repo@commit``.
    model_sha256 : str
        Of the model's manifest, which has that of every other file.
    level : float
    columns : tuple of str
        Of the result, in its order.
    condition : Condition or None
        Of the rows to keep.
    predicted : mapping of str to bool
        Columns that the model fills, and whether each holds numbers; one of the input with such a name is left out.
    said : mapping of str to str
        The options as the user wrote them, where they decide the result.
    ranking : Ranking or None
    chunk_rows : int
    parts : str
        Address of the folder of what is done.
    """

    files: tuple[InputFile, ...]
    fingerprints: tuple[str, ...]
    model: str
    model_sha256: str
    level: float
    columns: tuple[str, ...]
    condition: Condition | None
    predicted: Mapping[str, bool]
    said: Mapping[str, str]
    ranking: Ranking | None
    chunk_rows: int
    parts: str

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns of the result, and those that rows are chosen by."""
        compared = () if self.condition is None else (one.column for one in self.condition.comparisons)
        ranked = () if self.ranking is None else (self.ranking.column,)
        return tuple(dict.fromkeys((*self.columns, *compared, *ranked)))

    @property
    def needed_inputs(self) -> list[str]:
        """Columns of the input that are needed."""
        needed = set(self.needed) - self.predicted.keys()
        return [column for column in self.files[0].schema.names if column in needed]

    @property
    def result_schema(self) -> pa.Schema:
        """Of the result."""
        inputs = self.files[0].schema
        return pa.schema(
            [
                pa.field(name, stored_type(self.predicted[name])) if name in self.predicted else inputs.field(name)
                for name in self.columns
            ]
        )

    def record(self) -> dict[str, Any]:
        """What two screens share whose parts are the same, as JSON can hold it."""
        files = [
            {"name": file.name, "sha256": fingerprint}
            for file, fingerprint in zip(self.files, self.fingerprints, strict=True)
        ]
        return {
            "format": FORMAT,
            "input": files,
            "model": self.model_sha256,
            "level": self.level,
            "columns": list(self.columns),
            **self.said,
            "chunk": self.chunk_rows,
        }


def stored_type(is_number: bool) -> pa.DataType:
    """Of a column that the model fills: networks reckon in numbers of 32 bits, and files of millions of rows are large."""
    return pa.float32() if is_number else pa.string()


def differences(stored: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """In what the records of two screens differ, in words."""
    words = {"model": "another model", "input": "other input files", "level": "another --level"}
    keys = [key for key in dict.fromkeys([*own, *stored]) if stored.get(key) != own.get(key)]
    return [words.get(key, f"another --{key}") for key in keys]


def model_digest(folder: Path) -> str:
    """What tells a model from any other: SHA-256 of its manifest."""
    return hashlib.sha256(read_file(folder, MANIFEST_FILE)).hexdigest()


def check_same_model(folder: Path, job: ScreenJob) -> None:
    """Refuse a folder whose model is not the one that the screen began with."""
    if model_digest(folder) != job.model_sha256:
        raise BundleError(
            f"The model in {folder} was replaced while the screen ran: put back the one that it began with and give the same "
            "command again, or begin anew with another --output; what was done is kept."
        )
