"""A table that stands in the warehouse as it was sent is not loaded again, and any other is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import (
    BOOLEAN,
    INTEGER,
    MOMENTS,
    STATE,
    TEXT,
    TIMESTAMP,
    batch,
    parquet,
    schema,
    whole,
)
from warehouse_targets import loader

PROPERTIES = {"id": TEXT, "state": TEXT}
MANIFEST = {
    "sync_id": TEXT,
    "table_name": TEXT,
    "mode": TEXT,
    "is_full_read": BOOLEAN,
    "sent_rows": INTEGER,
    "content_hash": TEXT,
    "unchanged_since_at": TIMESTAMP,
}
OLD_MANIFEST = {"sync_id": TEXT, "table_name": TEXT}


class Source:
    """Sends one table, and the manifest that tells of it, as our tap does."""

    def __init__(self, warehouse: LoadedWarehouse, folder: Path, mode: str = "merge") -> None:
        self.warehouse, self.folder, self.mode = warehouse, folder, mode
        self.manifest: dict[str, Any] = MANIFEST
        self.syncs = 0

    def sync(
        self, day: int, *states: str, is_whole: bool = True, is_known: bool = True
    ) -> datetime:
        """Send rows with the ids "0", "1" …; a state "-" leaves one out."""
        moment = MOMENTS[day]
        rows = [{"id": str(n), "state": state} for n, state in enumerate(states) if state != "-"]
        told = {
            "sync_id": str(self.syncs),
            "table_name": "t",
            "mode": self.mode,
            "is_full_read": is_whole,
            "sent_rows": len(rows),
            "content_hash": hashlib.sha256(str(rows).encode()).hexdigest() if rows else None,
        }
        self.syncs += 1
        messages = [schema("t", PROPERTIES, key=["id"], mode=self.mode, is_known=is_known)]
        if rows:
            messages += [batch("t", parquet(self.folder, PROPERTIES, rows, moment))]
        if is_whole:
            messages += [whole("t", moment)]
        manifest = parquet(self.folder, self.manifest, [told], moment)
        key = ["sync_id", "table_name"]
        messages += [schema("_sync_manifest", self.manifest, key=key, mode="merge")]
        self.warehouse.load(*messages, batch("_sync_manifest", manifest), STATE)
        return moment

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self.warehouse.rows("t", ["id", "state", "_sdc_extracted_at", "_sdc_deleted_at"])

    @property
    def since(self) -> list[datetime | None]:
        """What each sync's manifest says since when the rows are unchanged, in order."""
        columns = ["_sdc_extracted_at", "sync_id", "unchanged_since_at"]
        return [since for _, _, since in self.warehouse.rows("_sync_manifest", columns)]


@pytest.fixture
def source(warehouse: LoadedWarehouse, tmp_path: Path) -> Source:
    return Source(warehouse, tmp_path / "spool")


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_unchanged_rows_are_not_loaded_again(source: Source, mode: str) -> None:
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


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_a_table_that_stays_empty(source: Source, mode: str) -> None:
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


def test_changes_that_were_read_again_are_not_loaded_again(source: Source) -> None:
    source.sync(0, "x", "x", "x")
    second = source.sync(1, "-", "y", is_whole=False)
    source.sync(2, "-", "y", is_whole=False)
    assert source.rows[1] == ("1", "y", second, None)
    assert source.since == [None, None, second]
    # What a whole read no longer has is marked, although it holds the same rows.
    third = source.sync(3, "-", "y")
    assert [row[3] for row in source.rows] == [third, None, third]
    assert source.since == [None, None, second, None]


def test_a_full_refresh_loads_everything(source: Source) -> None:
    source.sync(0, "x")
    refreshed = source.sync(1, "x", is_known=False)
    assert source.rows == [("0", "x", refreshed, None)]
    assert source.since == [None, None]


@pytest.fixture
def stopping_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """Lets a load fail before a step: `_mark_deleted`, or `_load`, the manifest's."""
    load = loader._Load._load

    def stop(self: Any, tables: Any, *others: Any) -> None:
        if others or [table.name for table in tables] == ["_sync_manifest"]:
            raise RuntimeError
        load(self, tables)

    @contextmanager
    def stopping(step: str) -> Iterator[None]:
        with monkeypatch.context() as patched:
            patched.setattr(loader._Load, step, stop)
            yield

    return stopping


@pytest.mark.parametrize("step", ["_mark_deleted", "_load"])
def test_a_change_that_was_undone_after_a_load_that_failed(
    source: Source, stopping_at: Callable[[str], AbstractContextManager[None]], step: str
) -> None:
    """Its rows stand in the warehouse, with no manifest that tells of them."""
    source.sync(0, "x", "x")
    with stopping_at(step), pytest.raises(RuntimeError):
        source.sync(1, "y")
    last = source.sync(2, "x", "x")
    assert source.rows == [("0", "x", last, None), ("1", "x", last, None)]
    assert source.since == [None, None]


def test_all_rows_were_marked_by_a_load_that_failed(
    source: Source, stopping_at: Callable[[str], AbstractContextManager[None]]
) -> None:
    source.sync(0, "x")
    with stopping_at("_load"), pytest.raises(RuntimeError):
        source.sync(1)
    assert source.rows == [("0", "x", MOMENTS[0], MOMENTS[1])]
    last = source.sync(2, "x")
    assert source.rows == [("0", "x", last, None)]


def test_a_table_that_was_dropped_or_has_lost_rows_is_loaded_again(source: Source) -> None:
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


def test_two_syncs_of_one_moment_that_differ(source: Source) -> None:
    """As a snapshot is synced again with another setting: the manifest has no order of the two."""
    source.sync(0, "x")
    source.sync(0, "y", is_known=False)
    source.sync(0, "x")
    assert source.rows == [("0", "x", MOMENTS[0], None)]


def test_another_mode_loads_everything(source: Source) -> None:
    source.sync(0, "x")
    source.mode = "append"
    second = source.sync(1, "x")
    assert source.rows == [("0", "x", MOMENTS[0], None), ("0", "x", second, None)]


def test_a_manifest_of_an_older_version_goes_on(source: Source) -> None:
    source.manifest = OLD_MANIFEST
    source.sync(0, "x")
    source.manifest = MANIFEST
    second = source.sync(1, "x")
    source.sync(2, "x")
    assert source.rows == [("0", "x", second, None)]
    assert source.since == [None, None, second]


def test_a_loaded_column_that_is_missing_is_filled_again(source: Source) -> None:
    source.sync(0, "x")
    source.warehouse.query(f"alter table {source.warehouse.quoted('t')} drop column state")
    second = source.sync(1, "x")
    assert source.rows == [("0", "x", second, None)]
