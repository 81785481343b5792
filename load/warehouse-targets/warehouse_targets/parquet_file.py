"""Parquet files of BATCH messages: found, readable, and of the stream's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_targets.columns import ARROW_TYPES, EXTRACTED_AT, ColumnType
from warehouse_targets.errors import InputError


@dataclass(frozen=True)
class ParquetFile:
    """Rows ready to load.

    Attributes:
        path: The file.
        row_count: Rows in it.
    """

    path: Path
    row_count: int


def batch_file(url: str, table_name: str, columns: Mapping[str, ColumnType]) -> ParquetFile:
    """Return a file of a BATCH message's manifest, checked by its footer.

    Args:
        url: ``file://`` URL.
        table_name: Named in errors.
        columns: The table's columns. The file may lack some, which are null then.

    Raises:
        InputError: There is no such file, it is no Parquet file, or its columns are others.
    """
    path = _local_path(url, table_name)
    try:
        with pq.ParquetFile(path) as file:
            schema, row_count = file.schema_arrow, file.metadata.num_rows
    except FileNotFoundError:
        msg = (
            f"{table_name}: the file {path} of a BATCH message does not exist. Tap and target have"
            " to see the same folders"
        )
        raise InputError(msg) from None
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{table_name}: the file {path} of a BATCH message is no readable Parquet: {error}"
        raise InputError(msg) from error
    _check_columns(schema, columns, f"{table_name}: the file {path}")
    return ParquetFile(path, row_count)


def _local_path(url: str, table_name: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        msg = f"{table_name}: a BATCH message names {url}; only file:// URLs can be loaded"
        raise InputError(msg)
    return Path(url2pathname(parts.path))


def _check_columns(schema: pa.Schema, columns: Mapping[str, ColumnType], file: str) -> None:
    if EXTRACTED_AT not in schema.names:
        msg = f"{file} lacks the column {EXTRACTED_AT}"
        raise InputError(msg)
    for field in schema:
        if field.name not in columns:
            msg = f"{file} has a column {field.name} that the SCHEMA message lacks"
            raise InputError(msg)
        expected = ARROW_TYPES[columns[field.name]]
        if field.type != expected:
            msg = f"{file} has {field.type} in column {field.name}, not {expected}"
            raise InputError(msg)
