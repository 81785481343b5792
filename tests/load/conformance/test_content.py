"""Every type, every edge of it, and the same content by RECORD and by BATCH."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import (
    BOOLEAN,
    INTEGER,
    JSON,
    MOMENTS,
    NUMBER,
    STATE,
    TEXT,
    TIMESTAMP,
    Row,
    batch,
    parquet,
    record,
    schema,
)
from warehouse_targets.errors import InputError

PROPERTIES = {
    "id": INTEGER,
    "group": TEXT,
    "key": TEXT,
    "schema": INTEGER,
    "default": NUMBER,
    'a "quoted" näme': TEXT,
    "is_it": BOOLEAN,
    "created_at": TIMESTAMP,
    "conf": JSON,
}
ODD_NAME = 'a "quoted" näme'
PLAIN = ["id", "group", "key", "schema", "default", ODD_NAME, "is_it"]


def _columns(warehouse: LoadedWarehouse) -> list[tuple[str, str]]:
    return [
        ("id", "bigint"),
        ("group", "text"),
        ("key", "text"),
        ("schema", "bigint"),
        ("default", "double"),
        (warehouse.plain_name(ODD_NAME), "text"),
        ("is_it", "bool"),
        ("created_at", "timestamp"),
        ("conf", warehouse.json_type),
        ("_sdc_extracted_at", "timestamp"),
        ("_sdc_deleted_at", "timestamp"),
    ]


def _edges(longest_text: int | None) -> list[dict[str, Any]]:
    names = list(PROPERTIES)
    utc = timezone.utc
    values = [
        [1, "", "''", 2**63 - 1, 0.1, 'x"y', True, datetime(2026, 3, 29, 1, 30, 0, 1, utc), {}],
        [2, "null", "\\N", -(2**63), -0.0, "日本語 🦆", False, datetime(1, 1, 1, tzinfo=utc), []],
        [3, "a\nb\tc", ";", 0, 1.7976931348623157e308, "%s ?", None, None, {"a": [1, {"b": None}]}],
        [4, None, None, None, None, None, None, None, None],
        [5, " ", "'", 1, 5e-324, "{}", True, datetime(9999, 12, 31, 23, 59, 59, 999999, utc), "é"],
        [6, "0", "e", 7, 1e16, "\u2028", False, datetime(1969, 12, 31, 23, 59, 59, 5, utc), 1.5],
        [
            7,
            "x" * (longest_text or 100_000),
            "k",
            7,
            0.30000000000000004,
            "",
            True,
            MOMENTS[0],
            False,
        ],
    ]
    return [dict(zip(names, row, strict=True)) for row in values]


def _random_rows(count: int) -> list[dict[str, Any]]:
    generator = random.Random(7)
    start = datetime(2020, 1, 1, tzinfo=timezone.utc)
    return [
        {
            "id": 1000 + number,
            "group": generator.choice([None, "", "a", "ü" * generator.randrange(40)]),
            "key": str(generator.random()),
            "schema": generator.randrange(-(2**63), 2**63),
            "default": generator.uniform(-1e9, 1e9),
            "is_it": generator.choice([True, False, None]),
            "created_at": start + timedelta(microseconds=generator.randrange(2 * 10**14)),
            "conf": {"n": generator.randrange(100), "t": "é\"'"},
        }
        for number in range(count)
    ]


def _by_record(rows: Sequence[Row], _: Path) -> list[str]:
    moment = MOMENTS[0]
    return [record("thing", row, time_extracted=moment) for row in rows]


def _by_batch(rows: Sequence[Row], folder: Path) -> list[str]:
    half = len(rows) // 2
    files = [parquet(folder, PROPERTIES, part, MOMENTS[0]) for part in (rows[:half], rows[half:])]
    return [batch("thing", *files)]


@pytest.mark.parametrize("messages", [_by_record, _by_batch])
def test_types_and_values_arrive_unchanged(
    warehouse: LoadedWarehouse, tmp_path: Path, messages: Any
) -> None:
    edges = _edges(warehouse.longest_text)
    state = warehouse.load(
        schema("thing", PROPERTIES, key=["id"], mode="merge"),
        *messages(edges, tmp_path / "spool"),
        STATE,
    )
    assert state == [{"bookmarks": {"done": 1}}]
    assert warehouse.columns("thing") == _columns(warehouse)
    quoted = [warehouse.quoted(warehouse.plain_name(name)) for name in PLAIN]
    assert warehouse.rows("thing", quoted) == [tuple(row[name] for name in PLAIN) for row in edges]
    times = [warehouse.microseconds(name) for name in ("created_at", "_sdc_extracted_at")]
    epochs = warehouse.rows("thing", ["id", *times])
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    microsecond = timedelta(microseconds=1)
    assert epochs == [
        (
            row["id"],
            row["created_at"] and (row["created_at"] - epoch) // microsecond,
            (MOMENTS[0] - epoch) // microsecond,
        )
        for row in edges
    ]
    assert warehouse.rows("thing", ["id", "conf", "_sdc_deleted_at"]) == [
        (1, "{}", None),
        (2, "[]", None),
        (3, '{"a": [1, {"b": null}]}', None),
        (4, None, None),
        (5, '"é"', None),
        (6, "1.5", None),
        (7, "false", None),
    ]


def test_record_and_batch_are_the_same(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    rows = _random_rows(500)
    begin = schema("thing", PROPERTIES, key=["id"], mode="merge")
    warehouse.load(begin, *_by_batch(rows, tmp_path / "spool"), STATE)
    by_batch = warehouse.rows("thing")
    other = warehouse.with_schema("airflow_other")
    # Far smaller than the input, so that records go to disk in several parts.
    other.load(begin, *_by_record(rows, tmp_path), STATE, batch_size_rows=64)
    assert len(by_batch) == 500
    assert other.rows("thing") == by_batch
    assert other.columns("thing") == warehouse.columns("thing")


def test_records_of_another_tap(warehouse: LoadedWarehouse) -> None:
    """As stock tap-postgres sends them: no mode, no columns of ours, schema in the stream name."""
    before = datetime.now(timezone.utc)
    day = {"type": ["string", "null"], "format": "date"}
    rows = [{"id": 1, "at": "2026-11-01T12:00:00.5+02:00", "on": "2026-11-01"}, {"id": 2}]
    warehouse.load(
        schema("public-dag_run", {"id": INTEGER, "at": TIMESTAMP, "on": day}, key=["id"]),
        record("public-dag_run", rows[0]),
        record("public-dag_run", rows[1], time_extracted=MOMENTS[2]),
    )
    assert warehouse.columns("dag_run") == [
        ("id", "bigint"),
        ("at", "timestamp"),
        ("on", "date"),
        ("_sdc_extracted_at", "timestamp"),
        ("_sdc_deleted_at", "timestamp"),
    ]
    columns = [warehouse.quoted(name) for name in ("id", "at", "on", "_sdc_extracted_at")]
    first, second = warehouse.rows("dag_run", columns)
    at = datetime(2026, 11, 1, 10, 0, 0, 500000, timezone.utc)
    assert first[:3] == (1, at, date(2026, 11, 1))
    assert before <= first[3] <= datetime.now(timezone.utc)
    assert second == (2, None, None, MOMENTS[2])


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (INTEGER, 2**63, r"thing\.x: a value does not fit the column type bigint"),
        (INTEGER, -(2**63) - 1, r"thing\.x: a value does not fit the column type bigint"),
    ],
)
def test_value_that_no_column_takes(
    warehouse: LoadedWarehouse, shape: dict[str, Any], value: object, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        warehouse.load(
            schema("thing", {"x": shape}, mode="append"), record("thing", {"x": value}), STATE
        )
    assert warehouse.tables() == []
