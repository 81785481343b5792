"""Fernwick Outfitters, a shop that does not exist: its teams, DAGs, people and incidents, as data.

Each environment is a folder of three files.

`dags.yml`:

- `teams`: owner of the team's DAGs and its link; who is on call, and how often a failed run is
  cleared (`clears`) or its failed tasks are marked as success (`marks_success`), as probabilities.
- `datasets`: name and address (datasets in Airflow 2, assets in Airflow 3).
- `incidents`: from when to when the tasks of a pool, or one task, fail with a probability or take
  `slower` times as long.
- `dags`: `schedule` is a cron expression, a list of datasets, or left out for DAGs started by hand.
  Tasks follow each other unless `after` says otherwise. `minutes` is the median duration;
  `fails` the probability that one try fails; `flaky` that the first try does, and only the first;
  `drift` by how much the duration has changed at the demo's present, growing since a day.
- `broken_files`: DAG files that cannot be imported, with their text.

`people.yml`: roles and users, and connections, variables and pools without their secrets, which are
canaries: text that begins with `CANARY-` and names its column.

`actions.yml`: what people did, at a moment (`planned`) or several times in the ninety days
(`repeated`), and commands that were typed on a server (`commands`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from demo.environments import Environment
from demo.present import NOW

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Team:
    """A team that owns DAGs, and how it answers to failures."""

    owner: str
    on_call: str
    clears: float
    marks_success: float
    link: str | None = None


@dataclass(frozen=True)
class Task:
    """One task of a DAG: what it is, and how it behaves; see the module for the words."""

    task_id: str
    kind: str
    minutes: float = 0.0
    spread: float = 0.2
    fails: float = 0.013
    fails_late: bool = False
    flaky: float = 0.0
    drift_since: datetime | None = None
    drift_by: float = 0.0
    after: tuple[str, ...] = ()
    pool: str | None = None
    slots: int = 1
    rule: str = "all_success"
    outlets: tuple[str, ...] = ()
    mapped_over: str | None = None
    mapped_count: tuple[int, int] = (0, 0)
    pokes: tuple[int, int] = (0, 0)
    every_minutes: int = 0
    defers: bool = False
    skips: float = 0.0
    sla_minutes: int | None = None
    target: str | None = None
    approvers: tuple[str, ...] = ()
    hours: tuple[float, float] = (0.0, 0.0)
    rejects: float = 0.0


@dataclass(frozen=True)
class Dag:
    """One DAG; see the module for the words."""

    dag_id: str
    team: Team
    tasks: dict[str, Task]
    schedule: str | list[str] | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    retries: int = 0
    retry_minutes: int = 5
    max_active_runs: int = 16
    access: dict[str, list[str]] = field(default_factory=dict)
    paused: bool = False
    ran_last: datetime | None = None
    starts: datetime | None = None
    removed: datetime | None = None
    pause_after_failures: int = 0
    versions: tuple[datetime, ...] = ()
    deadline_minutes: int | None = None
    file: str = ""


@dataclass(frozen=True)
class Incident:
    """A time in which the tasks of a pool, or one task (`dag.task`), fared badly."""

    begins: datetime
    ends: datetime | None
    pool: str | None = None
    task: str | None = None
    fails: float = 0.0
    slower: float = 1.0

    def concerns(self, dag_id: str, task_id: str, pool: str, moment: datetime) -> bool:
        """Whether a task that runs at `moment` is affected."""
        if not self.begins <= moment or (self.ends and moment >= self.ends):
            return False
        return self.pool == pool if self.pool else self.task == f"{dag_id}.{task_id}"


@dataclass(frozen=True)
class Company:
    """One environment's share of the company."""

    environment: Environment
    dags: dict[str, Dag]
    datasets: dict[str, str]
    incidents: tuple[Incident, ...]
    broken_files: dict[str, str]
    people: dict[str, Any]
    actions: dict[str, Any]

    def as_of(self, until: datetime) -> Company:
        """The company as it was at a moment: without what came later, and with what went since.

        Users, connections, variables and pools of `people.yml` have one form at the demo's present
        and, in `was`, another one until a moment; what is `removed` was there until then.
        """
        return replace(
            self,
            dags={
                dag_id: replace(
                    dag, removed=dag.removed if dag.removed and dag.removed <= until else None
                )
                for dag_id, dag in self.dags.items()
                if not dag.starts or dag.starts <= until
            },
            people=self.people
            | {
                kind: {
                    name: _entry_as_of(entry, until)
                    for name, entry in self.people[kind].items()
                    if _is_there(entry, until)
                }
                for kind in ("users", "connections", "variables", "pools")
            },
        )


def _is_there(entry: dict[str, Any], until: datetime) -> bool:
    created, removed = entry.get("created"), entry.get("removed")
    if created is not None and NOW - timedelta(days=created) > until:
        return False
    return removed is None or moment(removed) > until


def _entry_as_of(entry: dict[str, Any], until: datetime) -> dict[str, Any]:
    was = entry.get("was")
    return entry | was if was and until < moment(was["until"]) else entry


def moment(value: date | datetime) -> datetime:
    """A day or time of the YAML files as a time in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)
    return datetime.combine(value, time(), timezone.utc)


def load(environment: Environment) -> Company:
    """Read the three files of an environment.

    Raises:
        TypeError: A task or DAG has a word that means nothing.
    """
    folder = FOLDER / environment.slug
    dags, people, actions = (
        yaml.safe_load((folder / f"{name}.yml").read_text())
        for name in ("dags", "people", "actions")
    )
    teams = {name: Team(**team) for name, team in dags["teams"].items()}
    return Company(
        environment=environment,
        dags={
            dag_id: _dag(dag_id, entry, entry["team"], teams)
            for dag_id, entry in dags["dags"].items()
        },
        datasets=dags["datasets"],
        incidents=tuple(map(_incident, dags["incidents"])),
        broken_files=dags["broken_files"],
        people=people,
        actions=actions,
    )


def _dag(dag_id: str, entry: dict[str, Any], team: str, teams: dict[str, Team]) -> Dag:
    words = _plain(Dag, entry) | {"team": teams[team], "file": f"{team}/{dag_id}.py"}
    words["versions"] = tuple(map(moment, entry.get("versions", ())))
    tasks: dict[str, Task] = {}
    previous: tuple[str, ...] = ()
    for task_id, task in entry["tasks"].items():
        tasks[task_id] = _task(task_id, task, previous)
        previous = (task_id,)
    return Dag(**words | {"dag_id": dag_id, "tasks": tasks})


def _task(task_id: str, entry: dict[str, Any], previous: tuple[str, ...]) -> Task:
    entry = dict(entry)
    words: dict[str, Any] = {"after": previous}
    if drift := entry.pop("drift", None):
        words |= {"drift_since": moment(drift["since"]), "drift_by": drift["by"]}
    if mapped := entry.pop("mapped", None):
        words |= {"mapped_over": mapped["over"], "mapped_count": tuple(mapped["count"])}
    return Task(**words | _plain(Task, entry) | {"task_id": task_id})


def _incident(entry: dict[str, Any]) -> Incident:
    entry = dict(entry)
    ends = entry.pop("to", None)
    return Incident(
        begins=moment(entry.pop("from")), ends=ends and moment(ends), **_plain(Incident, entry)
    )


def _plain(kind: type, entry: dict[str, Any]) -> dict[str, Any]:
    """The words of an entry as the values of a dataclass: times in UTC, lists as tuples."""
    known = {each.name: each.type for each in fields(kind)}
    words: dict[str, Any] = {}
    for word, value in entry.items():
        if word not in known:
            msg = f"{kind.__name__} knows no word {word!r}: {entry}"
            raise TypeError(msg)
        if isinstance(value, date):
            words[word] = moment(value)
        elif isinstance(value, list) and str(known[word]).startswith("tuple"):
            words[word] = tuple(value)
        else:
            words[word] = value
    return words
