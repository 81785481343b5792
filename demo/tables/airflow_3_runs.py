"""Runs and task instances in the tables of Airflow 3.3."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID

from demo.company import Company
from demo.present import dice
from demo.simulation.records import Attempt, History, Instance, Run
from demo.tables.components import (
    FIRST_JOB_NUMBER,
    Job,
    component_jobs,
    job_row,
    scheduler_at,
)
from demo.tables.copying import Connection, Row, copy_rows, time_ordered_uuid
from demo.tables.dag_versions import Versions
from demo.tables.shared_columns import instance_columns, look_numbers, run_columns

UPGRADED = datetime(2026, 10, 2, 3, 10, tzinfo=timezone.utc)
"""When `airflow db migrate` brought the environment to its present version."""

RUN_TYPES = {"dataset": "asset_triggered", "operator": "operator_triggered"}


@dataclass
class Airflow3Runs:
    """What other tables need to know of the runs' rows.

    Attributes:
        components: The jobs of schedulers and the like.
        backfills: Number of each backfill, by its identity in memory.
    """

    components: list[Job]
    backfills: dict[int, int] = field(default_factory=dict)


def write_runs(
    connection: Connection, company: Company, history: History, versions: Versions
) -> Airflow3Runs:
    """Fill dag_run, task_instance, backfill and what hangs on them.

    Args:
        connection: To the migrated database.
        company: Whose runs.
        history: What happened.
        versions: The versions of the DAGs.
    """
    runs = Airflow3Runs(component_jobs(company, history.until))
    for number, job in enumerate(runs.components, FIRST_JOB_NUMBER):
        job.number = number
    runs.backfills = {id(each): number for number, each in enumerate(history.backfills, 14)}
    instances = [each for run in history.runs for each in run.all_instances()]
    copy_rows(connection, "job", map(job_row, runs.components))
    copy_rows(connection, "backfill", _backfills(history, runs))
    copy_rows(
        connection,
        "dag_run",
        (_run_row(run, runs, versions, history.until) for run in history.runs),
    )
    copy_rows(connection, "backfill_dag_run", _backfill_runs(history, runs))
    copy_rows(
        connection,
        "task_instance",
        (
            {"id": instance_id(each, each.attempt)}
            | _instance_row(each, each.attempt, runs, versions)
            | {"last_heartbeat_at": _heartbeat(each.attempt, history.until)}
            for each in instances
        ),
    )
    copy_rows(
        connection,
        "task_instance_history",
        (
            {"task_instance_id": instance_id(each, attempt)}
            | _instance_row(each, attempt, runs, versions)
            for each in instances
            for attempt in each.superseded
        ),
    )
    copy_rows(connection, "task_reschedule", _reschedules(history, instances))
    copy_rows(connection, "hitl_detail_history", _approvals(instances, is_history=True))
    copy_rows(connection, "hitl_detail", _approvals(instances, is_history=False))
    return runs


def instance_id(instance: Instance, attempt: Attempt) -> UUID:
    """The identity of a task instance during one try; the next try has another."""
    run = instance.run
    names = (run.dag_id, run.run_id, instance.task.task_id, instance.map_index)
    is_renewed = bool(instance.superseded) and attempt is not instance.superseded[0]
    return time_ordered_uuid(attempt.born_at, *names, is_renewed and attempt.born_at)


def trace(run: Run) -> Row:
    """The tracing context that a run hands to its task instances, in Airflow's own JSON.

    It was empty before the upgrade to 3.3.
    """
    if run.created_at < UPGRADED:
        return {"__var": {}, "__type": "dict"}
    chance = dice(run.dag_id, run.run_id, run.clear_number, "trace")
    parent = f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-00"
    return {"__var": {"traceparent": parent}, "__type": "dict"}


def _run_row(run: Run, runs: Airflow3Runs, versions: Versions, until: datetime) -> Row:
    version = versions.at(run.dag_id, run.created_at)
    return run_columns(run, runs.components, until) | {
        "logical_date": run.logical_date,
        "run_type": RUN_TYPES.get(run.kind, run.kind),
        "triggered_by": run.source,
        "triggering_user_name": run.user,
        "conf": run.conf,
        "run_after": run.run_after,
        "log_template_id": 2,
        "created_at": run.created_at,
        "backfill_id": run.backfill and runs.backfills[id(run.backfill)],
        "bundle_version": version.bundle_version,
        "scheduled_by_job_id": (
            scheduler_at(runs.components, run.started_at, run.run_id) if run.started_at else None
        ),
        "context_carrier": trace(run),
        "span_status": "not_started",
        "created_dag_version_id": version.id,
        "partition_key": None,
        "partition_date": None,
    }


def _instance_row(
    instance: Instance, attempt: Attempt, runs: Airflow3Runs, versions: Versions
) -> Row:
    task, run = instance.task, instance.run
    is_waiting = attempt.state in ("deferred", "awaiting_input")
    return instance_columns(instance, attempt, runs.components) | {
        "custom_operator_name": task.shown_operator,
        "scheduled_dttm": attempt.scheduled_at,
        "context_carrier": trace(run),
        "span_status": "not_started",
        "trigger_id": None,
        "next_method": "execute_complete" if is_waiting else None,
        "next_kwargs": {"token": "CANARY-task_instance.next_kwargs"} if is_waiting else None,
        "task_display_name": task.task_id,
        "dag_version_id": versions.at(run.dag_id, run.created_at).id,
    }


def _heartbeat(attempt: Attempt, until: datetime) -> datetime | None:
    """Last sign of life of a try: its own, or seconds ago where it runs."""
    if attempt.heartbeat_at:
        return attempt.heartbeat_at
    if attempt.state == "running":
        return until - timedelta(seconds=dice(attempt.started_at).random() * 4)
    return attempt.changed_at if attempt.started_at and attempt.pid else None


def _backfills(history: History, runs: Airflow3Runs) -> list[Row]:
    return [
        {
            "id": runs.backfills[id(each)],
            "dag_id": each.dag_id,
            "from_date": each.begins,
            "to_date": each.ends,
            "dag_run_conf": {"requested_for": "CANARY-backfill.dag_run_conf"},
            "is_paused": False,
            "reprocess_behavior": "none",
            "max_active_runs": each.max_active_runs,
            "created_at": each.asked_at,
            "completed_at": each.completed_at,
            "updated_at": each.completed_at or each.asked_at,
            "triggering_user_name": each.user,
        }
        for each in history.backfills
    ]


def _backfill_runs(history: History, runs: Airflow3Runs) -> list[Row]:
    rows: list[Row] = []
    for backfill in history.backfills:
        made = [(run.logical_date, run.number) for run in backfill.runs]
        refused = [(logical_date, None) for logical_date in backfill.refused]
        dates = sorted([*made, *refused], key=lambda each: each[0] or history.until)
        rows += [
            {
                "id": 211 + len(rows) + place,
                "backfill_id": runs.backfills[id(backfill)],
                "dag_run_id": number,
                "exception_reason": None if number else "already exists",
                "logical_date": logical_date,
                "partition_key": None,
                "sort_ordinal": place,
            }
            for place, (logical_date, number) in enumerate(dates, 1)
        ]
    return rows


def _reschedules(history: History, instances: list[Instance]) -> list[Row]:
    numbers = look_numbers(history, 2_411)
    return [
        {
            "id": numbers[id(each), begins],
            "ti_id": instance_id(each, each.attempt),
            # The row is stamped when the request arrives, which is after the sensor has ended.
            "start_date": ends + timedelta(milliseconds=6),
            "end_date": ends,
            "duration": 0,
            "reschedule_date": again,
        }
        for each in instances
        for begins, ends, again in each.reschedules
    ]


def _approvals(instances: list[Instance], *, is_history: bool) -> list[Row]:
    rows = []
    for each in instances:
        tries = each.superseded if is_history else [each.attempt]
        for attempt in tries:
            approval = each.approvals.get(attempt.try_number)
            if approval is None:
                continue
            people = [{"id": name, "name": name} for name in approval.approvers]
            answered = approval.answered_by and {
                "id": approval.answered_by,
                "name": approval.answered_by,
            }
            rows.append(
                {
                    "ti_history_id" if is_history else "ti_id": instance_id(each, attempt),
                    "options": ["Approve", "Reject"],
                    "subject": f"Publish {each.run.dag_id}?",
                    "body": "Please look at the draft. CANARY-hitl_detail.body",
                    "defaults": None,
                    "multiple": False,
                    "params": {"link": {"value": "CANARY-hitl_detail.params"}},
                    "assignees": people,
                    "created_at": approval.asked_at - timedelta(milliseconds=60),
                    "responded_at": approval.answered_at,
                    "responded_by": answered,
                    "chosen_options": [approval.option] if approval.option else None,
                    "params_input": {"remark": "CANARY-hitl_detail.params_input"},
                }
            )
    return rows
