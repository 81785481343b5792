"""What our tap read earlier than what is in the warehouse is refused, whatever its state."""

from __future__ import annotations

import pytest

from tests.load.conformance.audit_tap import Tap
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import MOMENTS
from warehouse_targets.errors import OlderStandbyError, OlderSyncError


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
