"""A table that stands in the warehouse as it was sent is not loaded again, and any other is."""

from __future__ import annotations

import pytest

from tests.load.hashed_source import (
    MANIFEST,
    OLD_MANIFEST,
    HashedSource,
    LoadStoppedError,
    stopping_at,
)


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_unchanged_rows_are_not_loaded_again(source: HashedSource, mode: str) -> None:
    source.mode = mode
    first = source.sync(0, "x", "y")
    loaded = source.rows
    source.sync(1, "x", "y")
    source.sync(2, "x", "y")
    assert source.rows == loaded == [("0", "x", first, None), ("1", "y", first, None)]
    assert source.since == [None, first, first]
    changed = source.sync(3, "x", "z")
    assert ("1", "z", changed, None) in source.rows
    assert source.since == [None, first, first, None]


def test_a_change_that_was_undone_after_a_load_that_failed(source: HashedSource) -> None:
    """Its rows stand in the warehouse, with no manifest that tells of them."""
    source.sync(0, "x", "x")
    with stopping_at("_load"), pytest.raises(LoadStoppedError):
        source.sync(1, "y")
    last = source.sync(2, "x", "x")
    assert source.rows == [("0", "x", last, None), ("1", "x", last, None)]
    assert source.since == [None, None]


def test_a_table_that_was_dropped_or_has_lost_rows_is_loaded_again(source: HashedSource) -> None:
    source.sync(0, "x", "x")
    source.warehouse.query(f"drop table {source.warehouse.quoted('t')}")
    second = source.sync(1, "x", "x")
    expected = [("0", "x", second, None), ("1", "x", second, None)]
    assert source.rows == expected
    source.warehouse.query(f"delete from {source.warehouse.quoted('t')} where id = '1'")
    assert source.rows == expected[:1]
    third = source.sync(2, "x", "x")
    assert source.rows == [("0", "x", third, None), ("1", "x", third, None)]
    assert source.since == [None, None, None]


def test_a_manifest_of_an_older_version_goes_on(source: HashedSource) -> None:
    source.manifest = OLD_MANIFEST
    source.sync(0, "x")
    source.manifest = MANIFEST
    second = source.sync(1, "x")
    source.sync(2, "x")
    assert source.rows == [("0", "x", second, None)]
    assert source.since == [None, None, second]
