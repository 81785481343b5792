"""What our tap read earlier than what is in the warehouse is refused, whatever its state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import MOMENTS, STATE, TEXT, batch, parquet, record, schema, whole
from warehouse_targets.errors import OlderStandbyError, OlderSyncError

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


def content(warehouse: LoadedWarehouse) -> list[list[tuple]]:
    return [warehouse.rows(table) for _, table in warehouse.tables()]


@pytest.mark.parametrize("sends_files", [True, False])
@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_an_earlier_moment_changes_nothing(warehouse, tmp_path, mode, sends_files):
    tap = Tap(tmp_path / "spool", mode, sends_files=sends_files)
    warehouse.load(*tap.messages(MOMENTS[0], "first", "runs", "tasks"))
    warehouse.load(*tap.messages(MOMENTS[2], "second", "runs", "tasks"))
    before = content(warehouse)
    said = (
        "as of 2026-11-02T12:30:15.123000+00:00, but airflow_test holds the same tables as of"
        " 2026-11-03T12:30:15.123000+00:00"
    )
    with pytest.raises(OlderSyncError) as raised:
        warehouse.load(*tap.messages(MOMENTS[1], "between", "runs"))
    assert said in str(raised.value)
    assert raised.value.exit_code == 78
    assert content(warehouse) == before


def test_an_earlier_moment_of_a_standby_is_tried_again_later(warehouse, tmp_path):
    tap = Tap(tmp_path / "spool", manifest_says={"replay_lag_seconds": "12"})
    warehouse.load(*tap.messages(MOMENTS[1], "first", "runs"))
    before = content(warehouse)
    with pytest.raises(OlderStandbyError, match="when it has replayed what it lacks") as raised:
        warehouse.load(*tap.messages(MOMENTS[0], "behind", "runs"))
    assert raised.value.exit_code == 75
    assert content(warehouse) == before


def test_the_same_moment_and_a_later_one_are_loaded(warehouse, tmp_path):
    tap = Tap(tmp_path / "spool")
    for moment, state in ((0, "first"), (0, "again"), (1, "later")):
        warehouse.load(*tap.messages(MOMENTS[moment], state, "runs"))
        assert warehouse.rows("runs", ["state"]) == [(state,)]


def test_other_tables_may_be_of_an_earlier_moment(warehouse, tmp_path):
    """Exports of their own share a schema, and what is read first may be loaded last."""
    tap = Tap(tmp_path / "spool")
    warehouse.load(*tap.messages(MOMENTS[1], "later", "runs"))
    warehouse.load(*tap.messages(MOMENTS[0], "earlier", "tasks"))
    assert warehouse.rows("tasks", ["state"]) == [("earlier",)]
    with pytest.raises(OlderSyncError):
        warehouse.load(*tap.messages(MOMENTS[0], "earlier", "tasks", "runs"))


def test_a_sync_of_no_table_is_loaded(warehouse, tmp_path):
    tap = Tap(tmp_path / "spool")
    warehouse.load(*tap.messages(MOMENTS[1], "first", "runs"))
    before = content(warehouse)
    warehouse.load(*tap.messages(MOMENTS[0], "none"))
    assert content(warehouse) == before
