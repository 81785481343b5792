"""Quiescing a copy of a metadata database: the rules after which nothing in it runs.

The rules go by the final states, so that a new kind of waiting needs no new rule.

`cleared` means state null for task instances and `queued` for runs. A run with state null would be
as idle, but it breaks Airflow: the REST APIs of 2.11 and 3.3 answer every list of runs that holds
one with status 500, as does the list of DAGs in the user interface of 3.3, and not even clearing
gives it a state again (all observed). Airflow's own "clear" makes a run `queued`, and the scheduler
starts queued runs of unpaused DAGs only.

Runs of a backfill end as failed even then, because the backfill that would have driven them ends:
in Airflow 2 they would stay queued for good, and count as active runs of their DAG.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import sql

from airflow_snapshot.airflow_facts import FINAL_RUN_STATES, FINAL_TASK_STATES
from airflow_snapshot.airflow_tables import Tables, current_tries
from airflow_snapshot.database import Connection
from airflow_snapshot.report import AppliedChange

Unfinished = Literal["failed", "cleared"]


@dataclass(frozen=True)
class Rule:
    """One change to a table; skipped where this Airflow lacks the table or a needed column.

    Attributes:
        sentence: What it does, for the report.
        table: The table it changes.
        where: SQL condition of the rows; columns of other tables are qualified. `{current_try}`
            is the condition that a task instance is no earlier try.
        values: SQL of the new value by column, of which those that this Airflow lacks are left out;
            None deletes the rows.
        needs: Columns (``table.column``) that the rule needs.
    """

    sentence: str
    table: str
    where: str = "true"
    values: Mapping[str, str] | None = None
    needs: tuple[str, ...] = ()


# When the snapshot was taken, the last that is known of the old environment: unfinished work ends
# then.
_TAKEN_AT = "%(taken_at)s"

_RUNS_END = str(FINAL_RUN_STATES)
_TASKS_END = str(FINAL_TASK_STATES)

_OPEN_RUN = f"(dag_run.state is null or dag_run.state not in {_RUNS_END})"
# A task instance that is not yet scheduled has no state.
_OPEN_TASK = (
    "({current_try}"
    f" and (task_instance.state is null or task_instance.state not in {_TASKS_END}))"
)
_BEGUN_TASK = f"({{current_try}} and task_instance.state not in {_TASKS_END})"
_UNSTARTED_TASK = "({current_try} and task_instance.state is null)"

_BACKFILL_RUN = "dag_run.run_type = 'backfill'"
_ITS_RUN = "dag_run.dag_id = task_instance.dag_id and dag_run.run_id = task_instance.run_id"
_IN_OPEN_RUN = f"exists (select from dag_run where {_ITS_RUN} and {_OPEN_RUN})"
_OF_BACKFILL = f"exists (select from dag_run where {_ITS_RUN} and {_BACKFILL_RUN})"

# By these the scheduler, an executor or the triggerer would resume a task instance.
_UNTIED = {
    "trigger_timeout": "null",
    "next_method": "null",
    "next_kwargs": "null",
    "external_executor_id": "null",
    "queued_by_job_id": "null",
    "pid": "null",
    "last_heartbeat_at": "null",
    # Incremental reads go by it.
    "updated_at": "now()",
}
_SPAN_ENDED = {
    "span_status": "case when span_status = 'not_started' then span_status else 'ended' end"
}

_STARTED = f"coalesce(start_date, {_TAKEN_AT})"
# A try that waits for a retry ended when it failed.
_TRY_ENDED = (
    f"case when state = 'up_for_retry' then coalesce(end_date, {_TAKEN_AT})"
    f" else greatest(start_date, {_TAKEN_AT}) end"
)

_PAUSE = Rule(
    "paused every DAG",
    "dag",
    "not is_paused",
    # A check of Airflow 3.4 lets no DAG be both.
    {"is_paused": "true", "is_draining": "false"},
)

_RESCHEDULES = (
    # A sensor counts its timeout from the first of them.
    Rule(
        "dropped the waits of rescheduled task instances that are not finished",
        "task_reschedule",
        f"exists (select from task_instance where task_instance.id = ti_id and {_OPEN_TASK})",
        needs=("task_reschedule.ti_id",),
    ),
    Rule(
        "dropped the waits of rescheduled task instances that are not finished",
        "task_reschedule",
        "exists (select from task_instance where task_instance.dag_id = task_reschedule.dag_id"
        " and task_instance.task_id = task_reschedule.task_id"
        " and task_instance.run_id = task_reschedule.run_id"
        f" and task_instance.map_index = task_reschedule.map_index and {_OPEN_TASK})",
        needs=("task_reschedule.run_id",),
    ),
)


def _failing(tasks: str, runs: str, whose: str) -> tuple[Rule, ...]:
    """End task instances and runs as Airflow does when a user marks a run as failed.

    Args:
        tasks: Condition of the task instances.
        runs: Condition of the runs.
        whose: What they belong to, for the report.
    """
    return (
        Rule(
            f"ended as failed what was running or waiting{whose}",
            "task_instance",
            f"{_BEGUN_TASK} and {tasks}",
            {
                "state": "'failed'",
                "start_date": _STARTED,
                "end_date": _TRY_ENDED,
                "duration": f"extract(epoch from ({_TRY_ENDED}) - {_STARTED})",
                **_UNTIED,
                **_SPAN_ENDED,
            },
        ),
        Rule(
            f"skipped what had not begun{whose}",
            "task_instance",
            f"{_UNSTARTED_TASK} and {_IN_OPEN_RUN} and {tasks}",
            {"state": "'skipped'", **_UNTIED},
        ),
        Rule(
            f"ended as failed the unfinished runs{whose}",
            "dag_run",
            f"{_OPEN_RUN} and {runs}",
            {
                "state": "'failed'",
                "end_date": f"greatest(start_date, {_TAKEN_AT})",
                "updated_at": "now()",
                **_SPAN_ENDED,
            },
        ),
    )


_CLEARING = (
    Rule(
        "cleared what was running or waiting",
        "task_instance",
        _BEGUN_TASK,
        {
            "state": "null",
            "start_date": "null",
            "end_date": "null",
            "duration": "null",
            "queued_dttm": "null",
            "scheduled_dttm": "null",
            "retry_delay_override": "null",
            "retry_reason": "null",
            "span_status": "'not_started'",
            **_UNTIED,
        },
    ),
    Rule(
        "put the unfinished runs back to queued",
        "dag_run",
        f"{_OPEN_RUN} and (dag_run.state is distinct from 'queued'"
        " or dag_run.start_date is not null or dag_run.last_scheduling_decision is not null)",
        {
            "state": "'queued'",
            "queued_at": f"coalesce(queued_at, {_TAKEN_AT})",
            "start_date": "null",
            "end_date": "null",
            "last_scheduling_decision": "null",
            # Airflow 3.0 and 3.1 resume an active span of that job.
            "scheduled_by_job_id": "null",
            "span_status": "'not_started'",
            "updated_at": "now()",
        },
    ),
)

_UNFINISHED: dict[Unfinished, tuple[Rule, ...]] = {
    "failed": _failing("true", "true", ""),
    "cleared": (*_failing(_OF_BACKFILL, _BACKFILL_RUN, " of backfills"), *_CLEARING),
}

_REST = (
    Rule(
        "ended the unfinished backfills",
        "backfill",
        "completed_at is null",
        {"completed_at": _TAKEN_AT, "updated_at": "now()"},
    ),
    Rule(
        "ended jobs that still said they were running",
        "job",
        "state is null or state not in ('success', 'failed') or end_date is null",
        {
            "state": "case when state = 'success' then state else 'failed' end",
            "end_date": f"coalesce(end_date, latest_heartbeat, {_TAKEN_AT})",
        },
    ),
    # Finished ones too: deleting a trigger deletes the task instances that still name it.
    Rule(
        "untied task instances from their triggers",
        "task_instance",
        "{current_try} and trigger_id is not null",
        {"trigger_id": "null"},
    ),
    Rule("untied assets from their triggers", "asset_trigger"),
    Rule("untied assets from their watchers' triggers", "asset_watcher"),
    # Once past, they would call back at once.
    Rule("dropped deadlines to come", "deadline", needs=("deadline.deadline",)),
    Rule(
        "dropped deadlines to come",
        "deadline",
        "callback_state is null",
        needs=("deadline.callback_state",),
    ),
    Rule(
        "gave up the callbacks of missed deadlines",
        "deadline",
        "callback_state not in ('success', 'failed') or trigger_id is not null",
        {
            "callback_state": (
                "case when callback_state = 'success' then callback_state else 'failed' end"
            ),
            "trigger_id": "null",
        },
        needs=("deadline.callback_state", "deadline.trigger_id"),
    ),
    Rule("dropped deadlines to come", "deadline", "not missed", needs=("deadline.missed",)),
    Rule(
        "dropped callbacks that had not run",
        "callback",
        "(state is null or state not in ('success', 'failed'))"
        " and not exists (select from deadline where deadline.callback_id = callback.id)",
        needs=("deadline.callback_id",),
    ),
    Rule(
        "gave up the callbacks of missed deadlines",
        "callback",
        "state is null or state not in ('success', 'failed') or trigger_id is not null",
        {
            "state": "case when state = 'success' then state else 'failed' end",
            "trigger_id": "null",
        },
    ),
    Rule("dropped callbacks that had not run", "callback_request"),
    Rule("dropped every trigger", "trigger"),
    Rule("dropped events that waited for a run", "dataset_dag_run_queue"),
    Rule("dropped events that waited for a run", "asset_dag_run_queue"),
    # The scheduler makes these runs of paused DAGs too.
    Rule(
        "dropped events of partitions that waited for a run",
        "partitioned_asset_key_log",
        "exists (select from asset_partition_dag_run"
        " where asset_partition_dag_run.id = asset_partition_dag_run_id"
        " and created_dag_run_id is null)",
    ),
    Rule(
        "dropped partitions that waited for a run",
        "asset_partition_dag_run",
        "created_dag_run_id is null",
    ),
    Rule(
        "settled SLA misses that nobody was told of",
        "sla_miss",
        "notification_sent is not true",
        {"notification_sent": "true"},
    ),
    # It names jobs in other systems, which a cleared task would resume.
    Rule("dropped what tasks had noted for their next try", "task_state_store"),
    # It holds a whole connection, and overwrites the one of its name if the test succeeds.
    Rule("dropped requests to test a connection", "connection_test_request"),
    Rule("dropped requests to parse a DAG file", "dag_priority_parsing_request"),
    Rule("ended the sessions of users", "session"),
    # Of the edge provider, whose workers poll this queue.
    Rule(
        "dropped jobs of edge workers",
        "edge_job",
        f"state is null or state not in {_TASKS_END}",
    ),
)


def rules(unfinished: Unfinished) -> tuple[Rule, ...]:
    """Return the rules, in the order in which they have to be applied."""
    return (_PAUSE, *_RESCHEDULES, *_UNFINISHED[unfinished], *_REST)


def quiesce(
    connection: Connection, tables: Tables, unfinished: Unfinished, taken_at: datetime
) -> Iterator[AppliedChange]:
    """Apply the rules that fit this Airflow's tables.

    Args:
        connection: In a transaction, with the schema of these tables as its only search path.
        tables: The tables of this Airflow.
        unfinished: What becomes of task instances and runs that are not finished.
        taken_at: When the snapshot was taken.
    """
    for rule in rules(unfinished):
        if _applies(rule, tables):
            cursor = connection.execute(_statement(rule, tables), {"taken_at": taken_at})
            yield AppliedChange(rule.sentence, rule.table, cursor.rowcount)


def _applies(rule: Rule, tables: Tables) -> bool:
    if rule.table not in tables:
        return False
    needed = (name.split(".") for name in rule.needs)
    return all(column in tables.get(table, {}) for table, column in needed)


def _statement(rule: Rule, tables: Tables) -> sql.Composed:
    table = sql.Identifier(rule.table)
    where = sql.SQL(rule.where).format(current_try=current_tries(tables))
    if rule.values is None:
        return sql.SQL("delete from {} where {}").format(table, where)
    values = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(value))
        for column, value in rule.values.items()
        if column in tables[rule.table]
    )
    return sql.SQL("update {} set {} where {}").format(table, values, where)
