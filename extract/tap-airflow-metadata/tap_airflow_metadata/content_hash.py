"""A hash of a table's rows, by which the next sync of the same rows is known."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from tap_airflow_metadata.raw_shape import DELETED_AT, EXTRACTED_AT

_OF_THE_SYNC = {EXTRACTED_AT, DELETED_AT}


class ContentHash:
    """SHA-256 of rows in their order, whatever batches they come in.

    When they were read is left out. Postgres returns the rows of a table that nobody writes in the
    same order each time; rows in another order only look changed, and are loaded once more.

    Args:
        schema: Raw shape of the rows; its names and types count too.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = {
            field.name: _ColumnHash(field) for field in schema if field.name not in _OF_THE_SYNC
        }

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows in the raw shape."""
        for name, column in self._columns.items():
            column.add(batch.column(name))

    def hexdigest(self) -> str:
        """Return the hash of the rows so far."""
        digests = (column.digest() for column in self._columns.values())
        return hashlib.sha256(b"".join(digests)).hexdigest()


class _ColumnHash:
    """The hash of a column: of which values are null, and of the others, and how long they are."""

    def __init__(self, field: pa.Field) -> None:
        self._field = f"{field.name} {field.type}".encode()
        self._nulls, self._lengths, self._values = (hashlib.sha256() for _ in range(3))

    def add(self, array: pa.Array) -> None:
        self._nulls.update(_bytes(array.is_null().cast(pa.uint8()), 1))
        values = array.drop_null()
        if not len(values):
            return
        if pa.types.is_string(values.type):
            self._lengths.update(_bytes(pc.binary_length(values), 4))
            _, offsets, text = values.buffers()
            first, last = (
                int.from_bytes(memoryview(offsets)[place * 4 : place * 4 + 4], "little")
                for place in (values.offset, values.offset + len(values))
            )
            if text:
                self._values.update(memoryview(text)[first:last])
        elif pa.types.is_boolean(values.type):
            self._values.update(_bytes(values.cast(pa.uint8()), 1))
        else:
            self._values.update(_bytes(values, values.type.bit_width // 8))

    def digest(self) -> bytes:
        parts = (self._nulls, self._lengths, self._values)
        digests = b"".join(part.digest() for part in parts)
        return hashlib.sha256(self._field + digests).digest()


def _bytes(array: pa.Array, width: int) -> memoryview:
    """Return the values of an array of numbers without nulls, each ``width`` bytes long."""
    start = array.offset * width
    return memoryview(array.buffers()[-1])[start : start + len(array) * width]
