"""The files that a screen reads: found by name or pattern, looked at, and cut into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from polyid.common.text import listed
from polyid.errors import DataError
from polyid.screening.input_csv import CsvInput
from polyid.screening.input_parquet import ParquetInput
from polyid.screening.rows import Chunk
from polyid.screening.store import matching, opened

InputFile = ParquetInput | CsvInput


def find_inputs(words: Sequence[str]) -> tuple[InputFile, ...]:
    """The files that are named, by themselves, by patterns or by their folder.

    Raises
    ------
    DataError
        There is none, one can't be read or has no polymers, or their columns differ.
    """
    addresses = [address for word in words for address in matching(word) or _missing(word)]
    twice = [address for place, address in enumerate(addresses) if address in addresses[:place]]
    if twice:
        raise DataError(f"{twice[0]} is named twice; name every file once.")
    files = tuple(_looked_at(address) for address in addresses)
    for file in files[1:]:
        _check_alike(files[0], file)
    return files


def chunks_of(files: Sequence[InputFile], size: int) -> list[Chunk]:
    """All chunks of some files, in order."""
    chunks: list[Chunk] = []
    for number, file in enumerate(files):
        chunks += [
            replace(chunk, number=len(chunks) + place, file=number) for place, chunk in enumerate(file.chunks(size))
        ]
    return chunks


def _missing(word: str) -> list[str]:
    raise DataError(f"There is no file {word}.")


def _looked_at(address: str) -> InputFile:
    name = address.rsplit("/", 1)[-1]
    with opened(address) as stream:
        mark = stream.read(4)
    if mark == b"PAR1":
        return ParquetInput.of_file(address, name)
    if mark == b"PK\x03\x04":
        raise DataError(f"{name} is a spreadsheet; save it as CSV or Parquet, or give it to polyid predict --input.")
    return CsvInput.of_file(address, name)


def _check_alike(first: InputFile, other: InputFile) -> None:
    """Refuse a file whose columns are not those of the first."""
    for field in first.schema:
        found: pa.Field | None = other.schema.field(field.name) if field.name in other.schema.names else None
        if found is None:
            raise DataError(
                f"{other.name} has no column {field.name!r}, which {first.name} has; its columns are "
                f"{listed(other.schema.names)}: files of one screen need the same columns."
            )
        if found.type != field.type:
            raise DataError(
                f"The column {field.name!r} of {other.name} is {found.type}, that of {first.name} {field.type}: files of one "
                "screen need the same columns."
            )
    if first.meaning != other.meaning:
        raise DataError(
            f"The polymers of {other.name} stand in {listed(other.meaning.used)}, those of {first.name} in "
            f"{listed(first.meaning.used)}: files of one screen need the same columns."
        )
