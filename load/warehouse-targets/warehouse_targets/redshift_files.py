"""Parquet files in the shape that COPY of Redshift takes.

COPY puts columns into a table by their place, knows the compressions Snappy and Gzip, and ends at a
text that is longer than a VARCHAR can be. So every file is written anew, a row group at a time.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse_targets.columns import ARROW_TYPES, arrow_schema
from warehouse_targets.errors import InputError
from warehouse_targets.parquet_file import ParquetFile
from warehouse_targets.warehouse import TableToLoad

# Of VARCHAR, in Redshift's documentation of character types: bytes of UTF-8, not characters.
_MOST_BYTES = 65535

logger = logging.getLogger(__name__)


class FittedRows:
    """The rows of one table, with the columns of Redshift's table and texts that fit."""

    def __init__(self, table: TableToLoad, *, only_finite: bool = False) -> None:
        """Describe the rows to make.

        Args:
            table: The table.
            only_finite: Whether numbers have to be finite, as in INSERT.
        """
        self._table = table
        self._schema = arrow_schema(table.columns)
        self._only_finite = only_finite
        self._cut: Counter[str] = Counter()

    def save(self, file: ParquetFile, path: Path) -> ParquetFile:
        """Write a file's rows to another one.

        Args:
            file: What was sent.
            path: The file to make.

        Raises:
            InputError: A value cannot be in Redshift, or the file is damaged.
        """
        with pq.ParquetWriter(path, self._schema, compression="snappy") as writer:
            for rows in self.read(file):
                writer.write_table(rows)
        return ParquetFile(path, file.row_count)

    def read(self, file: ParquetFile) -> Iterator[pa.Table]:
        """Yield a file's rows, a row group at a time.

        Raises:
            InputError: A value cannot be in Redshift, or the file is damaged.
        """
        with pq.ParquetFile(file.path) as opened:
            for index in range(opened.num_row_groups):
                try:
                    rows = opened.read_row_group(index)
                except (pa.ArrowException, OSError) as error:
                    msg = (
                        f"{self._table.name}: the file {file.path} is damaged: {error}. Nothing was"
                        " loaded. Run the sync again"
                    )
                    raise InputError(msg) from error
                arrays = [self._fit(rows, field) for field in self._schema]
                yield pa.table(arrays, schema=self._schema)

    def warn_of_cut_texts(self) -> None:
        """Log how many texts of which columns were cut."""
        for name, count in self._cut.items():
            logger.warning(
                "%s.%s: %d texts longer than %d bytes, the most that Redshift keeps, were cut."
                " Each ends with a note of its length",
                self._table.name,
                name,
                count,
                _MOST_BYTES,
            )

    def _fit(self, rows: pa.Table, field: pa.Field) -> pa.ChunkedArray:
        if field.name not in rows.column_names:
            return pa.nulls(rows.num_rows, field.type)
        values = rows[field.name]
        if values.type != field.type:
            values = values.cast(field.type)
        if field.type == ARROW_TYPES["text"]:
            return self._fit_texts(values, field.name)
        if self._only_finite and field.type == ARROW_TYPES["double"]:
            self._check_finite(values, field.name)
        return values

    def _fit_texts(self, values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
        if pc.any(pc.match_substring(values, "\0")).as_py():
            msg = (
                f"{self._table.name}.{name}: a text has the character NUL, which Redshift cannot"
                " keep. Nothing was loaded. Remove it at the source, or leave out the column"
            )
            raise InputError(msg)
        is_long = pc.fill_null(pc.greater(pc.binary_length(values), _MOST_BYTES), fill_value=False)
        count = pc.sum(is_long).as_py()
        if not count:
            return values
        if name in self._table.key:
            msg = (
                f"{self._table.name}.{name}: a text of this key column is longer than"
                f" {_MOST_BYTES} bytes, the most that Redshift keeps. Nothing was loaded. Leave out"
                " the table"
            )
            raise InputError(msg)
        self._cut[name] += count
        cut = [_cut(text) for text in values.filter(is_long).to_pylist()]
        return pc.replace_with_mask(values, is_long.combine_chunks(), pa.array(cut))

    def _check_finite(self, values: pa.ChunkedArray, name: str) -> None:
        if pc.any(pc.invert(pc.is_finite(values))).as_py():
            msg = (
                f"{self._table.name}.{name}: NaN or infinity cannot be sent by INSERT. Nothing was"
                " loaded. Set s3_staging_url, so that files are loaded"
            )
            raise InputError(msg)


def _cut(text: str) -> str:
    encoded = text.encode()
    note = f" … [cut by target-redshift: {len(encoded)} bytes]"
    # A character that straddles the limit is dropped whole.
    return encoded[: _MOST_BYTES - len(note.encode())].decode(errors="ignore") + note
