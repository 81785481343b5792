"""What a second sync reads."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.extract.tap_runs import sync_here
from tests.real_airflow.postgres import execute

CHANGE_COLUMNS = {
    "2.4.3": ["start_date", "end_date", "queued_dttm"],
    "2.9.3": ["updated_at", "start_date", "end_date", "queued_dttm"],
    "3.3.2": ["updated_at", "start_date", "end_date", "queued_dttm", "scheduled_dttm"],
    "3.4.0b2": ["updated_at", "start_date", "end_date", "queued_dttm", "scheduled_dttm"],
}
UNKNOWN = "feedfacecafe"
OLD = "timestamptz '2026-01-01 00:00+00'"


@pytest.fixture(params=CHANGE_COLUMNS)
def settled(request, filled_database, tmp_path):
    """A database whose task instances all finished long ago, and the state after one sync."""
    version = request.param
    url = filled_database(version)
    times = ", ".join(f"{column} = {OLD}" for column in CHANGE_COLUMNS[version])
    more = ", last_heartbeat_at = null" if "scheduled_dttm" in times else ""
    if version == "3.4.0b2":
        more += ", working_set = true"
    execute(url, f"update task_instance set state = 'success', {times}{more}")
    run = sync_here(tmp_path, database_url=url)
    return version, url, run.state


def sent(run, table="task_instance"):
    return len(run.rows(table))


def test_nothing_changed_means_nothing_sent_and_nothing_declared_gone(settled, tmp_path):
    _, url, state = settled
    run = sync_here(tmp_path, state, database_url=url)
    assert sent(run) == 0
    assert run.manifest("task_instance")["source_rows"] == 20
    assert not run.manifest("task_instance")["is_full_read"]
    assert not run.of("ACTIVATE_VERSION", "task_instance")


def test_any_change_column_alone_shows_a_change(settled, tmp_path):
    version, url, state = settled
    for number, column in enumerate(CHANGE_COLUMNS[version], start=1):
        where = "ctid = (select ctid from task_instance order by dag_id limit 1 offset"
        execute(url, f"update task_instance set {column} = now() where {where} {number})")
        assert sent(sync_here(tmp_path, state, database_url=url)) == number, column


@pytest.mark.parametrize("state_value", ["null", "'running'", "'deferred'", "'up_for_retry'"])
def test_a_row_that_is_not_finished_is_read_every_time(settled, state_value, tmp_path):
    _, url, state = settled
    execute(
        url,
        f"update task_instance set state = {state_value}"
        " where ctid = (select min(ctid) from task_instance)",
    )
    assert sent(sync_here(tmp_path, state, database_url=url)) == 1


def test_an_earlier_try_is_finished_whatever_its_state(filled_database, tmp_path):
    """Airflow 3.4 leaves its state as it was: null, queued or waiting for a retry, for ever."""
    url = filled_database("3.4.0b2")
    times = ", ".join(f"{column} = {OLD}" for column in CHANGE_COLUMNS["3.4.0b2"])
    execute(
        url,
        f"update task_instance set {times}, last_heartbeat_at = null, working_set = null,"
        " state = (array['queued', 'up_for_retry', null])[1 + region_index % 3]",
    )
    first = sync_here(tmp_path, database_url=url)
    assert sent(first) == 20
    assert sent(sync_here(tmp_path, first.state, database_url=url)) == 0


def test_an_upgrade_of_airflow_makes_a_full_read(settled, tmp_path):
    """Its migrations move rows and change numbers without touching a time."""
    _, url, state = settled
    execute(url, f"update alembic_version set version_num = '{UNKNOWN}'")
    run = sync_here(tmp_path, state, database_url=url)
    assert sent(run) == 20
    assert run.manifest("log")["is_full_read"]
    assert sent(sync_here(tmp_path, run.state, database_url=url)) == 0


@pytest.mark.parametrize("mode", ["merge", "append", "mirror"])
def test_a_table_that_an_upgrade_removed_is_not_declared_gone(mode, filled_database, tmp_path):
    """Its rows may be elsewhere now; only a mirror has nothing that the source does not have."""
    url = filled_database("3.3.2")
    first = sync_here(tmp_path, database_url=url, mode=mode)
    execute(url, "alter table task_instance_history rename to moved")
    run = sync_here(tmp_path, first.state, database_url=url, mode=mode)
    assert not run.manifest("task_instance_history")["is_table_at_source"]
    is_declared_gone = bool(run.of("ACTIVATE_VERSION", "task_instance_history"))
    assert is_declared_gone == (mode == "mirror")


def test_a_row_without_any_time_is_read_every_time(settled, tmp_path):
    version, url, state = settled
    nothing = ", ".join(f"{column} = null" for column in CHANGE_COLUMNS[version])
    execute(
        url,
        f"update task_instance set {nothing} where ctid = (select min(ctid) from task_instance)",
    )
    assert sent(sync_here(tmp_path, state, database_url=url)) == 1


def test_a_change_stamped_before_the_last_sync_is_found_within_the_lookback(settled, tmp_path):
    _, url, state = settled
    execute(
        url,
        "update task_instance set end_date = now() - interval '50 minutes'"
        " where ctid = (select min(ctid) from task_instance)",
    )
    assert sent(sync_here(tmp_path, state, database_url=url, lookback_seconds=0)) == 0
    assert sent(sync_here(tmp_path, state, database_url=url, lookback_seconds=3600)) == 1


def test_a_table_without_change_columns_is_read_whole(settled, tmp_path):
    _, url, state = settled
    run = sync_here(tmp_path, state, database_url=url)
    assert sent(run, "dag") == 20
    assert run.of("ACTIVATE_VERSION", "dag")
    assert run.manifest("dag")["is_full_read"]


@pytest.mark.parametrize(
    "config",
    [
        {"mode": "append"},
        {"pii": "full"},
        {"include_columns": ["task_instance.next_kwargs"]},
        {"environment_slug": "another"},
    ],
)
def test_a_setting_that_changes_rows_in_the_warehouse_makes_a_full_read(settled, config, tmp_path):
    _, url, state = settled
    assert sent(sync_here(tmp_path, state, database_url=url, **config)) == 20


def test_a_restored_copy_of_the_database_makes_a_full_read(settled, postgres, tmp_path):
    _, url, state = settled
    [name] = execute(url, "select current_database()").fetchone()
    execute(postgres.url("postgres"), f'create database "{name}_copy" template "{name}"')
    copy = postgres.url(f"{name}_copy")
    assert sent(sync_here(tmp_path, state, database_url=url)) == 0
    assert sent(sync_here(tmp_path, state, database_url=copy)) == 20


def test_mirror_reads_everything_every_time(settled, tmp_path):
    _, url, _ = settled
    first = sync_here(tmp_path, database_url=url, mode="mirror")
    again = sync_here(tmp_path, first.state, database_url=url, mode="mirror")
    assert sent(first) == sent(again) == 20
    assert again.of("SCHEMA", "task_instance")[0]["schema"]["x-mode"] == "mirror"


def test_state_is_sent_once_and_last_and_keeps_tables_that_were_not_read(settled, tmp_path):
    _, url, state = settled
    run = sync_here(tmp_path, state, database_url=url, tables=["dag_run"])
    assert [message["type"] for message in run.messages].count("STATE") == 1
    assert run.messages[-1]["type"] == "STATE"
    assert run.state["bookmarks"]["log"] == state["bookmarks"]["log"]
    moved = run.state["bookmarks"]["dag_run"]["synced_until"]
    assert dt.datetime.fromisoformat(moved) > dt.datetime.fromisoformat(
        state["bookmarks"]["dag_run"]["synced_until"]
    )


def test_the_version_sent_is_the_moment_of_every_row(settled, tmp_path):
    _, url, _ = settled
    run = sync_here(tmp_path, database_url=url)
    version = run.of("ACTIVATE_VERSION", "dag")[0]["version"]
    moments = {row["_sdc_extracted_at"] for table in ("dag", "dag_run") for row in run.rows(table)}
    assert {round(dt.datetime.fromisoformat(m).timestamp() * 1000) for m in moments} == {version}
