"""When a table counts as standing in the warehouse as it was sent."""

from __future__ import annotations

import pytest

from tests.load.hashed_source import (
    HashedSource,
    LoadStoppedError,
    stopping_at,
)
from tests.load.singer import MOMENTS


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_a_table_that_stays_empty(source: HashedSource, mode: str) -> None:
    source.mode = mode
    first = source.sync(0)
    source.sync(1)
    assert source.rows == []
    assert source.since == [None, first]
    source.sync(2, "x")
    emptied = source.sync(3)
    source.sync(4)
    rows = [] if mode == "mirror" else [("0", "x", MOMENTS[2], emptied)]
    assert source.rows == rows
    assert source.since == [None, first, None, None, emptied]


def test_changes_that_were_read_again_are_not_loaded_again(source: HashedSource) -> None:
    source.sync(0, "x", "x", "x")
    second = source.sync(1, "-", "y", is_whole=False)
    source.sync(2, "-", "y", is_whole=False)
    assert source.rows[1] == ("1", "y", second, None)
    assert source.since == [None, None, second]
    # What a whole read no longer has is marked, although it holds the same rows.
    third = source.sync(3, "-", "y")
    assert [row[3] for row in source.rows] == [third, None, third]
    assert source.since == [None, None, second, None]


def test_a_full_refresh_loads_everything(source: HashedSource) -> None:
    source.sync(0, "x")
    refreshed = source.sync(1, "x", is_known=False)
    assert source.rows == [("0", "x", refreshed, None)]
    assert source.since == [None, None]


def test_all_rows_were_marked_by_a_load_that_failed(source: HashedSource) -> None:
    source.sync(0, "x")
    with stopping_at("_load"), pytest.raises(LoadStoppedError):
        source.sync(1)
    assert source.rows == [("0", "x", MOMENTS[0], MOMENTS[1])]
    last = source.sync(2, "x")
    assert source.rows == [("0", "x", last, None)]


def test_two_syncs_of_one_moment_that_differ(source: HashedSource) -> None:
    """As a snapshot is synced again with another setting: the manifest has no order of the two."""
    source.sync(0, "x")
    source.sync(0, "y", is_known=False)
    source.sync(0, "x")
    assert source.rows == [("0", "x", MOMENTS[0], None)]


def test_another_mode_loads_everything(source: HashedSource) -> None:
    source.sync(0, "x")
    source.mode = "append"
    second = source.sync(1, "x")
    assert source.rows == [("0", "x", MOMENTS[0], None), ("0", "x", second, None)]


def test_a_loaded_column_that_is_missing_is_filled_again(source: HashedSource) -> None:
    source.sync(0, "x")
    source.warehouse.query(f"alter table {source.warehouse.quoted('t')} drop column state")
    second = source.sync(1, "x")
    assert source.rows == [("0", "x", second, None)]
