"""Runs and task instances in the tables of Airflow 2.11."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from demo.company import Company
from demo.present import dice
from demo.simulation.records import Attempt, Backfill, History, Instance, Launch, Run
from demo.tables.components import FIRST_JOB_NUMBER, Job, component_jobs, job_row
from demo.tables.copying import Connection, Row, copy_rows
from demo.tables.shared_columns import instance_columns, instance_key, look_numbers, run_columns

JOBS_KEPT = timedelta(days=24)
"""The DAG metadata_cleanup removes older jobs."""

DEFERRED_ARGUMENTS = {"__var": {"token": "CANARY-task_instance.next_kwargs"}, "__type": "dict"}
RUN_TYPES = {"dataset": "dataset_triggered", "operator": "manual"}


class Airflow2Jobs:
    """Numbers of all jobs: those of the components, the backfills and every launch of a task.

    Args:
        company: Whose components.
        history: Whose launches.
    """

    def __init__(self, company: Company, history: History) -> None:
        self.components = component_jobs(company, history.until)
        self.started: list[Job] = []
        self._by_attempt: dict[int, int] = {}
        self.by_backfill: dict[int, int] = {}
        starts: list[tuple[datetime, Any]] = [
            *((job.started_at, job) for job in self.components),
            *(
                (launch.started_at - timedelta(milliseconds=70), launch)
                for launch in history.launches
            ),
            *((backfill.asked_at, backfill) for backfill in history.backfills),
        ]
        for number, (at, what) in enumerate(
            sorted(starts, key=lambda start: start[0]), FIRST_JOB_NUMBER
        ):
            if isinstance(what, Job):
                what.number = number
                self.started.append(what)
            elif isinstance(what, Launch):
                self._by_attempt[id(what.attempt)] = number
                self.started.append(_launch_job(number, at, what, history.until))
            else:
                self.by_backfill[id(what)] = number
                self.started.append(_backfill_job(number, what))

    def of_attempt(self, attempt: Attempt) -> int | None:
        """Number of the newest job that ran a try."""
        return self._by_attempt.get(id(attempt))


def write_runs(
    connection: Connection, company: Company, history: History, hashes: dict[str, str]
) -> Airflow2Jobs:
    """Fill dag_run, task_instance and what hangs on them.

    Args:
        connection: To the migrated database.
        company: Whose runs.
        history: What happened.
        hashes: Hash of the serialized DAG per DAG.

    Returns:
        The numbers of the jobs.
    """
    jobs = Airflow2Jobs(company, history)
    instances = [each for run in history.runs for each in run.all_instances()]
    # A trigger is gone with what waited for it; no later one has its number.
    triggers = {
        id(each): jobs.of_attempt(each.attempt) for each in instances if each.state == "deferred"
    }
    copy_rows(connection, "job", map(job_row, _kept(jobs.started, history.until)))
    triggerer = next(
        job.number
        for job in jobs.components
        if job.kind == "TriggererJob" and job.state == "running"
    )
    copy_rows(
        connection,
        "trigger",
        (
            _trigger_row(triggers[id(each)], each, triggerer)
            for each in instances
            if id(each) in triggers
        ),
    )
    copy_rows(
        connection, "dag_run", (_run_row(run, jobs, hashes, history.until) for run in history.runs)
    )
    copy_rows(
        connection,
        "task_instance",
        (_instance_row(each, each.attempt, jobs, triggers) for each in instances),
    )
    superseded = sorted(
        (
            (following.born_at, attempt, each)
            for each in instances
            for attempt, following in pairwise([*each.superseded, each.attempt])
        ),
        key=lambda replaced: replaced[0],
    )
    copy_rows(
        connection,
        "task_instance_history",
        (
            {"id": number} | _instance_row(each, attempt, jobs, {})
            for number, (_, attempt, each) in enumerate(superseded, 12_006)
        ),
    )
    copy_rows(connection, "task_fail", _failures(history))
    copy_rows(connection, "task_reschedule", _reschedules(history, instances))
    return jobs


def _run_row(run: Run, jobs: Airflow2Jobs, hashes: dict[str, str], until: datetime) -> Row:
    row = run_columns(run, jobs.components, until) | {
        "execution_date": run.logical_date,
        "external_trigger": run.kind in ("manual", "operator"),
        "run_type": RUN_TYPES.get(run.kind, run.kind),
        "conf": pickle.dumps(run.conf, protocol=5),
        "dag_hash": hashes.get(run.dag_id),
        "log_template_id": 1,
    }
    if run.backfill:
        job = jobs.by_backfill[id(run.backfill)]
        row |= {"queued_at": None, "creating_job_id": job, "dag_hash": None}
    return row


def _instance_row(
    instance: Instance, attempt: Attempt, jobs: Airflow2Jobs, triggers: dict[int, int | None]
) -> Row:
    task, run = instance.task, instance.run
    is_mapped = instance.map_index > 0
    is_deferred = attempt.state == "deferred"
    shown = task.shown_operator if task.shown_operator != task.operator else None
    row = instance_columns(instance, attempt, jobs.components) | {
        "job_id": jobs.of_attempt(attempt),
        "custom_operator_name": None if is_mapped else shown,
        "trigger_id": triggers.get(id(instance)),
        "next_method": "execute_complete" if is_deferred else None,
        "next_kwargs": DEFERRED_ARGUMENTS if is_deferred else None,
        "task_display_name": None if is_mapped else task.task_id,
    }
    if run.backfill and attempt.queued_at:
        row["queued_by_job_id"] = jobs.by_backfill[id(run.backfill)]
    return row


def _trigger_row(number: int | None, instance: Instance, triggerer: int) -> Row:
    return {
        "id": number,
        "classpath": "company_operators.CommandTrigger",
        "kwargs": "gAAAAAB-CANARY-trigger.kwargs",
        "created_date": instance.attempt.changed_at,
        "triggerer_id": triggerer,
    }


def _kept(jobs: list[Job], until: datetime) -> list[Job]:
    cleaned_before = until.replace(hour=0, minute=30) - JOBS_KEPT
    return [job for job in jobs if job.heartbeat_at >= cleaned_before]


def _backfill_job(number: int, backfill: Backfill) -> Job:
    assert backfill.completed_at
    ended = backfill.completed_at + timedelta(seconds=1.1)
    host = "airflow-scheduler-0"
    return Job(number, "BackfillJob", host, backfill.asked_at, ended, "success", ended)


def _launch_job(number: int, at: datetime, launch: Launch, until: datetime) -> Job:
    """The LocalTaskJob of a launch; it ends as success even where its task failed."""
    dag_id = launch.instance.run.dag_id
    job = Job(number, "LocalTaskJob", launch.hostname, at, until, dag_id=dag_id)
    if launch.crashed:
        assert launch.attempt.heartbeat_at
        job.heartbeat_at = launch.attempt.heartbeat_at
        return job
    if launch.ended_at:
        job.state, job.ended_at = "success", launch.ended_at + timedelta(milliseconds=104)
    last = job.ended_at or until
    job.heartbeat_at = max(at, last - timedelta(seconds=dice(number, at).random() * 5))
    return job


def _failures(history: History) -> list[Row]:
    """A row of task_fail for every try that failed while it ran, whatever became of it since."""
    failed = sorted(
        (
            (launch.attempt.started_at or launch.started_at, launch.ended_at, launch.instance)
            for launch in history.launches
            if launch.outcome == "failed" and launch.ended_at
        ),
        key=lambda failure: failure[1],
    )
    kept = {id(run) for run in history.runs}
    return [
        {
            "id": number,
            **instance_key(instance),
            "start_date": started,
            "end_date": ended,
            "duration": int((ended - started).total_seconds()),
        }
        for number, (started, ended, instance) in enumerate(failed, 15_310)
        if id(instance.run) in kept
    ]


def _reschedules(history: History, instances: list[Instance]) -> list[Row]:
    numbers = look_numbers(history, 7_411)
    return [
        {
            "id": numbers[id(each), begins],
            **instance_key(each),
            "try_number": each.attempt.try_number,
            "start_date": begins,
            "end_date": ends,
            "duration": int((ends - begins).total_seconds()),
            "reschedule_date": again,
        }
        for each in instances
        for begins, ends, again in each.reschedules
    ]
