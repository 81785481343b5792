"""A snapshot of a real Airflow at work; its copy starts as another Airflow and is at rest."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.snapshot.airflow_copies import rows
from tests.snapshot.conftest import Snapshots
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
    "select dag_id, run_id, task_id, try_number, state, start_date, end_date"
    f" from task_instance where run_id <> '{_NEW}' order by 1, 2, 3, 4"
)
_RUNS = f"select dag_id, run_id, state, start_date, end_date from dag_run where run_id <> '{_NEW}'"
_IMPATIENT = {
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
}


def test_a_neutralised_copy_starts_at_rest(
    postgres: ThrowawayPostgres,
    migrated_database: Callable[[str], str],
    live_version: str,
    tmp_path: Path,
    snapshots: Snapshots,
) -> None:
    production = migrated_database(live_version)
    name = _take_at_work(live_version, production, snapshots)
    told = snapshots.run("inspect", name)
    for component in ("SchedulerJob@", "TriggererJob@"):
        assert component in told
    assert snapshots.run("verify", name).startswith(f"PASS {name}")
    staging = postgres.url(f"staging_{live_version}")
    snapshots.run("restore", name, "--into", staging, "--airflow-version", live_version)
    _leave_more(staging, live_version)
    told = _neutralise(staging, tmp_path, snapshots)
    assert "no key" not in told
    assert "\n  lake\n" in told
    assert told.rstrip().endswith("  bucket")
    if live_version.startswith("3."):
        assert "ended the unfinished backfills (backfill: 1)" in told
        assert "dropped deadlines to come (deadline: 1)" in told
    _start_and_watch(live_version, staging)


def _take_at_work(version: str, url: str, snapshots: Snapshots) -> str:
    """Take a snapshot while all that can be unfinished is, and others write; return its name."""
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
        with _writing(url) as written:
            name = snapshots.take(url)
        assert written
        airflow.kill()
    return name


@contextmanager
def _writing(url: str) -> Iterator[list[int]]:
    """Insert log rows as fast as one session can, until the end of the block."""
    written: list[int] = []
    ended = threading.Event()

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not ended.is_set():
                connection.execute("insert into log (dttm, event) values (now(), 'written')")
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        ended.set()
        writer.join()


def _leave_more(url: str, version: str) -> None:
    """Add what an executor leaves that dies before it gets to it, and a deadline that is past."""
    execute(
        url,
        "update task_instance set state = 'queued', queued_dttm = now(),"
        " external_executor_id = 'x', queued_by_job_id ="
        " (select max(id) from job where job_type = 'SchedulerJob') where task_id = 'has_no_slot'",
        # The new Airflow gets a user of the same name, with a password of its own.
        "update ab_user set username = 'before', email = 'before@example.com'",
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
    tries = f"select task_id, state from task_instance where dag_id = '{BUSY}' order by try_number"
    states = dict(rows(url, tries))  # since 3.4 there is more than one of a task
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


def _neutralise(url: str, folder: Path, snapshots: Snapshots) -> str:
    """Neutralise a copy, and return what is told of it."""
    file = folder / "staging.yaml"
    file.write_text(OVERRIDES)
    ((before,),) = rows(url, "select count(*) from task_instance")
    told = snapshots.run(
        *("neutralise", "--into", url, "--overrides", str(file)),
        PASSWORD="new",
        AIRFLOW_SNAPSHOT_OLD_FERNET_KEY=OLD_KEY,
        AIRFLOW_SNAPSHOT_NEW_FERNET_KEY=NEW_KEY,
    )
    assert rows(url, "select count(*) from task_instance") == [(before,)]
    return told


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
    # Earlier tries are not listed.
    assert len(listed_tasks) == len({task[:3] for task in tasks}) + 1
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
