"""Schedulers, triggerers and DAG processors: their jobs, from one release to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.company import Company
from demo.present import DAYS_OF_HISTORY, SINCE, dice
from demo.simulation.simulate import outages
from demo.tables.copying import Row

RELEASE_WEEKDAY = 1
"""Every Tuesday all components are started again with the new release."""

RELEASE_HOUR = 9
FIRST_JOB_NUMBER = 901_355


@dataclass
class Job:
    """A process that has a row in job: one of a component, or one that ran a task or a backfill.

    Attributes:
        state: `running`, `success` after an orderly end, `failed` when others found it dead.
        heartbeat_at: Its last sign of life.
        dag_id: Whose task it ran.
    """

    number: int
    kind: str
    hostname: str
    started_at: datetime
    heartbeat_at: datetime
    state: str = "running"
    ended_at: datetime | None = None
    dag_id: str | None = None


def components(company: Company) -> list[tuple[str, str]]:
    """Job type and host name of every component of an environment."""
    if company.environment.is_airflow_3:
        host = company.environment.workers[0]
        return [("SchedulerJob", host), ("TriggererJob", host), ("DagProcessorJob", host)]
    return [
        ("SchedulerJob", "airflow-scheduler-0"),
        ("SchedulerJob", "airflow-scheduler-1"),
        ("TriggererJob", "airflow-triggerer-0"),
        ("DagProcessorJob", "airflow-dag-processor-0"),
    ]


def component_jobs(company: Company, until: datetime) -> list[Job]:
    """The jobs of all components in the order of their start, without numbers yet.

    Args:
        company: Whose components.
        until: The moment at which their rows are as they are.
    """
    releases = [
        day.replace(hour=RELEASE_HOUR)
        for day in (SINCE + timedelta(days=n) for n in range(-7, DAYS_OF_HISTORY + 1))
        if day.weekday() == RELEASE_WEEKDAY and day.replace(hour=RELEASE_HOUR) < until
    ]
    jobs = []
    for kind, host in components(company):
        crashes = [each for each in outages(company) if kind == "SchedulerJob" and each[1] < until]
        starts = sorted([*releases, *(ends for _, ends in crashes)])
        for begins, stops in zip(starts, [*starts[1:], None], strict=True):
            chance = dice(company.environment.slug, host, kind, begins)
            # At the end of an outage the scheduler looks as soon as it has started.
            waits = -chance.uniform(3, 9) if begins not in releases else chance.uniform(8, 40)
            job = Job(0, kind, host, begins + timedelta(seconds=waits), until)
            crash = next((at for at, ends in crashes if ends == stops), None)
            if crash:
                job.state, job.heartbeat_at = (
                    "failed",
                    crash - timedelta(seconds=chance.random() * 5),
                )
            elif stops:
                job.state, job.ended_at = "success", stops - timedelta(seconds=chance.uniform(1, 4))
                job.heartbeat_at = job.ended_at - timedelta(seconds=chance.random() * 5)
            else:
                job.heartbeat_at = until - timedelta(seconds=chance.random() * 4.5)
            jobs.append(job)
    return sorted(jobs, key=lambda job: job.started_at)


def job_row(job: Job) -> Row:
    """Return the row of job, which both versions of Airflow fill alike."""
    return {
        "id": job.number,
        "dag_id": job.dag_id,
        "state": job.state,
        "job_type": job.kind,
        "start_date": job.started_at,
        "end_date": job.ended_at,
        "latest_heartbeat": job.heartbeat_at,
        "executor_class": None,
        "hostname": job.hostname,
        "unixname": "airflow",
    }


def scheduler_at(jobs: list[Job], moment: datetime, *names: object) -> int:
    """Number of the scheduler that acted at a moment; of two, always the same for one subject."""
    running = [
        job.number
        for job in jobs
        if job.kind == "SchedulerJob"
        and job.started_at <= moment + timedelta(minutes=1)
        and (job.ended_at is None or moment <= job.ended_at)
        and (job.state != "failed" or moment <= job.heartbeat_at + timedelta(minutes=1))
    ]
    if not running:
        # Between the end of one release and the start of the next.
        before = [j.number for j in jobs if j.kind == "SchedulerJob" and j.started_at <= moment]
        # A run that is older than the history was made by a job of which nothing is left.
        return before[-1] if before else FIRST_JOB_NUMBER - 1
    return dice(moment, *names).choice(running)
