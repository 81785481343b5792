"""RECORD messages on their way to a Parquet file, a bounded number of them in memory."""

from __future__ import annotations

import tempfile
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import simplejson

from warehouse_targets.columns import ARROW_TYPES, ColumnType, arrow_schema
from warehouse_targets.errors import DiskFullError, InputError

_ROW = "row"


class RecordSpool:
    """Records of one table, in files without a name that vanish with the process."""

    def __init__(self, table_name: str) -> None:
        """Make an empty spool.

        Args:
            table_name: Named in errors.
        """
        self._table_name = table_name
        self._segments: list[_Segment] = []

    @property
    def row_count(self) -> int:
        """Number of records written."""
        return sum(segment.row_count for segment in self._segments)

    def write(
        self, records: Sequence[Mapping[str, Any]], columns: Mapping[str, ColumnType]
    ) -> None:
        """Append records.

        Args:
            records: As Singer sends them, dates and times parsed by the SDK. Fields without a
                column are left out, columns without a field are null.
            columns: The table's columns so far. A later call may have more.

        Raises:
            InputError: A value does not fit its column.
            DiskFullError: There is no room in the folder for temporary files.
        """
        schema = arrow_schema(columns)
        if not self._segments or self._segments[-1].schema != schema:
            self._segments.append(_Segment(schema))
        arrays = [self._array(records, name, kind) for name, kind in columns.items()]
        try:
            self._segments[-1].write(pa.record_batch(arrays, schema=schema))
        except OSError as error:
            folder = tempfile.gettempdir()
            msg = (
                f"{self._table_name}: records cannot be kept in {folder}: {error}. Make room there,"
                " or name another folder with TMPDIR"
            )
            raise DiskFullError(msg) from error

    def _array(self, records: Sequence[Mapping[str, Any]], name: str, kind: ColumnType) -> pa.Array:
        convert = _CONVERTERS.get(kind)
        values = [record.get(name) for record in records]
        try:
            if convert:
                values = [None if value is None else convert(value) for value in values]
            return pa.array(values, ARROW_TYPES[kind])
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            msg = f"{self._table_name}.{name}: a value does not fit the column type {kind}: {error}"
            raise InputError(msg) from error

    def save(self, path: Path, columns: Mapping[str, ColumnType], key: Sequence[str]) -> int:
        """Write the records to a Parquet file, of each key the newest only.

        Args:
            path: File to make.
            columns: All columns of the file.
            key: Key columns; empty keeps every record.

        Returns:
            Number of rows in the file.
        """
        schema = arrow_schema(columns)
        kept = self._newest_rows({name: columns[name] for name in key}) if key else None
        row_count = start = 0
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for table in self._tables(schema):
                end = start + table.num_rows
                if kept is not None:
                    rows = kept[bisect_left(kept, start) : bisect_left(kept, end)]
                    here = pa.array([row - start for row in rows], pa.int64())
                    table = table.take(here)  # noqa: PLW2901
                writer.write_table(table)
                row_count += table.num_rows
                start = end
        return row_count

    def _newest_rows(self, key: Mapping[str, ColumnType]) -> list[int] | None:
        """Return the positions of the last row of every key, None if no key occurs twice."""
        names = [f"key {name}" for name in key]  # never equal to _ROW
        keys = pa.concat_tables(self._tables(arrow_schema(key))).rename_columns(names)
        keys = keys.append_column(_ROW, pa.array(range(keys.num_rows), pa.int64()))
        newest = keys.group_by(names).aggregate([(_ROW, "max")])
        if newest.num_rows == keys.num_rows:
            return None
        return sorted(newest[f"{_ROW}_max"].to_pylist())

    def _tables(self, schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield all records in order, with the columns of ``schema``."""
        for segment in self._segments:
            for table in segment.read(schema.names):
                yield _in_shape(table, schema)


class _Segment:
    """Records of one schema."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.row_count = 0
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by _finish
        self._writer = pq.ParquetWriter(self._file, schema, compression="lz4")
        self._finish = weakref.finalize(self, _close_both, self._writer, self._file)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)
        self.row_count += batch.num_rows

    def read(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the columns that the segment has, a row group at a time."""
        self._writer.close()
        with pq.ParquetFile(self._file) as file:
            for index in range(file.num_row_groups):
                yield file.read_row_group(
                    index, columns=[name for name in names if name in self.schema.names]
                )


def _close_both(writer: pq.ParquetWriter, file: IO[bytes]) -> None:
    with suppress(OSError):  # a full disk, which has been reported
        writer.close()
    with suppress(OSError):
        file.close()


def _in_shape(table: pa.Table, schema: pa.Schema) -> pa.Table:
    arrays = [
        table[field.name]
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _json_text(value: object) -> str:
    # With the spaces that PostgreSQL writes jsonb with.
    text: str = simplejson.dumps(value, use_decimal=True, ensure_ascii=False, default=str)
    return text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, (date, time)) else _json_text(value)


def _whole_number(value: Any) -> int:  # noqa: ANN401
    number = int(value)
    if number != value:
        msg = f"{value} is not a whole number"
        raise ValueError(msg)
    return number


_CONVERTERS: Mapping[ColumnType, Callable[[Any], object]] = {
    "text": _text,
    "json": _json_text,
    "bigint": _whole_number,
    "double": float,
}
