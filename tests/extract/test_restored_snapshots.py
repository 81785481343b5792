"""A restored snapshot is read as of the moment it was taken, as if it were its source."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from tests.extract.restored_snapshots import copied, label, restored_snapshot
from tests.extract.tap_runs import run_tap, sync_here
from tests.real_airflow.postgres import execute

FINAL = 78
OLD = "timestamptz '2026-01-01 00:00+00'"
# Long before any test runs, so that no moment here is near the clock's.
FIRST, BETWEEN, SECOND = (f"2026-02-0{day}T08:00:00+00:00" for day in (1, 2, 3))


@pytest.fixture
def database(filled_database):
    """A database whose task instances all finished before any snapshot."""
    url = filled_database("3.3.2")
    execute(
        url,
        f"update task_instance set state = 'success', updated_at = {OLD}, start_date = {OLD},"
        f" end_date = {OLD}, queued_dttm = {OLD}, scheduled_dttm = {OLD}, last_heartbeat_at = null",
    )
    return url


def change(url: str, offset: int, moment: str = "clock_timestamp()") -> None:
    """Finish one task instance, another for each offset, at a moment."""
    execute(
        url,
        f"update task_instance set end_date = {moment} where ctid ="
        f" (select ctid from task_instance order by dag_id, task_id limit 1 offset {offset})",
    )


def synced_until(run) -> set[str]:
    return {bookmark["synced_until"] for bookmark in run.state["bookmarks"].values()}


@pytest.mark.parametrize(
    ("taken_at", "moment"),
    [
        ("2026-02-01T08:00:00+00:00", "2026-02-01T08:00:00+00:00"),
        ("2026-02-01T08:00:00.123999Z", "2026-02-01T08:00:00.123000+00:00"),
        ("2026-02-01T10:00:00+02:00", "2026-02-01T08:00:00+00:00"),
    ],
)
def test_everything_is_of_the_moment_of_the_snapshot(
    database, postgres, tmp_path, taken_at, moment
):
    run = sync_here(tmp_path, database_url=restored_snapshot(postgres, database, taken_at))
    assert synced_until(run) == {moment}
    tables = ("dag", "task_instance", "_sync_manifest")
    assert {row["_sdc_extracted_at"] for table in tables for row in run.rows(table)} == {moment}
    [message] = run.of("ACTIVATE_VERSION", "dag")
    assert message["version"] == dt.datetime.fromisoformat(moment).timestamp() * 1000


def test_snapshots_follow_each_other_and_lose_no_change(database, postgres, tmp_path):
    first = sync_here(tmp_path, database_url=restored_snapshot(postgres, database, FIRST))
    assert len(first.rows("task_instance")) == 20
    # After the first was taken, and long before the clock showed its sync.
    change(database, 1, f"timestamptz '{BETWEEN}'")
    later = restored_snapshot(postgres, database, SECOND)
    second = sync_here(tmp_path, first.state, database_url=later)
    assert [row["end_date"] for row in second.rows("task_instance")] == [BETWEEN]
    assert not second.manifest("task_instance")["is_full_read"]


def test_snapshots_and_the_live_database_follow_each_other(database, postgres, tmp_path):
    live = sync_here(tmp_path, database_url=database)
    change(database, 1)
    time.sleep(0.01)  # moments are whole milliseconds
    taken_at = dt.datetime.now(dt.timezone.utc).isoformat()
    url = restored_snapshot(postgres, database, taken_at)
    change(database, 2)
    snapshot = sync_here(tmp_path, live.state, database_url=url)
    assert len(snapshot.rows("task_instance")) == 1
    again = sync_here(tmp_path, snapshot.state, database_url=database)
    assert len(again.rows("task_instance")) == 1
    assert again.rows("task_instance")[0]["id"] != snapshot.rows("task_instance")[0]["id"]


def test_snapshots_of_two_databases_are_two(database, postgres, tmp_path):
    first = sync_here(tmp_path, database_url=restored_snapshot(postgres, database, FIRST))
    url = restored_snapshot(postgres, copied(postgres, database), SECOND)
    assert len(sync_here(tmp_path, first.state, database_url=url).rows("task_instance")) == 20


@pytest.mark.parametrize("mode", ["merge", "append"])
def test_the_same_snapshot_again_is_read_whole(database, postgres, tmp_path, mode):
    """In mode append the rows of a moment replace those that are there of the same moment."""
    url = restored_snapshot(postgres, database, FIRST)
    state = None
    for _ in range(2):
        run = sync_here(tmp_path, state, database_url=url, mode=mode)
        assert len(run.rows("task_instance")) == 20
        assert run.manifest("task_instance")["is_full_read"]
        state = run.state


@pytest.mark.parametrize(
    "config", [{}, {"mode": "mirror"}, {"mode": "append"}, {"pii": "full"}, {"records": True}]
)
def test_an_older_snapshot_is_refused(database, postgres, tmp_path, config):
    newer = sync_here(tmp_path, database_url=restored_snapshot(postgres, database, SECOND))
    left = sorted((tmp_path / "spool").rglob("*"))
    older = restored_snapshot(postgres, database, FIRST)
    run = run_tap(tmp_path, newer.state, database_url=older, **config)
    assert run.exit_code == FINAL, run.log
    assert f"is as of {FIRST}" in run.log
    assert f"is as of {SECOND}" in run.log
    assert "another ENVIRONMENT_SLUG" in run.log
    assert "Traceback" not in run.log
    assert run.messages == []
    assert sorted((tmp_path / "spool").rglob("*")) == left
    queries = run_tap(tmp_path, newer.state, database_url=older, arguments=["--queries"])
    assert queries.exit_code == FINAL


def test_a_snapshot_older_than_one_of_its_tables_is_refused(database, postgres, tmp_path):
    older, newer = (restored_snapshot(postgres, database, at) for at in (FIRST, SECOND))
    first = sync_here(tmp_path, database_url=older, tables=["dag"])
    second = sync_here(tmp_path, first.state, database_url=newer, tables=["task_instance"])
    assert synced_until(second) == {FIRST, SECOND}
    run = run_tap(tmp_path, second.state, database_url=older, tables=["dag", "task_instance"])
    assert run.exit_code == FINAL, run.log
    assert f"the warehouse is as of {SECOND}" in run.log


def test_an_older_snapshot_of_other_tables_is_taken(database, postgres, tmp_path):
    newer = restored_snapshot(postgres, database, SECOND)
    first = sync_here(tmp_path, database_url=newer, tables=["dag"])
    older = restored_snapshot(postgres, database, FIRST)
    run = sync_here(tmp_path, first.state, database_url=older, tables=["task_instance"])
    assert len(run.rows("task_instance")) == 20
    assert synced_until(run) == {FIRST, SECOND}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"taken_at": "yesterday", "database_id": "1/2"}, "'yesterday', which is no ISO 8601 time"),
        ({"taken_at": "2026-02-01T08:00:00", "database_id": "1/2"}, "which has no time zone"),
        ({"taken_at": FIRST}, "airflow_snapshot.database_id is not set"),
        ({"database_id": "1/2"}, "airflow_snapshot.taken_at is '', which is no ISO 8601 time"),
    ],
)
def test_settings_that_are_wrong_are_named(database, postgres, tmp_path, settings, said):
    url = copied(postgres, database)
    label(url, **settings)
    run = run_tap(tmp_path, database_url=url)
    assert run.exit_code == FINAL
    assert said in run.log
    assert "Restore it again" in run.log
    assert run.messages == []
