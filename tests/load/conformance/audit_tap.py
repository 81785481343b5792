"""What our tap sends, in a few tables of one row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.load.singer import STATE, TEXT, batch, parquet, record, schema, whole

PROPERTIES = {"id": TEXT, "state": TEXT}
MANIFEST = {"sync_id": TEXT, "table_name": TEXT}


class Tap:
    """Sends tables of one row, and the manifest that names them, as our tap does."""

    def __init__(
        self,
        folder: Path,
        mode: str = "merge",
        *,
        sends_files: bool = True,
        manifest_says: dict[str, str] | None = None,
    ) -> None:
        self._folder, self._mode, self._sends_files = folder, mode, sends_files
        self._manifest_says = manifest_says or {}

    def messages(self, moment: datetime, state: str, *tables: str) -> list[str]:
        messages = []
        for table in tables:
            messages += [schema(table, PROPERTIES, key=["id"], mode=self._mode)]
            messages += self._rows(table, PROPERTIES, [{"id": "a", "state": state}], moment)
            messages += [whole(table, moment)]
        says = self._manifest_says
        told = [{"sync_id": state, "table_name": table, **says} for table in tables]
        manifest = MANIFEST | dict.fromkeys(says, TEXT)
        messages += [schema("_sync_manifest", manifest, key=list(MANIFEST), mode="merge")]
        messages += self._rows("_sync_manifest", manifest, told, moment)
        return [*messages, STATE]

    def _rows(self, table, properties, rows, moment) -> list[str]:
        if self._sends_files:
            return [batch(table, parquet(self._folder, properties, rows, moment))] if rows else []
        return [record(table, row, time_extracted=moment) for row in rows]
