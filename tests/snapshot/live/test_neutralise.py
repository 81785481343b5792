"""A real Airflow, killed at work; its copy, neutralised, starts as another one and is at rest."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from airflow_snapshot.neutralise import Neutralisation, Report, neutralise
from airflow_snapshot.overrides import read_overrides
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.snapshot.airflow_copies import connected, rows
from tests.snapshot.live.dag_files import (
    BACKFILLED,
    BUSY,
    CONSUMER,
    FILES,
    NO_SLOTS,
    PRODUCERS,
    STAYS,
)

pytestmark = [pytest.mark.live_airflow, pytest.mark.timeout(900)]

OLD_KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))
OVERRIDES = """
connections:
  warehouse: {conn_type: postgres, host: db.staging, login: me, password: "${PASSWORD}", port: 5433}
  created: "google-cloud-platform://?project=staging"
variables: {stage: staging}
"""
_SECONDS_OF_REST = 60
_OLD, _NEW = "of_production", "of_staging"
_TASKS = (
    "select dag_id, run_id, task_id, map_index, state, try_number, start_date, end_date"
    f" from task_instance where run_id <> '{_NEW}' order by 1, 2, 3, 4"
)
_RUNS = f"select dag_id, run_id, state, start_date, end_date from dag_run where run_id <> '{_NEW}'"
_IMPATIENT = {
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
}


def test_a_neutralised_copy_starts_at_rest(
    postgres: ThrowawayPostgres, live_version: str, tmp_path: Path
) -> None:
    production = postgres.create_database(f"production_{live_version}")
    _run_until_killed(live_version, production)
    staging = _copy(postgres, live_version)
    report = _neutralise(staging, tmp_path)
    assert report.emptied == ()
    assert "lake" in report.connections
    assert report.variables == ("bucket",)
    if live_version.startswith("3."):
        ended = {change.sentence: change.rows for change in report.changes}
        assert ended["ended the unfinished backfills"] == 1
        assert ended["dropped deadlines to come"] == 1
    _start_and_watch(live_version, staging)


def _run_until_killed(version: str, url: str) -> None:
    """Leave everything that a busy Airflow can leave unfinished."""
    with running_airflow(version, url, FILES, _environ(OLD_KEY)) as airflow:
        airflow.run("pools", "set", NO_SLOTS, "0", "none")
        airflow.wait_until("its DAGs", lambda: _dags_to_come(url), 120)
        api = airflow.api
        secret = {"conn_type": "aws", "password": "old", "extra": '{"account_id": "12345"}'}
        api.create_connection("warehouse", conn_type="mysql", host="db.prod", password="old")
        api.create_connection("lake", **secret)
        api.create_variable("bucket", "bucket-of 12345")
        api.create_variable("stage", "production")
        for dag_id in (BUSY, CONSUMER, PRODUCERS[0]):
            api.set_paused(dag_id, paused=False)
        api.trigger(BUSY, _OLD)
        api.trigger(PRODUCERS[0], _OLD)
        if version.startswith("3."):
            api.set_paused(BACKFILLED, paused=False)
            api.backfill(BACKFILLED, "2025-02-03", "2025-02-08")
        airflow.wait_until("every state", lambda: _states_to_come(url, version), 180)
        airflow.kill()
    # What an executor that dies before it gets to it leaves.
    execute(
        url,
        "update task_instance set state = 'queued', queued_dttm = now(),"
        " external_executor_id = 'x', queued_by_job_id ="
        " (select max(id) from job where job_type = 'SchedulerJob') where task_id = 'has_no_slot'",
    )
    if version.startswith("3."):
        execute(url, "update deadline set deadline_time = now() - interval '1 minute'")


def _environ(key: str) -> dict[str, str]:
    return _IMPATIENT | {
        "AIRFLOW__CORE__FERNET_KEY": key,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # The runs of the backfill take half of it.
        "AIRFLOW__CORE__PARALLELISM": "8",
    }


def _dags_to_come(url: str) -> set[str]:
    wanted = {BUSY, BACKFILLED, CONSUMER, *PRODUCERS}
    return wanted - {dag_id for (dag_id,) in rows(url, "select dag_id from dag")}


def _states_to_come(url: str, version: str) -> list[str]:
    states = dict(rows(url, f"select task_id, state from task_instance where dag_id = '{BUSY}'"))
    missing = [task for task, state in STAYS.items() if states.get(task, "none") != state]
    queue = "asset_dag_run_queue" if version.startswith("3.") else "dataset_dag_run_queue"
    wanted = [f"select from {queue}"]
    if version.startswith("3."):
        wanted += [
            f"select from dag_run where dag_id = '{BACKFILLED}' and state = 'running'",
            f"select from dag_run where dag_id = '{BACKFILLED}' and state = 'queued'",
            "select from deadline",
        ]
    return missing + [query for query in wanted if not rows(url, query)]


def _copy(postgres: ThrowawayPostgres, version: str) -> str:
    source, copy = f"production_{version}", f"staging_{version}"
    # The server takes a moment to notice that its clients are dead.
    for _ in range(100):
        if not rows(
            postgres.url("postgres"), f"select from pg_stat_activity where datname = '{source}'"
        ):
            break
        time.sleep(0.1)
    execute(postgres.url("postgres"), f'create database "{copy}" template "{source}"')
    url = postgres.url(copy)
    execute(
        url,
        "create table airflow_snapshot_origin (snapshot text, taken_at timestamptz,"
        " source_database_id text, restored_at timestamptz, neutralised_at timestamptz)",
        "insert into airflow_snapshot_origin values ('x', now(), 'production', now(), null)",
        # The new Airflow gets a user of the same name, with a password of its own.
        "update ab_user set username = 'before', email = 'before@example.com'",
    )
    return url


def _neutralise(url: str, folder: Path) -> Report:
    file = folder / "staging.yaml"
    file.write_text(OVERRIDES)
    overrides = read_overrides(file, {"PASSWORD": "new"})
    wanted = Neutralisation(overrides=overrides, old_fernet_key=OLD_KEY, new_fernet_key=NEW_KEY)
    ((before,),) = rows(url, "select count(*) from task_instance")
    with connected(url) as connection:
        report = neutralise(connection, "public", wanted)
    assert rows(url, "select count(*) from task_instance") == [(before,)]
    return report


def _start_and_watch(version: str, url: str) -> None:
    tasks, runs = rows(url, _TASKS), rows(url, _RUNS)
    assert {state for _, _, _, _, state, *_ in tasks} == {"success", "failed", "skipped"}
    with running_airflow(version, url, FILES, _environ(NEW_KEY)) as airflow:
        started = time.monotonic()
        # Nothing old starts even where DAGs may run again.
        for dag_id in (BUSY, CONSUMER, PRODUCERS[1]):
            airflow.api.set_paused(dag_id, paused=False)
        airflow.api.trigger(PRODUCERS[1], _NEW)
        airflow.wait_until("a new run", lambda: _new_run_to_come(url), 120)
        _check_connections(airflow)
        listed_runs, listed_tasks = airflow.api.runs(), airflow.api.task_instances()
        airflow.wait_until(
            "a minute of rest", lambda: time.monotonic() < started + _SECONDS_OF_REST, 120
        )
    assert rows(url, _TASKS) == tasks
    assert sorted(rows(url, _RUNS)) == sorted(runs)
    assert rows(url, "select from trigger") == []
    assert len(listed_runs) == len(runs) + 1
    assert len(listed_tasks) == len(tasks) + 1
    if version.startswith("3."):
        assert rows(url, "select from callback") == []


def _new_run_to_come(url: str) -> bool:
    state = f"select from dag_run where run_id = '{_NEW}' and state = 'success'"
    return not rows(url, state)


def _check_connections(airflow: RunningAirflow) -> None:
    assert _connection(airflow, "lake") | {
        "password": "old",
        "extra_dejson": {"account_id": "12345"},
    } == _connection(airflow, "lake")
    warehouse = {"conn_type": "postgres", "host": "db.staging", "port": 5433, "password": "new"}
    found = _connection(airflow, "warehouse")
    assert {name: found[name] for name in warehouse} == {
        name: str(value) for name, value in warehouse.items()
    } | {"port": found["port"]}
    assert str(found["port"]) == "5433"
    assert _connection(airflow, "created")["conn_type"] == "google_cloud_platform"


def _connection(airflow: RunningAirflow, conn_id: str) -> dict[str, object]:
    printed = airflow.run("connections", "get", conn_id, "--output", "json")
    line = next(line for line in printed.splitlines() if line.startswith("["))
    (connection,) = json.loads(line)
    return connection
