"""A task instance from the moment it may run to the moment it is finished."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from demo.company import Company
from demo.present import dice
from demo.simulation.behaviour import CRASH_NOTICED_AFTER, Behaviour, Fate
from demo.simulation.office import office_moment
from demo.simulation.records import Action, Approval, Attempt, History, Instance, Launch
from demo.simulation.timeline import Pool, SchedulerHours, Timeline

DEFAULT_POOL = "default_pool"
DEFAULT_POOL_SLOTS = 128
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


class Tries:
    """Carries task instances through their tries.

    Args:
        company: Whose tasks they are.
        timeline: On which everything happens.
        hours: When the scheduler works.
        history: Where launches and answers are written down.
        settled: Called when an instance is finished for good.
        skip_downstream: Called before `settled` when a task decides that nothing shall follow.
    """

    def __init__(
        self,
        company: Company,
        timeline: Timeline,
        hours: SchedulerHours,
        history: History,
        settled: Callable[[Instance, datetime], None],
        skip_downstream: Callable[[Instance, datetime], None],
    ) -> None:
        self._company = company
        self._timeline = timeline
        self._hours = hours
        self._history = history
        self._settled = settled
        self._skip_downstream = skip_downstream
        self._behaviour = Behaviour(company)
        self._fates: dict[int, Fate] = {}
        self._hangs: dict[str, dict[str, Any]] = {
            each["task"]: each for each in company.actions["hanging"]
        }
        self._pools = {DEFAULT_POOL: Pool([(LONG_AGO, DEFAULT_POOL_SLOTS)])}
        for name, pool in company.people["pools"].items():
            self._pools[name] = Pool(_sizes(pool))

    def mapped_count(self, instance: Instance) -> int:
        """Into how many instances a mapped task of a run expands."""
        return self._behaviour.mapped_count(instance)

    def schedule(self, instance: Instance, moment: datetime) -> None:
        """Begin the next try of an instance whose time has come."""
        attempt = instance.attempt
        attempt.try_number += 1
        attempt.launches = 0
        attempt.started_at = attempt.ended_at = attempt.heartbeat_at = None
        instance.reschedules.clear()
        self._ask_for_slots(instance, attempt, moment)

    def supersede(self, instance: Instance, moment: datetime, state: str | None) -> None:
        """Put the present try aside, as Airflow does before the next one and when it is cleared."""
        old = instance.attempt
        if all(each.try_number != old.try_number for each in instance.superseded):
            instance.superseded.append(old)
        instance.attempt = replace(
            old, born_at=moment, changed_at=moment, state=state, heartbeat_at=None
        )

    def _ask_for_slots(self, instance: Instance, attempt: Attempt, moment: datetime) -> None:
        attempt.state = "scheduled"
        attempt.scheduled_at = attempt.changed_at = moment
        attempt.queued_at = None
        if instance.task.operator == "EmptyOperator":
            # The scheduler itself marks an operator that does nothing as done.
            attempt.started_at = moment
            attempt.scheduled_at = None
            self._end(instance, attempt, moment, "success")
            return
        pool = self._pools.get(instance.task.pool) or Pool([])
        weight, slots = instance.task.priority_weight, instance.task.pool_slots

        def granted(at: datetime) -> None:
            delay = timedelta(seconds=self._chance(instance, "queue").uniform(0.05, 0.9))
            self._timeline.at(
                self._hours.next_look(at, delay), lambda at: self._queue(instance, attempt, at)
            )

        pool.request(moment, slots, weight, granted)

    def _queue(self, instance: Instance, attempt: Attempt, moment: datetime) -> None:
        attempt.state = "queued"
        attempt.queued_at = attempt.changed_at = moment
        if self._hanging(instance, moment, "queued"):
            return
        seconds = self._chance(instance, "start", attempt.launches).lognormvariate(0.7, 0.5)
        self._timeline.at(
            moment + timedelta(seconds=seconds), lambda at: self._launch(instance, attempt, at)
        )

    def _launch(self, instance: Instance, attempt: Attempt, moment: datetime) -> None:
        attempt.state = "running"
        attempt.changed_at = moment
        attempt.launches += 1
        chance = self._chance(instance, "launch", attempt.launches)
        workers = self._company.environment.workers
        attempt.hostname = chance.choice(workers)
        attempt.pid = chance.randint(60, 32_000)
        launch = Launch(instance, attempt, attempt.try_number, attempt.hostname, moment)
        self._history.launches.append(launch)
        is_first = attempt.started_at is None
        if is_first:
            self._fates[id(attempt)] = self._behaviour.fate(instance, attempt, moment)
        fate = self._fates[id(attempt)]
        if is_first or fate.pokes:
            attempt.started_at = moment
        hanging = self._hanging(instance, moment, "running")
        if hanging:
            minutes = hanging.get("heartbeat_minutes")
            attempt.heartbeat_at = minutes and moment + timedelta(minutes=minutes)
            launch.crashed = minutes is not None
            return
        if len(instance.reschedules) < fate.pokes:
            self._timeline.at(
                moment + timedelta(seconds=0.4), lambda at: self._look_again(instance, launch, at)
            )
        elif fate.waits and is_first:
            seconds = chance.uniform(1.2, 2.6)
            self._timeline.at(
                moment + timedelta(seconds=seconds),
                lambda at: self._wait_outside(instance, launch, fate.waits, at),
            )
        else:
            if fate.crashes:
                launch.crashed = True
                attempt.heartbeat_at = moment + fate.lasts - CRASH_NOTICED_AFTER
            lasts = fate.lasts if not fate.pokes else timedelta(seconds=0.4)
            self._timeline.at(moment + lasts, lambda at: self._finish(instance, launch, fate, at))

    def _look_again(self, instance: Instance, launch: Launch, moment: datetime) -> None:
        """A sensor found nothing and gives its place up until its next look."""
        attempt = launch.attempt
        self._leave(instance, launch, moment, "up_for_reschedule")
        attempt.ended_at = moment
        task = self._company.dags[instance.run.dag_id].tasks[instance.task.task_id]
        next_look = moment + timedelta(minutes=task.every_minutes)
        instance.reschedules.append((launch.started_at, moment, next_look))
        self._resume(instance, attempt, next_look)

    def _wait_outside(
        self, instance: Instance, launch: Launch, waits: timedelta, moment: datetime
    ) -> None:
        """A task waits for an outside event, or for a person's answer, without a worker."""
        attempt = launch.attempt
        task = self._company.dags[instance.run.dag_id].tasks[instance.task.task_id]
        if task.kind != "approval":
            self._leave(instance, launch, moment, "deferred")
            self._resume(instance, attempt, moment + waits)
            return
        self._leave(instance, launch, moment, "awaiting_input")
        approval = Approval(asked_at=moment, approvers=task.approvers)
        instance.approvals[attempt.try_number] = approval
        chance = self._chance(instance, "answer")
        option = "Reject" if chance.random() < task.rejects else "Approve"

        def answer(at: datetime) -> None:
            if instance.attempt is not attempt:
                return
            approval.answered_at = at
            approval.answered_by = chance.choice(task.approvers)
            approval.option = option
            self._history.actions.append(
                Action(
                    at,
                    "respond",
                    approval.answered_by,
                    dag_id=instance.run.dag_id,
                    task_id=instance.task.task_id,
                    run=instance.run,
                    details={"option": option},
                )
            )
            self._ask_for_slots(instance, attempt, at)

        self._timeline.at(office_moment(moment + waits, chance), answer)

    def _resume(self, instance: Instance, attempt: Attempt, moment: datetime) -> None:
        def back(at: datetime) -> None:
            if instance.attempt is attempt:
                self._ask_for_slots(instance, attempt, at)

        delay = timedelta(seconds=self._chance(instance, "resume").uniform(0.2, 1.5))
        self._timeline.at(self._hours.next_look(moment, delay), back)

    def _leave(self, instance: Instance, launch: Launch, moment: datetime, outcome: str) -> None:
        """End a process and give its slots back."""
        launch.ended_at = moment
        launch.outcome = outcome
        launch.attempt.state = outcome
        launch.attempt.changed_at = moment
        pool = self._pools[instance.task.pool]
        pool.release(moment, instance.task.pool_slots)

    def _finish(self, instance: Instance, launch: Launch, fate: Fate, moment: datetime) -> None:
        attempt = launch.attempt
        state = "failed" if fate.state == "failed" else "success"
        self._leave(instance, launch, moment, state)
        rejected = instance.approvals.get(attempt.try_number)
        if fate.state == "skips_downstream" or (rejected and rejected.option == "Reject"):
            self._skip_downstream(instance, moment)
        self._end(instance, attempt, moment, state)

    def _end(self, instance: Instance, attempt: Attempt, moment: datetime, state: str) -> None:
        attempt.state = state
        attempt.ended_at = attempt.changed_at = moment
        attempt.heartbeat_at = attempt.heartbeat_at or moment
        if state != "failed" or attempt.try_number > attempt.max_tries:
            self._settled(instance, moment)
            return
        self.supersede(instance, moment, "up_for_retry")
        waiting = instance.attempt

        def again(at: datetime) -> None:
            if instance.attempt is waiting:
                self.schedule(instance, at)

        delay = timedelta(seconds=self._chance(instance, "retry").uniform(0.2, 2.0))
        self._timeline.at(self._hours.next_look(moment + instance.task.retry_delay, delay), again)

    def _hanging(self, instance: Instance, moment: datetime, state: str) -> dict[str, Any] | None:
        """The entry under `hanging` that this try fulfils, once."""
        name = f"{instance.run.dag_id}.{instance.task.task_id}"
        entry = self._hangs.get(name)
        if entry and entry["in"] == state and moment >= entry["since"]:
            del self._hangs[name]
            return entry
        return None

    def _chance(self, instance: Instance, *what: object) -> random.Random:
        """Chance for one aspect of one try."""
        run = instance.run
        names = (run.dag_id, run.run_id, instance.task.task_id, instance.map_index)
        return dice(*names, instance.attempt.try_number, *what)


def _sizes(pool: dict[str, Any]) -> list[tuple[datetime, int]]:
    """Slots of a pool, and since when it has them."""
    if before := pool.get("was"):
        return [(LONG_AGO, before["slots"]), (before["until"], pool["slots"])]
    return [(LONG_AGO, pool["slots"])]
