"""Columns that come, go and change between syncs."""

from __future__ import annotations

from pathlib import Path

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
    batch,
    parquet,
    record,
    schema,
)
from warehouse_targets.errors import ColumnTypeChangedError, InputError


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_new_column_is_added(warehouse: LoadedWarehouse, tmp_path: Path, mode: str) -> None:
    before = {"id": INTEGER}
    after = {"id": INTEGER, "note": TEXT, "at": TIMESTAMP, "conf": JSON, "n": NUMBER, "b": BOOLEAN}
    for properties, moment, row in (
        (before, MOMENTS[0], {"id": 1}),
        (after, MOMENTS[1], {"id": 2, "note": "new", "conf": {"a": 1}}),
    ):
        file = parquet(tmp_path / "spool", properties, [row], moment)
        warehouse.load(schema("t", properties, key=["id"], mode=mode), batch("t", file), STATE)
    assert warehouse.columns("t") == [
        ("id", "bigint"),
        ("_sdc_extracted_at", "timestamp"),
        ("_sdc_deleted_at", "timestamp"),
        ("note", "text"),
        ("at", "timestamp"),
        ("conf", warehouse.json_type),
        ("n", "double"),
        ("b", "bool"),
    ]
    rows = warehouse.rows("t", ["id", "note", "conf"])
    assert rows == [*([] if mode == "mirror" else [(1, None, None)]), (2, "new", '{"a": 1}')]


def test_column_that_is_no_longer_sent_stays(warehouse: LoadedWarehouse) -> None:
    warehouse.load(
        schema("t", {"id": INTEGER, "a": TEXT}, key=["id"]), record("t", {"id": 1, "a": "x"})
    )
    warehouse.load(schema("t", {"id": INTEGER}, key=["id"]), record("t", {"id": 2}))
    assert warehouse.rows("t", ["id", "a"]) == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (INTEGER, TEXT, "bigint, now sent as text"),
        (INTEGER, NUMBER, "bigint, now sent as double"),
        (TEXT, JSON, "text, now sent as json"),
        (JSON, TEXT, "json, now sent as text"),
        (TIMESTAMP, {"type": "string", "format": "date"}, "timestamp, now sent as date"),
    ],
)
def test_changed_type_is_an_error_before_anything_is_written(
    warehouse: LoadedWarehouse, before: dict[str, object], after: dict[str, object], said: str
) -> None:
    if JSON in (before, after) and warehouse.json_type != "json":
        pytest.skip("JSON is text there, so nothing changes")
    other = schema("other", {"id": INTEGER}, key=["id"], mode="merge")
    warehouse.load(
        other, schema("t", {"id": INTEGER, "x": before}, key=["id"], mode="merge"), STATE
    )
    with pytest.raises(ColumnTypeChangedError, match=rf"t\.x is {said}"):
        warehouse.load(
            other,
            record("other", {"id": 1}),
            schema("t", {"id": INTEGER, "x": after}, key=["id"], mode="merge"),
            STATE,
        )
    assert warehouse.rows("other") == []


def test_table_that_was_dropped_is_made_again(warehouse: LoadedWarehouse) -> None:
    messages = [schema("t", {"id": INTEGER}, key=["id"]), record("t", {"id": 1})]
    warehouse.load(*messages)
    warehouse.query(f"drop table {warehouse.quoted('t')}")
    warehouse.load(*messages)
    assert warehouse.rows("t", ["id"]) == [(1,)]


@pytest.mark.parametrize("rows_in_memory", [1, 10])
def test_column_added_within_a_sync(warehouse: LoadedWarehouse, rows_in_memory: int) -> None:
    warehouse.load(
        schema("t", {"id": INTEGER, "a": TEXT}, key=["id"]),
        record("t", {"id": 1, "a": "old"}),
        record("t", {"id": 2, "a": "old"}),
        schema("t", {"id": INTEGER, "b": TEXT}, key=["id"]),
        record("t", {"id": 2, "b": "new"}),
        batch_size_rows=rows_in_memory,
    )
    assert warehouse.rows("t", ["id", "a", "b"]) == [(1, "old", None), (2, None, "new")]


def test_type_changed_within_a_sync(warehouse: LoadedWarehouse) -> None:
    with pytest.raises(InputError, match=r"t\.a: first a SCHEMA message said text, then another"):
        warehouse.load(schema("t", {"a": TEXT}), schema("t", {"a": INTEGER}))
