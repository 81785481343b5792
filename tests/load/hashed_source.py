"""A table that our tap sends sync by sync, with its hash in the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

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
from warehouse_targets.loader import _Load

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


class HashedSource:
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


@contextmanager
def stopping_at(step: str) -> Iterator[None]:
    """Let loads fail before a step: `_mark_deleted`, or `_load`, the manifest's."""
    load = _Load._load

    def stop(self: Any, tables: Any) -> None:
        if step == "_mark_deleted" or [table.name for table in tables] == ["_sync_manifest"]:
            raise LoadStoppedError
        load(self, tables)

    with patch.object(_Load, step, stop):
        yield


class LoadStoppedError(Exception):
    """Raised in place of a step."""
