"""How long a try takes, and how it ends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.company import Company, Task
from demo.present import NOW, dice
from demo.simulation.records import Attempt, Instance

CRASHES = 0.0006
"""Probability that the process of a try dies without a word."""

CRASH_NOTICED_AFTER = timedelta(minutes=5, seconds=8)
"""How long the scheduler waits for a heartbeat (300 s by default) before it gives up on a task."""


@dataclass(frozen=True)
class Fate:
    """What will become of a try that starts now.

    Attributes:
        lasts: Time of work, without the time of waiting for a person or an outside event.
        pokes: Looks of a sensor before it is satisfied.
        waits: Time that the task spends waiting outside the worker; zero for most.
    """

    lasts: timedelta
    state: str
    crashes: bool = False
    pokes: int = 0
    waits: timedelta = timedelta()


class Behaviour:
    """The habits of the company's tasks."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def fate(  # noqa: PLR0911 - one for every way to go
        self, instance: Instance, attempt: Attempt, moment: datetime
    ) -> Fate:
        """Decide how a try goes; the same try always goes the same way."""
        run = instance.run
        task = self._company.dags[run.dag_id].tasks[instance.task.task_id]
        chance = dice(run.dag_id, run.run_id, task.task_id, instance.map_index, attempt.try_number)
        fails, slower = self._trouble(instance, task, moment)
        works = self._work(task, chance, moment) * slower
        if chance.random() < CRASHES and works > timedelta(seconds=30):
            return Fate(works * chance.random() + CRASH_NOTICED_AFTER, "failed", crashes=True)
        first_try_fails = attempt.try_number == 1 and chance.random() < task.flaky
        if first_try_fails or chance.random() < fails:
            share = chance.uniform(0.7, 0.97) if task.fails_late else chance.uniform(0.05, 0.6)
            return Fate(works * share, "failed")
        if task.kind == "branch" and chance.random() < task.skips:
            return Fate(works, "skips_downstream")
        if task.kind == "sensor":
            return Fate(works, "success", pokes=chance.randint(*task.pokes))
        if task.kind == "approval":
            hours = chance.uniform(*task.hours)
            return Fate(timedelta(seconds=2.4), "success", waits=timedelta(hours=hours))
        if task.defers:
            return Fate(timedelta(seconds=5), "success", waits=works)
        return Fate(works, "success")

    def mapped_count(self, instance: Instance) -> int:
        """Into how many instances a mapped task of a run expands."""
        run = instance.run
        task = self._company.dags[run.dag_id].tasks[instance.task.task_id]
        return dice(run.dag_id, run.run_id, task.task_id, "count").randint(*task.mapped_count)

    def _trouble(self, instance: Instance, task: Task, moment: datetime) -> tuple[float, float]:
        """Probability of failing and factor of slowness, incidents included."""
        fails, slower = task.fails, 1.0
        for incident in self._company.incidents:
            if incident.concerns(instance.run.dag_id, task.task_id, instance.task.pool, moment):
                fails = max(fails, incident.fails)
                slower = max(slower, incident.slower)
        return fails, slower

    def _work(self, task: Task, chance: random.Random, moment: datetime) -> timedelta:
        drifted = 1.0
        if task.drift_since and moment > task.drift_since:
            # Steep at first and then flatter, so that the whole month is slower.
            drifted += (
                task.drift_by * ((moment - task.drift_since) / (NOW - task.drift_since)) ** 0.4
            )
        quiet = 0.88 if moment.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday and Sunday
        seconds = task.minutes * 60 * drifted * quiet * chance.lognormvariate(0.0, task.spread)
        return timedelta(seconds=max(seconds, 0.6))
