"""Runs of DAGs: when they are made, what may run next in them, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from demo.company import Company
from demo.present import dice
from demo.simulation.records import (
    FAILED,
    Attempt,
    Backfill,
    DatasetEvent,
    History,
    Instance,
    Interval,
    PlannedDag,
    Run,
)
from demo.simulation.timeline import SchedulerHours, Timeline
from demo.simulation.tries import Tries

FIRST_RUN_NUMBER = 48_211
"""Older runs have been removed from the database."""


class Runs:
    """Carries runs from their making to their end.

    Args:
        company: Whose runs.
        plan: Its DAGs, as the real Airflow read them.
        timeline: On which everything happens.
        hours: When the scheduler works.
        history: Where everything is written down.
    """

    def __init__(
        self,
        company: Company,
        plan: dict[str, PlannedDag],
        timeline: Timeline,
        hours: SchedulerHours,
        history: History,
    ) -> None:
        self.company = company
        self.plan = plan
        self.timeline = timeline
        self.hours = hours
        self.history = history
        self.on_end: list[Callable[[Run, datetime], None]] = []
        self.tries = Tries(company, timeline, hours, history, self._settled, self._skip_downstream)
        self._by_dag: dict[str, list[Run]] = {dag_id: [] for dag_id in plan}

    def of(self, dag_id: str) -> list[Run]:
        """Runs of a DAG in the order in which they were made."""
        return [run for run in self._by_dag[dag_id] if not run.deleted]

    def make(  # noqa: PLR0913 - a run has many origins
        self,
        dag_id: str,
        kind: str,
        source: str,
        moment: datetime,
        *,
        interval: Interval | None = None,
        user: str | None = None,
        conf: dict[str, Any] | None = None,
        caused_by: list[DatasetEvent] | None = None,
        backfill: Backfill | None = None,
    ) -> Run:
        """Make a run and queue it."""
        logical, start, end, run_after = self._dates(
            kind, moment, interval, caused_by or [], source
        )
        suffix = (logical or run_after).isoformat()
        prefix = {
            "dataset": "asset_triggered" if self._is_3 else "dataset_triggered",
            "operator": "manual",
        }.get(kind, kind)
        if kind == "dataset" and self._is_3:
            letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
            suffix += "_" + "".join(dice(dag_id, suffix).choices(letters, k=8))
        run = Run(
            number=FIRST_RUN_NUMBER + len(self.history.runs),
            dag_id=dag_id,
            run_id=f"{prefix}__{suffix}",
            kind=kind,
            source=source,
            logical_date=logical,
            interval_start=start,
            interval_end=end,
            run_after=run_after,
            created_at=moment,
            queued_at=moment,
            first_queued_at=moment,
            user=user,
            conf=conf or {},
            backfill=backfill,
            caused_by=caused_by or [],
        )
        for task in self.plan[dag_id].tasks.values():
            attempt = Attempt(0, task.retries, born_at=moment, changed_at=moment)
            run.instances[task.task_id] = [Instance(run, task, -1, attempt)]
        self.history.runs.append(run)
        self._by_dag[dag_id].append(run)
        if backfill:
            backfill.runs.append(run)
            backfill.waiting.append(run)
            self.start_backfill_runs(backfill, moment)
        else:
            self._start_waiting(dag_id, moment)
        return run

    def clear(self, run: Run, instances: list[Instance], moment: datetime) -> int:
        """Let instances, and all that follows them in their run, run again.

        Returns:
            How many instances were cleared.
        """
        downstream = self._followers({each.task.task_id for each in instances}, run)
        cleared = [
            *instances,
            *(each for name in sorted(downstream) for each in run.instances[name]),
        ]
        cleared = list({id(each): each for each in cleared if each.is_finished}.values())
        for each in cleared:
            self.tries.supersede(each, moment, None)
            each.attempt.max_tries = each.attempt.try_number + each.task.retries
        self._queue_again(run, moment)
        return len(cleared)

    def mark(self, run: Run, instances: list[Instance], state: str, moment: datetime) -> None:
        """Give instances a state by hand; a success lets what failed for their sake run."""
        for each in instances:
            each.attempt.state = state
            each.attempt.changed_at = moment
        if state != "success":
            return
        names = self._followers({each.task.task_id for each in instances}, run)
        blocked = [
            each
            for name in sorted(names)
            for each in run.instances[name]
            if each.state == "upstream_failed"
        ]
        if blocked:
            self.clear(run, blocked, moment)
        elif run.state == "failed":
            run.state = "success"

    def mark_run(self, run: Run, state: str, moment: datetime) -> None:
        """Give a whole run a state by hand."""
        for each in run.all_instances():
            if not each.is_finished or (state == "success" and each.state != "success"):
                each.attempt.state = state
                each.attempt.changed_at = moment
        run.state = state
        run.ended_at = moment

    def start_backfill_runs(self, backfill: Backfill, moment: datetime) -> None:
        """Start as many of a backfill's runs as it allows."""
        active = sum(run.state == "running" for run in backfill.runs)
        while backfill.waiting and active < backfill.max_active_runs:
            run = backfill.waiting.pop(0)
            active += 1
            self._start_soon(run, moment)
            run.state = "running"

    @property
    def _is_3(self) -> bool:
        return self.company.environment.is_airflow_3

    def _dates(
        self,
        kind: str,
        moment: datetime,
        interval: Interval | None,
        caused_by: list[DatasetEvent],
        source: str,
    ) -> tuple[datetime | None, datetime | None, datetime | None, datetime]:
        """Logical date, interval and earliest moment of a run."""
        if interval:
            return interval.logical_date, interval.start, interval.end, interval.run_after
        if kind == "dataset":
            latest = max(event.happened_at for event in caused_by)
            if self._is_3:
                return None, None, None, latest
            runs = [event.instance.run for event in caused_by if event.instance]
            starts = [run.interval_start for run in runs if run.interval_start]
            ends = [run.interval_end for run in runs if run.interval_end]
            return latest, min(starts, default=latest), max(ends, default=latest), latest
        if self._is_3 and source == "REST_API":
            # A service that sends no logical date gets a run without one.
            return None, None, None, moment
        at = moment if kind == "operator" or self._is_3 else moment.replace(microsecond=0)
        return at, at, at, at

    def _start_waiting(self, dag_id: str, moment: datetime) -> None:
        limit = self.company.dags[dag_id].max_active_runs
        runs = [run for run in self._by_dag[dag_id] if run.backfill is None]
        active = sum(run.state == "running" for run in runs)
        for run in runs:
            if active >= limit:
                return
            if run.state == "queued":
                # Counted as running from here on, as the scheduler counts it.
                run.state = "running"
                active += 1
                self._start_soon(run, moment)

    def _start_soon(self, run: Run, moment: datetime) -> None:
        delay = timedelta(seconds=dice(run.dag_id, run.run_id, "start").uniform(0.05, 1.1))
        self.timeline.at(self.hours.next_look(moment, delay), lambda at: self._start(run, at))

    def _start(self, run: Run, moment: datetime) -> None:
        if run.started_at is None and not run.deleted:
            run.started_at = moment
            self._advance(run, moment)

    def _settled(self, instance: Instance, moment: datetime) -> None:
        task = self.company.dags[instance.run.dag_id].tasks[instance.task.task_id]
        if instance.state == "success":
            for name in task.outlets:
                self.emit(DatasetEvent(name, moment + timedelta(milliseconds=40), instance))
            if task.kind == "trigger" and task.target:
                self.make(task.target, "operator", "OPERATOR", moment)
        delay = timedelta(seconds=dice(instance.run.run_id, moment).uniform(0.1, 1.6))
        look = self.hours.next_look(moment, delay)
        self.timeline.at(look, lambda at: self._advance(instance.run, at))

    def emit(self, event: DatasetEvent) -> None:
        """Write a dataset event down, and start the DAGs that have now all they wait for."""
        self.history.dataset_events.append(event)
        for dag in self.company.dags.values():
            if not isinstance(dag.schedule, list) or event.dataset not in dag.schedule:
                continue
            if dag.dag_id in self.history.paused:
                continue
            pending = self.history.pending_datasets.setdefault(dag.dag_id, {})
            pending.setdefault(event.dataset, event.happened_at)
            if pending.keys() == set(dag.schedule):
                del self.history.pending_datasets[dag.dag_id]
                delay = timedelta(seconds=dice(dag.dag_id, event.happened_at).uniform(0.2, 1.4))
                look = self.hours.next_look(event.happened_at, delay)
                self.timeline.at(look, partial(self._make_for_datasets, dag.dag_id))

    def _make_for_datasets(self, dag_id: str, moment: datetime) -> None:
        schedule = self.company.dags[dag_id].schedule or []
        earlier = {id(event) for run in self._by_dag[dag_id] for event in run.caused_by}
        causes = [
            event
            for event in self.history.dataset_events
            if event.dataset in schedule
            and id(event) not in earlier
            and event.happened_at <= moment
        ]
        if causes:
            self.make(dag_id, "dataset", "ASSET", moment, caused_by=causes)

    def _advance(self, run: Run, moment: datetime) -> None:
        """Schedule what may run now, and end the run when nothing is left."""
        if run.state != "running" or run.started_at is None or run.deleted:
            return
        moved = True
        while moved:
            moved = False
            for name in self.plan[run.dag_id].tasks:
                for instance in list(run.instances[name]):
                    if instance.state is None and self._decide(run, instance, moment):
                        moved = True
        if all(each.is_finished for each in run.all_instances()):
            self._end(run, moment)

    def _decide(self, run: Run, instance: Instance, moment: datetime) -> bool:
        """Schedule, skip or fail an instance whose upstream tasks are done; tell if it was."""
        upstream = [each for name in instance.task.upstream for each in run.instances[name]]
        if not all(each.is_finished for each in upstream):
            return False
        states = {each.state for each in upstream}
        task = self.company.dags[run.dag_id].tasks[instance.task.task_id]
        if task.rule != "all_done":
            if states & FAILED:
                return self._pass_over(instance, "upstream_failed", moment)
            if "skipped" in states:
                return self._pass_over(instance, "skipped", moment)
        if task.mapped_over and instance.map_index == -1:
            instance.map_index = 0
            count = self.tries.mapped_count(instance)
            for index in range(1, count):
                attempt = Attempt(0, instance.task.retries, born_at=moment, changed_at=moment)
                run.instances[task.task_id].append(Instance(run, instance.task, index, attempt))
        self.tries.schedule(instance, moment)
        return True

    def _pass_over(self, instance: Instance, state: str, moment: datetime) -> bool:
        attempt = instance.attempt
        attempt.state = state
        attempt.started_at = attempt.ended_at = attempt.changed_at = moment
        return True

    def _skip_downstream(self, instance: Instance, moment: datetime) -> None:
        for name in self._followers({instance.task.task_id}, instance.run):
            for each in instance.run.instances[name]:
                if each.state is None:
                    self._pass_over(each, "skipped", moment)

    def _followers(self, names: set[str], run: Run) -> set[str]:
        tasks = self.plan[run.dag_id].tasks
        found: set[str] = set()
        to_see = list(names)
        while to_see:
            for name in tasks[to_see.pop()].downstream:
                if name not in found:
                    found.add(name)
                    to_see.append(name)
        return found - names

    def _queue_again(self, run: Run, moment: datetime) -> None:
        run.clear_number += 1
        run.queued_at = moment
        if run.state in ("success", "failed"):
            run.state = "queued"
            run.started_at = run.ended_at = None
            if run.backfill:
                run.state = "running"
                self._start_soon(run, moment)
            else:
                self._start_waiting(run.dag_id, moment)
        else:
            look = self.hours.next_look(moment, timedelta(seconds=0.7))
            self.timeline.at(look, lambda at: self._advance(run, at))

    def _end(self, run: Run, moment: datetime) -> None:
        tasks = self.plan[run.dag_id].tasks
        leaves = [name for name, task in tasks.items() if not task.downstream]
        failed = any(each.state in FAILED for name in leaves for each in run.instances[name])
        run.state = "failed" if failed else "success"
        run.ended_at = moment
        if run.backfill:
            self.start_backfill_runs(run.backfill, moment)
            if all(each.ended_at for each in run.backfill.runs):
                run.backfill.completed_at = run.backfill.completed_at or moment
        else:
            self._start_waiting(run.dag_id, moment)
        for callback in self.on_end:
            callback(run, moment)
