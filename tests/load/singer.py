"""Singer messages as a tap sends them, and Parquet files for BATCH messages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, Any]

INTEGER = {"type": ["integer", "null"]}
NUMBER = {"type": ["number", "null"]}
TEXT = {"type": ["string", "null"]}
BOOLEAN = {"type": ["boolean", "null"]}
TIMESTAMP = {"type": ["string", "null"], "format": "date-time"}
JSON = {"type": ["object", "array", "string", "number", "boolean", "null"]}

_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "object": pa.string(),
}
MOMENTS = [datetime(2026, 11, day, 12, 30, 15, 123000, timezone.utc) for day in range(1, 10)]
STATE = json.dumps({"type": "STATE", "value": {"bookmarks": {"done": 1}}})

_file_numbers = itertools.count(1)


def schema(
    stream: str,
    properties: Mapping[str, Any],
    *,
    key: Sequence[str] = (),
    mode: str | None = None,
    is_known: bool = False,
) -> str:
    """A SCHEMA message; with a mode as our tap sends it, else as any other."""
    shape: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if mode:
        shape["properties"] |= {"_sdc_extracted_at": TIMESTAMP, "_sdc_deleted_at": TIMESTAMP}
        shape |= {"x-mode": mode, "x-known": is_known}
    return json.dumps(
        {"type": "SCHEMA", "stream": stream, "schema": shape, "key_properties": list(key)}
    )


def record(stream: str, row: Row, *, time_extracted: datetime | None = None) -> str:
    """A RECORD message."""
    message: dict[str, Any] = {"type": "RECORD", "stream": stream, "record": dict(row)}
    if time_extracted:
        message["time_extracted"] = time_extracted
    return json.dumps(message, default=datetime.isoformat)


def batch(stream: str, *files: Path | str, file_format: str = "parquet") -> str:
    """A BATCH message."""
    urls = [file if isinstance(file, str) else file.as_uri() for file in files]
    return json.dumps(
        {
            "type": "BATCH",
            "stream": stream,
            "encoding": {"format": file_format},
            "manifest": urls,
        }
    )


def whole(stream: str, moment: datetime) -> str:
    """An ACTIVATE_VERSION message."""
    version = int(moment.timestamp() * 1000)
    return json.dumps({"type": "ACTIVATE_VERSION", "stream": stream, "version": version})


def parquet(
    folder: Path, properties: Mapping[str, Any], rows: Sequence[Row], moment: datetime
) -> Path:
    """A file as our tap writes it, in a folder of its own run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{next(_file_numbers)}.parquet"
    all_properties = {
        **properties,
        "_sdc_extracted_at": TIMESTAMP,
        "_sdc_deleted_at": TIMESTAMP,
    }
    fields = [
        (name, pa.timestamp("us", "UTC") if "format" in shape else _ARROW[shape["type"][0]])
        for name, shape in all_properties.items()
    ]
    values = [
        {
            name: json.dumps(row[name], ensure_ascii=False)
            if shape["type"][0] == "object" and row.get(name) is not None
            else row.get(name)
            for name, shape in properties.items()
        }
        | {"_sdc_extracted_at": moment}
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(values, pa.schema(fields)), path, compression="zstd")
    return path
