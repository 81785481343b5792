"""The raw shape: columns and types of a table in the warehouse, the same for every Airflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tap_airflow_metadata.catalogue import Column, ColumnType

EXTRACTED_AT = "_sdc_extracted_at"
DELETED_AT = "_sdc_deleted_at"

_TIMESTAMP = pa.timestamp("us", tz="UTC")
_WHOLE_NUMBERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"character varying", "text"})


@dataclass(frozen=True)
class RawType:
    """A type of the raw tables, on its way from Postgres to the warehouse.

    Attributes:
        json_schema: Type of a property in Singer's SCHEMA message.
        source_types: Types of Postgres whose values can be read as this one. Airflow 2 kept some
            JSON as bytes or text, and some ids, which are text now, as numbers.
        uncast_types: Those of them that need no cast.
        cast: Type of Postgres that the others are cast to, where :mod:`query` has no rule for them.
        arrow: Type in the Parquet files.
        sql: Type in dbt's description of the raw tables.
    """

    json_schema: Mapping[str, Any]
    source_types: frozenset[str]
    uncast_types: frozenset[str] = _TEXTS
    cast: str = "text"
    arrow: pa.DataType = field(default_factory=pa.string)
    sql: str = "varchar"


def _nullable(*types: str, **keywords: str) -> dict[str, Any]:
    return {"type": [*types, "null"], **keywords}


RAW_TYPES: Mapping[ColumnType, RawType] = {
    "integer": RawType(
        _nullable("integer"), _WHOLE_NUMBERS, _WHOLE_NUMBERS, "bigint", pa.int64(), "bigint"
    ),
    "number": RawType(
        _nullable("number"),
        frozenset({"smallint", "integer", "real", "double precision"}),
        frozenset({"real", "double precision"}),
        "double precision",
        pa.float64(),
        "double",
    ),
    "text": RawType(
        _nullable("string"),
        _TEXTS | _WHOLE_NUMBERS | {"character", "uuid", "json", "jsonb"},
    ),
    "boolean": RawType(
        _nullable("boolean"),
        frozenset({"boolean"}),
        frozenset({"boolean"}),
        "boolean",
        pa.bool_(),
        "boolean",
    ),
    "timestamp": RawType(
        _nullable("string", format="date-time"),
        frozenset({"timestamp with time zone", "timestamp without time zone"}),
        arrow=_TIMESTAMP,
        sql="timestamp with time zone",
    ),
    "json": RawType(
        _nullable("object", "array", "string", "number", "boolean"),
        _TEXTS | {"character", "json", "jsonb", "bytea", "double precision"},
        sql="json",
    ),
    "uuid": RawType(_nullable("string"), frozenset({"uuid"})),
    # Base64: neither Singer nor every warehouse has bytes.
    "bytes": RawType(_nullable("string", contentEncoding="base64"), frozenset({"bytea"})),
}


def base_type(postgres_type: str) -> str:
    """Return ``"timestamp with time zone"`` for ``"timestamp(3) with time zone"``."""
    return re.sub(r"\(.*?\)", "", postgres_type)


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of the raw table with these columns, every field nullable."""
    fields = [pa.field(column.name, RAW_TYPES[column.type].arrow) for column in columns]
    fields += [pa.field(EXTRACTED_AT, _TIMESTAMP), pa.field(DELETED_AT, _TIMESTAMP)]
    return pa.schema(fields)


def json_schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    """Return the JSON schema of a record of the raw table with these columns."""
    properties = {column.name: RAW_TYPES[column.type].json_schema for column in columns}
    properties[EXTRACTED_AT] = properties[DELETED_AT] = RAW_TYPES["timestamp"].json_schema
    return {"type": "object", "properties": properties}
