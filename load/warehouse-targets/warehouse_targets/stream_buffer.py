"""What a sync sends for one table, kept until everything is loaded at its end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

import pyarrow.parquet as pq

from warehouse_targets.audit_tap import is_known, is_of_audit_tap, mode_of
from warehouse_targets.columns import (
    DELETED_AT,
    EXTRACTED_AT,
    ColumnType,
    arrow_schema,
    columns_of,
)
from warehouse_targets.errors import InputError
from warehouse_targets.parquet_file import ParquetFile, batch_file
from warehouse_targets.record_spool import RecordSpool

Mode = Literal["merge", "mirror", "append"]

_SYNC_COLUMNS: Mapping[str, ColumnType] = {EXTRACTED_AT: "timestamp", DELETED_AT: "timestamp"}


class StreamBuffer:
    """Rows of one table, in files.

    Attributes:
        stream_name: Singer's name for it.
        name: Name in the warehouse: of letters, digits and underscores.
        mode: How its rows arrive there.
        is_of_audit_tap: Whether our own tap sends it.
        is_known: Whether its rows need not be loaded again where they stand.
        key: Key columns, empty if there are none.
        columns: All columns, in order.
        batch_files: Files of BATCH messages, the target's to delete after the load.
        whole_at: If the table was sent whole, the moment: older rows are gone at the source.
    """

    def __init__(self, stream_name: str) -> None:
        """Make an empty buffer.

        Args:
            stream_name: Singer's name; of SQL taps, ``database-schema-table``.
        """
        self.stream_name = stream_name
        self.name = re.sub(r"\W", "_", stream_name.rpartition("-")[2])
        self.mode: Mode = "append"
        self.is_of_audit_tap = self.is_known = False
        self.key: tuple[str, ...] = ()
        self.columns: dict[str, ColumnType] = {}
        self.batch_files: list[ParquetFile] = []
        self.whole_at: datetime | None = None
        self._records: list[Mapping[str, Any]] = []
        self._spool = RecordSpool(self.name)

    def describe(self, schema: Mapping[str, Any], key: Sequence[str]) -> None:
        """Apply a SCHEMA message; a second one for the same stream adds its columns.

        Args:
            schema: JSON schema.
            key: Key columns.

        Raises:
            InputError: The mode is unknown or needs a key, or a column changed its type.
        """
        mode = mode_of(schema, key)
        if mode not in get_args(Mode):
            msg = f"{self.name}: x-mode {mode!r} is none of {', '.join(get_args(Mode))}"
            raise InputError(msg)
        columns = columns_of(schema)
        if missing := [name for name in key if name not in columns]:
            msg = f"{self.name}: the key column {missing[0]} is not in the SCHEMA message"
            raise InputError(msg)
        if mode == "merge" and not key:
            msg = f"{self.name}: x-mode merge needs key_properties"
            raise InputError(msg)
        if mode != "mirror" and columns.get("d") == "json":
            # dlt's SQL to replace rows by key calls the table d, and DuckDB then takes `d.id`
            # for a field of the column.
            msg = f"{self.name}.d: rows with a JSON column of this name cannot be merged; rename it"
            raise InputError(msg)
        for name, kind in columns.items():
            if self.columns.get(name, kind) != kind:
                was = self.columns[name]
                msg = f"{self.name}.{name}: first a SCHEMA message said {was}, then another {kind}"
                raise InputError(msg)
        self.mode, self.key = cast("Mode", mode), tuple(key)
        self.is_of_audit_tap, self.is_known = is_of_audit_tap(schema), is_known(schema)
        own = {**self.columns, **columns}
        self.columns = {name: kind for name, kind in own.items() if name not in _SYNC_COLUMNS}
        self.columns |= _SYNC_COLUMNS

    def add_record(self, record: Mapping[str, Any]) -> None:
        """Add a RECORD message's row, held in memory until the next flush."""
        self._records.append(record)

    def flush(self) -> None:
        """Write the records held in memory to disk.

        Raises:
            InputError: A value does not fit its column.
        """
        if self._records:
            self._spool.write(self._records, self.columns)
            self._records = []

    def add_batch_file(self, url: str) -> int:
        """Add a BATCH message's file.

        Args:
            url: ``file://`` URL of a Parquet file whose rows are unique by key.

        Returns:
            Number of rows.

        Raises:
            InputError: The file is missing, no Parquet, or has other columns or types.
        """
        file = batch_file(url, self.name, self.columns)
        self.batch_files.append(file)
        return file.row_count

    def files(self, folder: Path) -> list[ParquetFile]:
        """Return all rows as files, at least one.

        Args:
            folder: For the files that have to be made: of records, all flushed, or without rows.
        """
        made = folder / f"{len(list(folder.iterdir()))}.parquet"
        if self._spool.row_count:
            key = self.key if self.mode == "merge" else ()
            row_count = self._spool.save(made, self.columns, key)
            return [*self.batch_files, ParquetFile(made, row_count)]
        if not self.batch_files:
            pq.write_table(arrow_schema(self.columns).empty_table(), made)
            return [ParquetFile(made, 0)]
        return self.batch_files
