"""The table `log`: what tasks report of themselves, what people did, what was typed on servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from demo.company import Company
from demo.company import moment as as_moment
from demo.simulation.records import History, Launch
from demo.tables import actions_2, actions_3
from demo.tables.components import Job
from demo.tables.copying import Connection, copy_rows
from demo.tables.log_rows import LogRow, typed

FIRST_NUMBER = 2_418_330
TASK_ROWS_KEPT = {"production": timedelta(days=10), "analytics": timedelta(days=21)}
"""How long each environment keeps the rows that tasks write; those of people stay."""

HEARTBEAT_TIMEOUT = (
    "Task did not emit heartbeat within time limit (300 seconds) and will be terminated. See "
    "https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/tasks.html#zombie-undead-tasks"
)
COMPONENT_COMMANDS = {
    "SchedulerJob": "scheduler",
    "TriggererJob": "triggerer",
    "DagProcessorJob": "dag-processor",
}
CLEAN_UPS = {"clean_jobs": "job", "clean_xcom": "xcom"}
"""Tasks of the DAG metadata_cleanup that run `airflow db clean`, and the table that they clean."""


def write_log(connection: Connection, company: Company, history: History, jobs: list[Job]) -> None:
    """Fill `log` with everything that happened, in the order of time.

    Rows that have been removed since keep their numbers, so that the gaps tell of them.

    Args:
        connection: To a database whose `log` holds what the making of it left there.
        company: Whose log.
        history: What happened.
        jobs: The jobs of the components, which tell when they were started.
    """
    connection.execute("truncate log")
    is_3 = company.environment.is_airflow_3
    action_row = actions_3.action_row if is_3 else actions_2.action_row
    launches = _launches_of_3 if is_3 else _launches_of_2
    rows = [
        *(row for launch in history.launches for row in launches(launch)),
        *(action_row(action, company) for action in history.actions),
        *_typed_commands(company),
        *_component_starts(jobs),
        *_clean_ups(history),
    ]
    rows = sorted((row for row in rows if row.at <= history.until), key=lambda row: row.at)
    trimmed_before = (
        history.until.replace(hour=0, minute=30) - TASK_ROWS_KEPT[company.environment.slug]
    )
    copy_rows(
        connection,
        "log",
        (
            row.columns(number, is_airflow_3=is_3)
            for number, row in enumerate(rows, FIRST_NUMBER)
            if not row.by_task or row.at >= trimmed_before
        ),
    )


def _of_launch(
    launch: Launch, at: datetime, event: str, owner: str, try_number: int, extra: str | None
) -> LogRow:
    """A row that a task, or the scheduler on its behalf, writes."""
    run = launch.instance.run
    return LogRow(
        at,
        event,
        owner,
        dag_id=run.dag_id,
        task_id=launch.instance.task.task_id,
        map_index=launch.instance.map_index,
        run_id=run.run_id,
        logical_date=run.logical_date,
        try_number=try_number,
        extra=extra,
        by_task=event != "heartbeat timeout",
    )


def _launches_of_2(launch: Launch) -> Iterator[LogRow]:
    """Airflow 2 logs both commands that run a task, and what becomes of it.

    The LocalExecutor forks, so that the commands show as the scheduler's own.
    """
    instance, owner = launch.instance, launch.instance.task.owner
    number = launch.number
    for offset in (-1_100, 160):
        yield typed(
            launch.started_at + timedelta(milliseconds=offset),
            "cli_task_run",
            "airflow",
            launch.hostname,
            ["scheduler"],
            dag_id=instance.run.dag_id,
            task_id=instance.task.task_id,
            by_task=True,
        )
    began = launch.started_at + timedelta(milliseconds=33)
    yield _of_launch(launch, began, "running", owner, number, None)
    if launch.ended_at is None:
        return
    if launch.crashed:
        yield _of_launch(
            launch, launch.ended_at, "heartbeat timeout", owner, number, HEARTBEAT_TIMEOUT
        )
    if launch.outcome in ("success", "failed"):
        ended = launch.ended_at + timedelta(milliseconds=1)
        yield _of_launch(launch, ended, launch.outcome, owner, number, None)


def _launches_of_3(launch: Launch) -> Iterator[LogRow]:
    """Airflow 3 logs every change of state, with the host."""
    host = json.dumps({"host_name": launch.hostname})
    owner, number = launch.instance.task.owner, launch.number
    began = launch.started_at + timedelta(milliseconds=33)
    yield _of_launch(launch, began, "running", owner, number, host)
    if launch.ended_at is None or launch.outcome is None:
        return
    if launch.crashed:
        yield _of_launch(
            launch, launch.ended_at, "heartbeat timeout", owner, number, HEARTBEAT_TIMEOUT
        )
    outcome = launch.outcome
    if outcome == "failed" and number <= launch.attempt.max_tries:
        outcome = "up_for_retry"
    ended = launch.ended_at + timedelta(milliseconds=19)
    yield _of_launch(launch, ended, outcome, owner, number, host)


def _typed_commands(company: Company) -> Iterator[LogRow]:
    host = "airflow-analytics-0" if company.environment.is_airflow_3 else "airflow-scheduler-0"
    for entry in company.actions["commands"]:
        words = entry["command"].split()
        yield typed(as_moment(entry["at"]), entry["event"], entry["by"], host, words)


def _component_starts(jobs: list[Job]) -> Iterator[LogRow]:
    for job in jobs:
        command = COMPONENT_COMMANDS[job.kind]
        event = f"cli_{command.replace('-', '_')}"
        at = job.started_at - timedelta(seconds=3.2)
        yield typed(at, event, "airflow", job.hostname, [command])


def _clean_ups(history: History) -> Iterator[LogRow]:
    """What the tasks that clean this very database leave in its log."""
    for launch in history.launches:
        table = CLEAN_UPS.get(launch.instance.task.task_id)
        if launch.instance.run.dag_id == "metadata_cleanup" and table:
            day = (launch.started_at - timedelta(days=24)).date().isoformat()
            words = ["db", "clean", "--tables", table, "--clean-before-timestamp", day, "--yes"]
            at = launch.started_at + timedelta(seconds=4)
            yield typed(at, "cli_cleanup_tables", "airflow", launch.hostname, words)
