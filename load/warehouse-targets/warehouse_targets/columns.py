"""Column types: from a Singer JSON schema to dlt's types, and their Arrow types in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pyarrow as pa

ColumnType = Literal["text", "json", "bigint", "double", "bool", "timestamp", "date", "time"]

EXTRACTED_AT = "_sdc_extracted_at"
DELETED_AT = "_sdc_deleted_at"

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "time": pa.time64("us"),
}
_FORMATTED_TEXT: Mapping[str | None, ColumnType] = {
    "date-time": "timestamp",
    "date": "date",
    "time": "time",
}
_SCALARS: Mapping[frozenset[str], ColumnType] = {
    frozenset({"integer"}): "bigint",
    frozenset({"number"}): "double",
    frozenset({"integer", "number"}): "double",
    frozenset({"boolean"}): "bool",
}


def columns_of(schema: Mapping[str, Any]) -> dict[str, ColumnType]:
    """Return the columns of a stream in the schema's order.

    Args:
        schema: JSON schema of a SCHEMA message, with ``properties``.
    """
    return {name: column_type(shape) for name, shape in schema["properties"].items()}


def column_type(shape: Mapping[str, Any]) -> ColumnType:
    """Return the type of the column that takes a property's values.

    Objects, arrays, mixed types and unknown types become JSON, so that no value is lost.

    Args:
        shape: JSON schema of the property; ``anyOf`` and ``oneOf`` are followed.
    """
    variants = {variant for variant in _variants(shape) if variant[0] != "null"}
    types = frozenset(json_type for json_type, _ in variants)
    if types == {"string"}:
        formats = {json_format for _, json_format in variants}
        return _FORMATTED_TEXT.get(formats.pop(), "text") if len(formats) == 1 else "text"
    return _SCALARS.get(types, "json")


def _variants(shape: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for alternative in (*shape.get("anyOf", ()), *shape.get("oneOf", ())):
        yield from _variants(alternative)
    types = shape.get("type", [])
    for json_type in [types] if isinstance(types, str) else types:
        yield json_type, shape.get("format") if json_type == "string" else None


def arrow_schema(columns: Mapping[str, ColumnType]) -> pa.Schema:
    """Return the Arrow schema of a file with these columns, every field nullable."""
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in columns.items()])
