"""What happened: runs, task instances and their tries, and what people did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed"})
FAILED = frozenset({"failed", "upstream_failed"})


@dataclass(frozen=True)
class PlannedTask:
    """A task as the real Airflow read it from its file.

    Attributes:
        operator: Class of the operator.
        shown_operator: Its name in the interface, which differs for decorated functions.
        retry_delay: Wait before the next try.
    """

    task_id: str
    operator: str
    shown_operator: str
    owner: str
    pool: str
    pool_slots: int
    queue: str
    priority_weight: int
    retries: int
    retry_delay: timedelta
    upstream: tuple[str, ...]
    downstream: tuple[str, ...]


@dataclass(frozen=True)
class Interval:
    """When a DAG is to run, by the real Airflow's timetable."""

    logical_date: datetime
    start: datetime
    end: datetime
    run_after: datetime


@dataclass(frozen=True)
class PlannedDag:
    """A DAG as the real Airflow read it from its file."""

    dag_id: str
    owners: str
    tasks: dict[str, PlannedTask]
    intervals: tuple[Interval, ...]


@dataclass
class Attempt:
    """One try of a task instance.

    Attributes:
        born_at: When its row, or its new identity after a try that failed, came to be.
        state: As in `task_instance.state`; None before the scheduler has looked at it.
        heartbeat_at: Last sign of life, where it is not that of `ended_at`.
        changed_at: Last change of the row.
    """

    try_number: int
    max_tries: int
    born_at: datetime
    state: str | None = None
    scheduled_at: datetime | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    heartbeat_at: datetime | None = None
    changed_at: datetime | None = None
    hostname: str = ""
    pid: int | None = None
    launches: int = 0


@dataclass
class Launch:
    """One process that ran a try; a try that waits in between has several.

    Attributes:
        outcome: State that the process left the task instance in; None while it runs.
        number, hostname: Number of the try and the machine, which the try itself may lose.
        crashed: Whether it died without a word, so that the scheduler had to notice.
    """

    instance: Instance
    attempt: Attempt
    number: int
    hostname: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    crashed: bool = False


@dataclass
class Approval:
    """A question to a person, and the answer."""

    asked_at: datetime
    approvers: tuple[str, ...]
    answered_at: datetime | None = None
    answered_by: str | None = None
    option: str | None = None


@dataclass
class Instance:
    """One task of one run (and one map index), with all its tries.

    Attributes:
        attempt: The try that the row in `task_instance` shows.
        superseded: Earlier tries, as they were when the next one replaced them.
        reschedules: Start, end and next moment of every look of a sensor, in the present try.
        approvals: One per try that asked a person, the last one being the present try's.
    """

    run: Run
    task: PlannedTask
    map_index: int
    attempt: Attempt
    superseded: list[Attempt] = field(default_factory=list)
    reschedules: list[tuple[datetime, datetime, datetime]] = field(default_factory=list)
    approvals: dict[int, Approval] = field(default_factory=dict)
    note: tuple[str, str, datetime] | None = None

    @property
    def state(self) -> str | None:
        """The present try's state."""
        return self.attempt.state

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.attempt.state in FINISHED


@dataclass
class Run:
    """One run of a DAG.

    Attributes:
        kind: `scheduled`, `manual`, `dataset`, `backfill` or `operator` (started by another DAG).
        source: What started it, in Airflow 3's upper-case words.
        first_queued_at: When it was first queued; clearing it moves `queued_at`.
        caused_by: Dataset events that started it.
    """

    number: int
    dag_id: str
    run_id: str
    kind: str
    source: str
    logical_date: datetime | None
    interval_start: datetime | None
    interval_end: datetime | None
    run_after: datetime
    created_at: datetime
    queued_at: datetime | None
    first_queued_at: datetime
    state: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    user: str | None = None
    conf: dict[str, Any] = field(default_factory=dict)
    clear_number: int = 0
    backfill: Backfill | None = None
    note: tuple[str, str, datetime] | None = None
    caused_by: list[DatasetEvent] = field(default_factory=list)
    instances: dict[str, list[Instance]] = field(default_factory=dict)
    deleted: bool = False

    def all_instances(self) -> list[Instance]:
        """Every task instance of the run, mapped ones each for themselves."""
        return [each for instances in self.instances.values() for each in instances]


@dataclass
class Backfill:
    """A range of runs that a person asked for."""

    dag_id: str
    user: str
    begins: datetime
    ends: datetime
    asked_at: datetime
    max_active_runs: int
    runs: list[Run] = field(default_factory=list)
    refused: list[datetime] = field(default_factory=list)
    waiting: list[Run] = field(default_factory=list)
    completed_at: datetime | None = None


@dataclass
class DatasetEvent:
    """An update of a dataset (an asset, in Airflow 3), by a task or from outside."""

    dataset: str
    happened_at: datetime
    instance: Instance | None


@dataclass
class Action:
    """Something that a person, a service or the scheduler did to Airflow.

    Attributes:
        do: The deed, such as `trigger` or `edit_variable`.
        via: `web`, `api` or `cli`.
        dag_id, task_id, run: What it was done to, where that is a DAG.
        key: What it was done to, where that is a variable, a connection or a pool.
        details: What else the deed needs, such as a configuration or a number of slots.
    """

    at: datetime
    do: str
    by: str
    via: str = "web"
    dag_id: str | None = None
    task_id: str | None = None
    run: Run | None = None
    key: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class History:
    """Everything that happened in one environment.

    Attributes:
        until: The moment at which its database is as if copied.
    """

    until: datetime
    runs: list[Run] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
    dataset_events: list[DatasetEvent] = field(default_factory=list)
    backfills: list[Backfill] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    pending_datasets: dict[str, dict[str, datetime]] = field(default_factory=dict)
