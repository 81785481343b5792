"""The raw shape: columns and types of a table in the warehouse, the same for every Airflow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tap_airflow_metadata.catalogue import Column, ColumnType

EXTRACTED_AT = "_sdc_extracted_at"
DELETED_AT = "_sdc_deleted_at"

_TIMESTAMP = pa.timestamp("us", tz="UTC")
_ARROW: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": _TIMESTAMP,
    "json": pa.string(),
    "uuid": pa.string(),
    "bytes": pa.string(),  # base64: neither Singer nor every warehouse has bytes
}
_JSON_SCHEMA: dict[ColumnType, dict[str, Any]] = {
    "integer": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "text": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
    "json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "uuid": {"type": ["string", "null"]},
    "bytes": {"type": ["string", "null"], "contentEncoding": "base64"},
}


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of the raw table with these columns, every field nullable."""
    fields = [pa.field(column.name, _ARROW[column.type]) for column in columns]
    fields += [pa.field(EXTRACTED_AT, _TIMESTAMP), pa.field(DELETED_AT, _TIMESTAMP)]
    return pa.schema(fields)


def json_schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    """Return the JSON schema of a record of the raw table with these columns."""
    properties = {column.name: _JSON_SCHEMA[column.type] for column in columns}
    properties[EXTRACTED_AT] = properties[DELETED_AT] = _JSON_SCHEMA["timestamp"]
    return {"type": "object", "properties": properties}
