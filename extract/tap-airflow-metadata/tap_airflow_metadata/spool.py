"""The folder of a sync's Parquet files, between reading and loading."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tap_airflow_metadata.content_hash import ContentHash
from tap_airflow_metadata.raw_shape import EXTRACTED_AT

_PREFIX = "sync-"
# A loader may still read a folder whose tap has ended, so age decides.
_ABANDONED_AFTER_SECONDS = 24 * 3600
_RECORDS_AT_A_TIME = 10_000
# Of a table with few columns or many, a batch has some 16 MB.
_BATCHES_WAITING = 2


@dataclass(frozen=True)
class SpoolFile:
    """The rows of one table.

    Attributes:
        path: Parquet file, zstd.
        row_count: Rows in it.
        byte_count: Its size.
        content_hash: See :class:`ContentHash`.
    """

    path: Path
    row_count: int
    byte_count: int
    content_hash: str

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as Python objects, of which a few thousand are in memory at a time."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_RECORDS_AT_A_TIME):
                yield from batch.to_pylist()


class Spool:
    """A new folder below ``root``, removed after an error, else left to the loader."""

    def __init__(self, root: Path, sync_id: str) -> None:
        self._root = root
        self.folder = root / f"{_PREFIX}{sync_id}"

    def __enter__(self) -> Spool:  # noqa: PYI034  (Self needs 3.11)
        """Create the folder, and remove those that killed syncs left a day ago."""
        self._root.mkdir(parents=True, exist_ok=True)
        for left in self._root.glob(f"{_PREFIX}*"):
            if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Remove the folder if the sync failed: no message named its files."""
        if kind is not None:
            self.remove()

    def remove(self) -> None:
        """Remove the folder and its files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(
        self,
        name: str,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        extracted_at: datetime,
    ) -> SpoolFile | None:
        """Write a query's result in the shape of the raw table, while the next rows are read.

        Args:
            name: The file's stem, the table's name.
            schema: Raw shape. Columns that the batches lack become null.
            batches: Any subset of the schema's columns, castable to its types.
            extracted_at: As of when the rows are.

        Returns:
            The file; None, and no file, if the result has no rows.
        """
        path = self.folder / f"{name}.parquet"
        row_count = 0
        content = ContentHash(schema)
        waiting: deque[Future[None]] = deque()
        with _writer(path, schema) as writer, ThreadPoolExecutor(1) as beside:

            def write(batch: pa.RecordBatch) -> None:
                rows = _in_raw_shape(batch, schema, extracted_at)
                writer.write_batch(rows)
                content.add(rows)

            for batch in batches:
                row_count += batch.num_rows
                waiting.append(beside.submit(write, batch))
                if len(waiting) > _BATCHES_WAITING:
                    waiting.popleft().result()
            for written in waiting:
                written.result()
        if row_count == 0:
            path.unlink()
            return None
        return SpoolFile(path, row_count, path.stat().st_size, content.hexdigest())


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer without dictionaries, which cost more time than all else and save no space.

    Two thirds of the time and four fifths of the size, measured on task instances; what zstd finds
    in plain values is the same, and every warehouse reads them.
    """
    return pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, use_dictionary=False
    )


def _in_raw_shape(
    batch: pa.RecordBatch, schema: pa.Schema, extracted_at: datetime
) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        index = batch.schema.get_field_index(field.name)
        if index >= 0:
            array = batch.column(index)
            arrays.append(array if array.type == field.type else array.cast(field.type))
        elif field.name == EXTRACTED_AT:
            arrays.append(pa.repeat(pa.scalar(extracted_at, field.type), batch.num_rows))
        else:
            arrays.append(pa.nulls(batch.num_rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
