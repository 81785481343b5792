"""Operators, run by the schedulers of Airflow 2 and 3 on their own databases."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
import psycopg
import pytest

from tests.orchestrate.live import dag_files
from tests.orchestrate.live.conftest import LiveDuckDB
from tests.orchestrate.live.live_airflow import TAKES_LONG, wait_for_end
from tests.orchestrate.provider import rendered_table, xcom_of_current_tries

pytestmark = TAKES_LONG

# The scheduler and the API do not look at it.
_UNUSED_TABLE = "variable"


@pytest.fixture(scope="module")
def second(live: LiveDuckDB) -> str:
    """The run that loaded and built, after a first that only loaded."""
    live.run(dag_files.SYNC, "first", "success")
    run_id = live.unpause(dag_files.JOB)
    live.wait_for_state(dag_files.JOB, run_id, "success", seconds=300)
    return run_id


def test_first_run_is_in_the_warehouse_after_the_second(live: LiveDuckDB, second: str) -> None:
    log = live.log(dag_files.JOB, second)
    runs = live.loaded("select run_id, state from airflow_audit.fct_dag_runs")
    assert ("first", "success") in runs
    assert (second, "running") in runs
    # The log of Meltano and of its plugins is the task's, without the metrics of the SDK.
    assert re.search(r"dag_run: [\d,]+ of [\d,]+ rows", log)
    assert "Completed successfully" in log  # dbt
    assert "METRIC" not in log


def test_report_of_what_ran(live: LiveDuckDB, second: str) -> None:
    assert second
    live.run(dag_files.REPORT, "told", "success")
    text = Path(f"{live.warehouse}.told.md").read_text()
    assert text.startswith("Airflow Audit: live, ")
    assert re.search(r"^- Runs: [1-9]", text, re.MULTILINE)


def test_export_in_six_steps(live: LiveDuckDB) -> None:
    run_id = live.unpause(dag_files.EXPORT)
    live.wait_for_success(dag_files.EXPORT, run_id, tasks=6)
    [(pools,)] = live.query("select count(*) from slot_pool")
    [(loaded,)] = live.loaded("select count(*) from airflow_live_export.slot_pool")
    assert loaded == pools > 0


def test_xcom_tells_rows_and_seconds(live: LiveDuckDB) -> None:
    live.run(dag_files.SYNC, "told", "success")
    told = _xcom(live, dag_files.SYNC, "told")
    assert told["schema"] == "airflow_live"
    read = told["tables"]["dag_run"]
    [(at_source, sent)] = live.loaded(
        "select source_rows, sent_rows from airflow_live._sync_manifest"
        " where table_name = 'dag_run' order by started_at desc limit 1"
    )
    assert (read["source_rows"], read["sent_rows"]) == (at_source, sent)
    assert told["loaded_rows"]["dag_run"] == sent
    assert read["seconds"] >= 0
    assert told["load_seconds"] > 0


def test_what_was_loaded_triggers_other_dags(live: LiveDuckDB) -> None:
    live.run(dag_files.SYNC, "announced", "success")
    query = "select state from dag_run where dag_id = %s"
    live.wait_for(
        "the DAG that is scheduled on the asset",
        lambda: ("success",) not in live.query(query, dag_files.CONSUMER),
    )
    # What was loaded goes with it.
    events = "dataset_event" if live.version.startswith("2.") else "asset_event"
    query = f"select extra from {events} where source_dag_id = %s and source_run_id = %s"
    [(extra,)] = live.query(query, dag_files.SYNC, "announced")
    assert extra["schema"] == "airflow_live"
    assert extra["rows"]["dag_run"] > 0


def test_wrong_password_fails_at_once(live: LiveDuckDB) -> None:
    log = live.run(dag_files.WRONG_PASSWORD, "r", "failed")
    assert live.task(dag_files.WRONG_PASSWORD, "r") == ("failed", 1)
    assert "password authentication failed" in log


def test_missing_connection_fails_at_once(live: LiveDuckDB) -> None:
    log = live.run(dag_files.NO_CONNECTION, "r", "failed")
    assert live.task(dag_files.NO_CONNECTION, "r") == ("failed", 1)
    assert "no Airflow connection 'nowhere', which source_conn_id names" in log


def test_misspelled_table_fails_at_once(live: LiveDuckDB) -> None:
    log = live.run(dag_files.MISSPELLED, "r", "failed")
    assert live.task(dag_files.MISSPELLED, "r") == ("failed", 1)
    assert "Did you mean dag_run?" in log


def test_locked_warehouse_is_tried_again(live: LiveDuckDB) -> None:
    with duckdb.connect(str(live.other_warehouse)):
        log = live.run(dag_files.LOCKED, "r", "up_for_retry")
        assert "exit code 75" in log
    live.wait_for_state(dag_files.LOCKED, "r", "success")


def test_table_that_vanished_is_empty_and_said(live: LiveDuckDB) -> None:
    with psycopg.connect(live.database_url, autocommit=True) as source:
        source.execute(f"alter table {_UNUSED_TABLE} rename to vanished")
        try:
            live.run(dag_files.SYNC, "vanished", "success")
        finally:
            source.execute(f"alter table vanished rename to {_UNUSED_TABLE}")
    [(there,)] = live.loaded(
        "select is_table_at_source from airflow_live._sync_manifest"
        f" where table_name = '{_UNUSED_TABLE}' order by started_at desc limit 1"
    )
    assert not there


def test_task_marked_as_failed_leaves_nothing(live: LiveDuckDB) -> None:
    before = _tables(live)
    with _sync_that_waits(live, "marked") as family:
        live.airflow.api.mark(dag_files.SLOW, "marked", "sync", "failed")
        wait_for_end(family)
    live.wait_for_state(dag_files.SLOW, "marked", "failed")
    assert _tables(live) == before


def test_killed_worker_leaves_no_orphan(live: LiveDuckDB) -> None:
    before = _tables(live)
    with _sync_that_waits(live, "killed") as family:
        family[0].parent().send_signal(signal.SIGKILL)
        wait_for_end(family)
    live.wait_for_state(dag_files.SLOW, "killed", "failed")
    assert _tables(live) == before


def test_passwords_show_nowhere(live: LiveDuckDB) -> None:
    with _sync_that_waits(live, "shown") as family:
        command_lines = [" ".join(process.cmdline()) for process in family]
        assert any("tap-airflow-metadata" in line for line in command_lines)
    live.wait_for_state(dag_files.SLOW, "shown", "success")
    live.run(dag_files.WRONG_PASSWORD, "shown", "failed")
    rendered = live.query(f"select rendered_fields::text from {rendered_table(live.version)}")
    assert rendered
    xcoms = live.query(f"select value::text from {xcom_of_current_tries(live.version)}")
    assert xcoms
    logs = [path.read_text() for path in (live.airflow.home / "logs").rglob("*.log")]
    logs += [path.read_text() for path in live.airflow.home.glob("*.log")]
    places = [*command_lines, *logs, *map(str, rendered), *map(str, xcoms)]
    for canary in live.canaries:
        for form in (canary, canary.replace("/", "%2F"), canary.replace("/", "\\/")):
            shown = [place for place in places if form in place]
            assert not shown, shown[0][:2000]


def _xcom(live: LiveDuckDB, dag_id: str, run_id: str) -> dict[str, object]:
    [(value,)] = live.query(
        f"select value from {xcom_of_current_tries(live.version)}"
        " where dag_id = %s and run_id = %s and key = 'return_value'",
        dag_id,
        run_id,
    )
    if isinstance(value, (bytes, memoryview)):  # Airflow 2
        value = json.loads(bytes(value))
    told: dict[str, object] = json.loads(value) if isinstance(value, str) else value
    return told


def _tables(live: LiveDuckDB) -> list[object]:
    """What is in the other warehouse: tables and their rows."""
    if not live.other_warehouse.exists():
        return []
    with duckdb.connect(str(live.other_warehouse), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return [
            (*name, connection.execute(f'select count(*) from "{name[0]}"."{name[1]}"').fetchone())
            for name in sorted(names)
        ]


@contextmanager
def _sync_that_waits(live: LiveDuckDB, run_id: str) -> Iterator[list[psutil.Process]]:
    """A running sync that waits for a lock in the source, and all its processes."""
    with psycopg.connect(live.database_url) as source:
        source.execute(f"lock table {_UNUSED_TABLE} in access exclusive mode")
        live.trigger(dag_files.SLOW, run_id)
        waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ilike %s"
        live.wait_for(
            "the sync to wait", lambda: not live.query(waiting, f"%{_UNUSED_TABLE}%") and "waiting"
        )
        yield live.processes()
