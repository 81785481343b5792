"""Restored copies of a metadata database, with something in every state that an Airflow knows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from airflow_snapshot.neutralise import NeutraliseRequest, neutralise
from airflow_snapshot.report import Report
from tests.real_airflow import captured
from tests.real_airflow.captured import CapturedSchema
from tests.real_airflow.postgres import ThrowawayPostgres, execute

TAKEN_AT = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
STARTED_AT = TAKEN_AT - timedelta(hours=1)

FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")
# `shutdown` is of 2.4 to 2.6, `awaiting_input` since 3.3, and the last one of an Airflow to come.
UNFINISHED = (
    *("scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule"),
    *("deferred", "shutdown", "awaiting_input", "not_invented_yet"),
)
RUN_STATES = ("success", "failed", "running", "queued", None)

_numbers = itertools.count(1)
_made: set[str] = set()


def busy(postgres: ThrowawayPostgres, version: str) -> str:
    """The URL of a database as restoring a snapshot of a busy Airflow leaves it; to be read."""
    name = f"busy_{version}"
    if name not in _made:
        url = postgres.create_database(name)
        schema = captured.load(version)
        captured.recreate(schema, url)
        with psycopg.connect(url) as connection:
            if "is_draining" in schema.tables["dag"].columns:
                # Captured schemas have no checks; this one is the migrations' own.
                connection.execute("alter table dag add check (not (is_paused and is_draining))")
            _fill(connection, schema)
        _made.add(name)
    return postgres.url(name)


def make_copy(postgres: ThrowawayPostgres, version: str) -> str:
    """Make a copy of a busy Airflow to be written to; give its URL."""
    busy(postgres, version)
    return postgres.create_database(f"copy_{next(_numbers)}", template=f"busy_{version}")


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def neutralised(url: str, *, dry_run: bool = False, **wanted: object) -> Report:
    with connected(url) as connection:
        return neutralise(connection, "public", NeutraliseRequest(**wanted), dry_run=dry_run)


def rows(url: str, query: str) -> list[tuple]:
    return execute(url, query).fetchall()


def content(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with connected(url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {
            table: [
                row for (row,) in connection.execute(f'select t::text from "{table}" t order by 1')
            ]
            for (table,) in tables.fetchall()
        }


class _Inserter:
    """Inserts rows of which only what matters is named; columns a version lacks are left out."""

    def __init__(self, connection: psycopg.Connection, schema: CapturedSchema) -> None:
        self._connection = connection
        self._schema = schema

    def __call__(self, table: str, **values: object) -> None:
        if table not in self._schema.tables:
            return
        columns = self._schema.tables[table].columns
        filler = {
            name: _filler(declaration, next(_numbers))
            for name, declaration in columns.items()
            if declaration.endswith(" not null")
        }
        row = filler | {name: value for name, value in values.items() if name in columns}
        self._connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )


def _filler(declaration: str, number: int) -> object:
    """A value for a column that may not be null; numbers make keys differ."""
    kind = declaration.removesuffix(" not null").split("(")[0]
    values = {
        "character varying": f"x{number}",
        "text": f"x{number}",
        "integer": number,
        "bigint": number,
        "double precision": 0.0,
        "boolean": False,
        "uuid": f"00000000-0000-0000-0000-{number:012}",
        "json": Json({}),
        "jsonb": Json({}),
        "bytea": b"x",
        "timestamp with time zone": STARTED_AT,
        "timestamp without time zone": STARTED_AT.replace(tzinfo=None),
    }
    return values[kind]


def _fill(connection: psycopg.Connection, schema: CapturedSchema) -> None:
    insert = _Inserter(connection, schema)
    for table in ("connection", "variable"):
        # Captured schemas have no defaults; these two are written to.
        connection.execute(
            f"alter table {table} alter id add generated by default as identity (start 1000)"
        )
    _fill_dags(insert, schema)
    _fill_runs(insert, schema)
    _fill_what_calls_out(insert)
    insert("revoked_token", jti="logged out")
    insert("asset_state_store", key="watermark", value="7")
    insert("log", id=1, dag_id="unpaused", event="running")
    connection.execute(
        "create table airflow_snapshot_origin (snapshot text, taken_at timestamptz,"
        " source_database_id text, restored_at timestamptz, neutralised_at timestamptz)"
    )
    connection.execute(
        "insert into airflow_snapshot_origin values ('nightly', %s, 'production',"
        " %s + interval '1 day', null)",
        [TAKEN_AT, TAKEN_AT],
    )


def _fill_dags(insert: _Inserter, schema: CapturedSchema) -> None:
    shown = {"is_active": True, "is_stale": False, "has_import_errors": False}
    for dag_id in ("unpaused", "paused"):
        insert("dag", dag_id=dag_id, is_paused=dag_id == "paused", **shown)
    if "is_draining" in schema.tables["dag"].columns:
        insert("dag", dag_id="draining", is_paused=False, is_draining=True, **shown)


def _fill_runs(insert: _Inserter, schema: CapturedSchema) -> None:
    runs = itertools.product(("unpaused", "paused"), ("scheduled", "backfill"), RUN_STATES)
    for number, (dag_id, run_type, run_state) in enumerate(runs, start=1):
        run_id = f"{run_type}_{run_state}"
        insert(
            "dag_run",
            id=number,
            dag_id=dag_id,
            run_id=run_id,
            run_type=run_type,
            execution_date=STARTED_AT - timedelta(days=number),
            state=run_state,
            queued_at=None if run_state is None else STARTED_AT,
            start_date=None if run_state == "queued" else STARTED_AT,
            # One that was cleared while it ran keeps the end that it had.
            end_date=None if run_state in {"queued", None} else STARTED_AT,
            last_scheduling_decision=STARTED_AT,
            updated_at=STARTED_AT,
            span_status="ended" if run_state in FINISHED else "active",
            scheduled_by_job_id=1,
        )
        for state in (*FINISHED, *UNFINISHED, None):
            _fill_task(insert, dag_id, run_id, state)
            if "working_set" in schema.tables["task_instance"].columns:
                _fill_earlier_try(insert, dag_id, run_id, state)


def _fill_task(insert: _Inserter, dag_id: str, run_id: str, state: str | None) -> None:
    number = next(_numbers)
    uuid = _filler("uuid", number)
    ended = state in FINISHED or state == "up_for_retry"
    key = {"dag_id": dag_id, "run_id": run_id, "task_id": f"task_{state}", "map_index": -1}
    insert(
        "task_instance",
        **key,
        id=uuid,
        state=state,
        start_date=None if state in {"scheduled", "queued", None} else STARTED_AT,
        end_date=TAKEN_AT - timedelta(minutes=30) if ended else None,
        # A finished one has a trigger as long as the triggerer has not cleaned up.
        trigger_id=number if state not in {"running", "queued"} else None,
        trigger_timeout=TAKEN_AT,
        next_method="execute_complete",
        next_kwargs=Json({}),
        external_executor_id="celery",
        queued_by_job_id=1,
        pid=4711,
        last_heartbeat_at=TAKEN_AT,
        queued_dttm=STARTED_AT,
        scheduled_dttm=STARTED_AT,
        retry_delay_override=60.0,
        retry_reason="try again",
        updated_at=STARTED_AT,
        duration=60.0,
        span_status="ended" if state in FINISHED else "active",
        working_set=True,
    )
    insert("trigger", id=number, triggerer_id=2)
    insert("task_reschedule", **key, id=number, ti_id=uuid)
    insert("task_state_store", **key, id=number, key="job_id", value="spark_7")


def _fill_earlier_try(insert: _Inserter, dag_id: str, run_id: str, state: str | None) -> None:
    number = next(_numbers)
    uuid = _filler("uuid", number)
    insert(
        "task_instance",
        dag_id=dag_id,
        run_id=run_id,
        task_id=f"superseded_{state}",
        id=uuid,
        state=state,
        working_set=None,
        archived_reason="superseded",
        start_date=STARTED_AT,
        next_method="execute_complete",
        queued_by_job_id=1,
        updated_at=STARTED_AT,
    )
    insert("task_reschedule", id=number, ti_id=uuid)


def _fill_what_calls_out(insert: _Inserter) -> None:
    for kind, state in itertools.product(
        ("SchedulerJob", "TriggererJob", "LocalTaskJob"), ("running", "restarting", "success")
    ):
        end = TAKEN_AT if state == "success" else None
        heartbeat = None if state == "restarting" else TAKEN_AT
        insert("job", job_type=kind, state=state, latest_heartbeat=heartbeat, end_date=end)
    insert("job", job_type="SchedulerJob", state="failed", latest_heartbeat=TAKEN_AT)
    for completed_at in (None, STARTED_AT):
        insert("backfill", dag_id="unpaused", completed_at=completed_at, updated_at=STARTED_AT)
    for table in (
        *("callback_request", "dag_priority_parsing_request", "connection_test_request"),
        *("dataset_dag_run_queue", "asset_dag_run_queue", "session"),
        *("asset_trigger", "asset_watcher"),
    ):
        insert(table, state="pending")
    for number, run in ((1, None), (2, 1)):
        insert("asset_partition_dag_run", id=number, created_dag_run_id=run)
        insert("partitioned_asset_key_log", asset_partition_dag_run_id=number)
    for sent in (False, True):
        insert("sla_miss", task_id=f"told {sent}", notification_sent=sent, email_sent=sent)
    _fill_deadlines(insert)


def _fill_deadlines(insert: _Inserter) -> None:
    insert("callback", type="dag_processor", state=None)
    past = STARTED_AT
    for missed, state in (
        (False, "scheduled"),
        *((True, state) for state in ("pending", "queued", "running", "success", "failed")),
    ):
        number = next(_numbers)
        callback = _filler("uuid", number)
        trigger = number if state in {"queued", "running"} else None
        kind = "executor" if state == "pending" else "triggerer"
        insert("callback", id=callback, type=kind, state=state, trigger_id=trigger)
        insert(
            "deadline",
            id=callback,
            missed=missed,
            deadline_time=past,
            callback_id=callback,
            callback_state=state if missed else None,
            trigger_id=trigger,
        )
        if trigger:
            insert("trigger", id=trigger, triggerer_id=2)
