"""Columns of runs and task instances that Airflow 2 and 3 fill alike.

Airflow stamps `updated_at` some milliseconds after the change itself. Here both are the same, so
that the bundled file stays small.
"""

from __future__ import annotations

import pickle
from datetime import datetime

from demo.simulation.records import Attempt, History, Instance, Run
from demo.tables.components import Job, scheduler_at
from demo.tables.copying import Row


def run_columns(run: Run, components: list[Job], until: datetime) -> Row:
    """Return the columns of dag_run, as they are at a moment."""
    creator = None
    if run.kind in ("scheduled", "dataset"):
        creator = scheduler_at(components, run.created_at, run.run_id)
    return {
        "id": run.number,
        "dag_id": run.dag_id,
        "queued_at": run.queued_at,
        "start_date": run.started_at,
        "end_date": run.ended_at,
        "state": "queued" if run.started_at is None and run.state == "running" else run.state,
        "run_id": run.run_id,
        "creating_job_id": creator,
        "data_interval_start": run.interval_start,
        "data_interval_end": run.interval_end,
        "last_scheduling_decision": run.ended_at or (until if run.started_at else None),
        "updated_at": run.ended_at or run.started_at or run.queued_at or run.created_at,
        "clear_number": run.clear_number,
    }


def look_numbers(history: History, first: int) -> dict[tuple[int, datetime], int]:
    """Number of every look of a sensor, by the instance's identity in memory and the look's start.

    Looks that Airflow has deleted since, because the task was cleared, keep theirs.
    """
    looks = [each for each in history.launches if each.outcome == "up_for_reschedule"]
    return {(id(each.instance), each.started_at): n for n, each in enumerate(looks, first)}


def instance_key(instance: Instance) -> Row:
    """Return the columns that name a task instance, also in tables that hang on it."""
    return {
        "dag_id": instance.run.dag_id,
        "task_id": instance.task.task_id,
        "run_id": instance.run.run_id,
        "map_index": instance.map_index,
    }


def instance_columns(instance: Instance, attempt: Attempt, components: list[Job]) -> Row:
    """Return the columns of task_instance and task_instance_history, as they were in one try."""
    task, run = instance.task, instance.run
    duration = None
    if attempt.started_at and attempt.ended_at:
        duration = (attempt.ended_at - attempt.started_at).total_seconds()
    scheduler = attempt.queued_at and scheduler_at(components, attempt.queued_at, run.run_id)
    return instance_key(instance) | {
        "start_date": attempt.started_at,
        "end_date": attempt.ended_at,
        "duration": duration,
        "state": attempt.state,
        "try_number": attempt.try_number,
        "max_tries": attempt.max_tries,
        "hostname": attempt.hostname,
        "unixname": "airflow",
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "queue": task.queue,
        "priority_weight": task.priority_weight,
        "operator": task.operator,
        "queued_dttm": attempt.queued_at,
        "queued_by_job_id": scheduler,
        "pid": attempt.pid,
        "executor": None,
        "executor_config": _executor_config(task.operator),
        "updated_at": attempt.changed_at,
        "rendered_map_index": None,
        "external_executor_id": None,
        "trigger_timeout": None,
    }


def _executor_config(operator: str) -> bytes:
    """The pickled `executor_config` of a task; that of training tasks holds a secret."""
    environment = {"MODEL_HUB_TOKEN": "CANARY-task_instance.executor_config"}
    config = {"env": environment} if operator == "TrainModelOperator" else {}
    return pickle.dumps(config, protocol=5)
