"""From the bytes of a Parquet file to a pandas frame: what its metadata says is looked at before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from polyid.data.limits import check_bytes, check_shape
from polyid.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(data: bytes, name: str, notes: list[str]) -> pd.DataFrame:
    """Columns of a Parquet file, fields of structures by their path (``labels.Tg``); lists are left out and named in `notes`.

    Raises
    ------
    DataError
        The file is damaged, or has more than is read.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DataError(f"Reading the Parquet file {name} needs the package pyarrow; install it with pip.") from error
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _check_metadata(file.metadata, name)
        # A text that stands in many rows is read once, as a hundred bytes may stand for a million long texts.
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=_texts(file.schema))
        lists = [field.name for field in file.schema_arrow if _holds_lists(field.type)]
        table = file.read([field.name for field in file.schema_arrow if field.name not in lists])
        while any(pa.types.is_struct(field.type) for field in table.schema):
            table = table.flatten()
        check_shape(name, table.num_rows, table.num_columns)
        check_bytes(name, _text_bytes(table), "has texts of")
        # Without pandas' own notes, by which a column may become an index and is lost.
        frame = table.to_pandas(ignore_metadata=True, timestamp_as_object=True)
    except DataError:
        raise
    except Exception as error:  # Arrow has errors of many types for damaged files
        raise DataError(f"{name} is a damaged Parquet file; write it again or save it as CSV.") from error
    if lists:
        notes.append(f"Columns of lists are not read: {', '.join(map(str, lists[:5]))}.")
    return frame


def _check_metadata(metadata: Any, name: str) -> None:
    """Refuse by what the file says of itself: rows, columns, values (of lists, too) and unpacked bytes."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    values = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    check_shape(name, metadata.num_rows, metadata.num_columns, values)
    check_bytes(name, sum(group.total_byte_size for group in groups), "unpacks to")


def _texts(schema: Any) -> list[str]:
    """Paths of the columns of text."""
    columns = [schema.column(place) for place in range(len(schema))]
    return [column.path for column in columns if column.logical_type.type == "STRING"]


def _holds_lists(stored: pa.DataType) -> bool:
    """Whether a type is a list, a map or a structure that has one."""
    import pyarrow as pa

    if pa.types.is_struct(stored):
        return any(_holds_lists(stored.field(place).type) for place in range(stored.num_fields))
    return bool(pa.types.is_nested(stored))


def _text_bytes(table: pa.Table) -> int:
    """Bytes of the texts of a table as pandas will hold them: those of a dictionary once for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total = 0
    for column in table.columns:
        if not pa.types.is_dictionary(column.type):
            total += column.nbytes
            continue
        for chunk in column.chunks:
            if len(chunk.dictionary):
                lengths = pc.binary_length(chunk.dictionary)
                total += pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0
    return total
