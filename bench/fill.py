"""A made-up Airflow 3.3.2 metadata database of a busy year, filled inside Postgres."""

from __future__ import annotations

import psycopg

from tests.real_airflow import captured

AIRFLOW_VERSION = "3.3.2"

_RUNS = """
insert into dag_run (id, dag_id, queued_at, logical_date, start_date, end_date, state, run_id,
    run_type, triggered_by, run_after, data_interval_start, data_interval_end, conf, clear_number,
    log_template_id, updated_at, created_at, last_scheduling_decision, span_status)
select i, 'team_' || i %% 20 || '.dag_' || i %% 250, moment, moment, moment + interval '4 seconds',
    moment + interval '9 minutes', case when i %% 37 = 0 then 'failed' else 'success' end,
    'scheduled__' || moment::text, 'scheduled', 'TIMETABLE', moment, moment - interval '1 day',
    moment, '{}', 0, 1, moment + interval '9 minutes', moment, moment + interval '9 minutes',
    'not_started'
from generate_series(1, %(runs)s) as i,
    lateral (
        select timestamptz '2025-11-01 00:00+00' + i * (interval '347 days' / %(runs)s) as moment
    ) as clock
"""
_TASKS = """
insert into task_instance (id, task_id, dag_id, run_id, map_index, start_date, end_date, duration,
    state, try_number, max_tries, hostname, unixname, pool, pool_slots, queue, priority_weight,
    operator, custom_operator_name, queued_dttm, scheduled_dttm, queued_by_job_id,
    last_heartbeat_at, pid, executor, executor_config, updated_at, rendered_map_index,
    task_display_name, dag_version_id, span_status)
select gen_random_uuid(), 'task_' || t, dag_id, run_id, -1, start_date + t * interval '30 seconds',
    start_date + t * interval '30 seconds' + seconds * interval '1 second', seconds,
    case when (id + t) %% 97 = 0 then 'failed' else 'success' end, 1 + (id + t) %% 3 / 2, 2,
    'worker-' || (id + t) %% 40 || '.airflow.internal', 'airflow', 'default_pool', 1, 'default', t,
    'PythonOperator', 'PythonOperator', start_date + t * interval '29 seconds',
    start_date + t * interval '28 seconds', id / 1000, start_date + t * interval '31 seconds',
    1000 + (id + t) %% 30000, 'LocalExecutor', '\\x80057d942e',
    start_date + t * interval '30 seconds' + seconds * interval '1 second', null, 'task_' || t,
    md5(dag_id)::uuid, 'not_started'
from dag_run, generate_series(1, %(tasks_per_run)s) as t,
    lateral (select (id::bigint * 7919 + t * 104729) %% 60000 / 100.0 as seconds) as work
"""
_LOGS = """
insert into log (id, dttm, dag_id, task_id, map_index, event, logical_date, run_id, owner,
    owner_display_name, extra, try_number)
select i, timestamptz '2025-11-01 00:00+00' + i * (interval '347 days' / %(logs)s),
    'team_' || i %% 20 || '.dag_' || i %% 250, 'task_' || i %% 10, -1,
    case when i %% 50 > 0 then (array['running', 'success'])[1 + i %% 2]
        when i %% 100 > 0 then 'trigger_dag_run' else 'patch_dag' end, null,
    'scheduled__' || i, (array['airflow', 'amelie', 'bo', 'chandra'])[1 + i %% 4], null,
    -- What Airflow 3.2 and later note: of a task its machine, of a request what it was given. One
    -- event in fifty is of a person: a task writes two, and most runs are triggered by nobody.
    case when i %% 50 > 0 then '{"host_name": "worker-' || i %% 20 || '"}'
        when i %% 100 > 0 then '{"dag_run_id": "manual__' || i || '", "conf": {"day": "' || i %% 30
            || '"}, "logical_date": null, "note": null, "method": "POST"}'
        else '{"is_paused": true, "method": "PATCH"}' end, 1
from generate_series(1, %(logs)s) as i
"""
_INDEXES = """
select indexname, indexdef from pg_indexes
where tablename in ('dag_run', 'task_instance', 'log') and schemaname = 'public'
    and indexname not in (select conname from pg_constraint)
"""
# The same share of the task instances changed since the last sync as there are new events.
_CHANGE = """
update task_instance set state = 'success', updated_at = now(), end_date = now()
where (dag_id, run_id) in (select dag_id, run_id from dag_run where id %% %(one_in)s = 0)
"""
_MORE_LOGS = """
insert into log (id, dttm, dag_id, event, owner)
select (select max(id) from log) + i, now(), 'team_' || i %% 20 || '.dag_' || i %% 250, 'running',
    'airflow'
from generate_series(1, %(logs)s / %(one_in)s) as i
"""


def fill(database_url: str, *, runs: int, tasks_per_run: int, logs: int) -> None:
    """Create the tables in an empty database and fill the three big ones.

    Args:
        database_url: Address of the empty database.
        runs: Rows of dag_run.
        tasks_per_run: Rows of task_instance per run.
        logs: Rows of log.
    """
    captured.recreate(captured.load(AIRFLOW_VERSION), database_url)
    fill_tables(database_url, runs=runs, tasks_per_run=tasks_per_run, logs=logs)


def fill_tables(database_url: str, *, runs: int, tasks_per_run: int, logs: int) -> None:
    """Fill the three big tables; the arguments are those of :func:`fill`."""
    with psycopg.connect(database_url) as connection:
        # Airflow's own tables refer to others, which stay empty, and have indexes, which are made
        # in a fraction of the time afterwards.
        connection.execute("set session_replication_role = replica")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f'drop index "{name}"')
        sizes = {"runs": runs, "tasks_per_run": tasks_per_run, "logs": logs}
        for statement in (_RUNS, _TASKS, _LOGS):
            connection.execute(statement, sizes)
        for _, definition in indexes:
            connection.execute(definition)
        for table in ("dag_run", "log"):
            connection.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
            )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def change(database_url: str, *, logs: int, one_in: int) -> None:
    """Change some rows as an hour or a day of work does.

    Args:
        database_url: A database that :func:`fill` made.
        logs: Rows of log that it was given.
        one_in: 100 to change one task instance in a hundred.
    """
    with psycopg.connect(database_url) as connection:
        connection.execute(_CHANGE, {"one_in": one_in})
        connection.execute(_MORE_LOGS, {"logs": logs, "one_in": one_in})
