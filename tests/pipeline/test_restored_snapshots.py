"""Syncs from restored snapshots and from the live database follow each other."""

from __future__ import annotations

import datetime as dt
import time

from tests.extract.restored_snapshots import restored_snapshot
from tests.pipeline.comparison import assert_all_same_as_source
from tests.real_airflow.postgres import execute

VERSION = "3.3.2"
OLD = "timestamptz '2026-01-01 00:00+00'"
SETTINGS = {"tables": [], "pii": "full"}


def finish(url: str, offset: int) -> None:
    """Finish one task instance, another for each offset, now."""
    execute(
        url,
        "update task_instance set end_date = clock_timestamp() where ctid ="
        f" (select ctid from task_instance order by dag_id limit 1 offset {offset})",
    )


def test_snapshots_lose_nothing_and_never_go_back(filled_database, postgres, tap_and_target):
    live = filled_database(VERSION)
    execute(
        live,
        f"update task_instance set state = 'success', updated_at = {OLD}, start_date = {OLD},"
        f" end_date = {OLD}, queued_dttm = {OLD}, scheduled_dttm = {OLD}, last_heartbeat_at = null",
    )

    def synced(url: str) -> tuple[bool, int]:
        """Whether task instances were read whole, and how many were sent."""
        pipe = tap_and_target(url, **SETTINGS)
        pipe.sync()
        assert_all_same_as_source(pipe, VERSION)
        columns = "is_full_read, sent_rows, table_name, _sdc_extracted_at"
        rows = [
            r for r in pipe.rows("_sync_manifest", columns) if r["table_name"] == "task_instance"
        ]
        latest = max(rows, key=lambda row: row["_sdc_extracted_at"])
        return latest["is_full_read"], latest["sent_rows"]

    def taken() -> str:
        time.sleep(0.01)  # moments are whole milliseconds
        return restored_snapshot(postgres, live, dt.datetime.now(dt.timezone.utc).isoformat())

    assert synced(live) == (True, 20)
    finish(live, 1)
    first = taken()
    finish(live, 2)  # after the first was taken, before it is synced
    execute(live, "delete from dag_tag where ctid = (select min(ctid) from dag_tag)")
    assert synced(first) == (False, 1)
    finish(live, 3)
    second = taken()
    finish(live, 4)
    assert synced(second) == (False, 2)

    pipe = tap_and_target(first, **SETTINGS)
    before = {table: pipe.rows(table) for table in pipe.tables()}
    run = pipe.read()
    assert run.exit_code == 78
    assert "what is in the warehouse is as of" in run.log
    # Of a full refresh the tap is not told what was synced before; the loader sees it.
    loaded = pipe.load(pipe.read(full_refresh=True))
    assert loaded.returncode == 78
    assert "Nothing was loaded" in loaded.stderr
    assert {table: pipe.rows(table) for table in pipe.tables()} == before
    # And what was synced is remembered as before.
    assert synced(live) == (False, 1)
