"""What people do: answer to failures, and act on their own account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from demo.company import moment as as_moment
from demo.present import NOW, SINCE, dice
from demo.simulation.office import office_moment
from demo.simulation.records import Action, Backfill, DatasetEvent, Run
from demo.simulation.runs import Runs
from demo.simulation.schedules import Schedules


class People:
    """Puts the people's deeds on the timeline.

    Args:
        runs: What they act upon.
        schedules: What they pause.
    """

    def __init__(self, runs: Runs, schedules: Schedules) -> None:
        self._runs = runs
        self._schedules = schedules
        self._deeds: dict[str, Callable[[Action], bool]] = {
            "trigger": self._trigger,
            "clear": self._clear,
            "mark_task_success": self._mark_task_success,
            "mark_run_failed": lambda action: self._mark_run(action, "failed"),
            "mark_run_success": lambda action: self._mark_run(action, "success"),
            "pause": lambda action: self._pause(action, True),
            "unpause": lambda action: self._pause(action, False),
            "delete_run": self._delete_run,
            "note_run": self._note_run,
            "backfill": self._backfill,
            "asset_event": self._dataset_event,
        }
        runs.on_end.append(self._answer_failure)
        for entry in runs.company.actions["planned"]:
            at = as_moment(entry["at"])
            fraction = dice(at, entry["do"]).randrange(1_000_000)
            self._plan(entry, at + timedelta(microseconds=fraction))
        for entry in runs.company.actions["repeated"]:
            self._repeat(entry)

    def _repeat(self, entry: dict[str, Any]) -> None:
        """Spread a deed over the ninety days, in office hours."""
        for number in range(entry["times"]):
            chance = dice(entry["do"], entry.get("dag"), entry.get("key"), number)
            at = SINCE + (NOW - SINCE) * chance.uniform(0.01, 0.985)
            # Whoever calls the interface may be a service, which keeps no office hours.
            self._plan(entry, at if entry.get("via") == "api" else office_moment(at, chance))

    def _plan(self, entry: dict[str, Any], at: datetime) -> None:
        known = ("at", "do", "by", "via", "dag", "task", "key", "times")
        action = Action(
            at=at,
            do=entry["do"],
            by=entry["by"],
            via=entry.get("via", "web"),
            dag_id=entry.get("dag"),
            task_id=entry.get("task"),
            key=entry.get("key"),
            details={word: value for word, value in entry.items() if word not in known},
        )
        self._runs.timeline.at(at, lambda _: self._act(action))

    def _act(self, action: Action) -> None:
        deed = self._deeds.get(action.do)
        if deed is None or deed(action):
            self._runs.history.actions.append(action)

    def _answer_failure(self, run: Run, moment: datetime) -> None:
        """Whoever is on call clears a failed run, accepts it, or leaves it."""
        team = self._runs.company.dags[run.dag_id].team
        if run.state != "failed" or run.backfill:
            return
        chance = dice(run.dag_id, run.run_id, run.clear_number, "on call")
        lot = chance.random() * (run.clear_number + 1)
        at = office_moment(moment + timedelta(minutes=chance.uniform(6, 95)), chance)
        failed = next(each for each in run.all_instances() if each.state == "failed")
        action = Action(
            at, "clear", team.on_call, dag_id=run.dag_id, task_id=failed.task.task_id, run=run
        )
        if lot < team.clears:
            self._runs.timeline.at(at, lambda _: self._act(action))
        elif lot < team.clears + team.marks_success:
            action.do = "mark_task_success"
            self._runs.timeline.at(at, lambda _: self._act(action))

    def _trigger(self, action: Action) -> bool:
        assert action.dag_id
        source = "REST_API" if action.via == "api" else "UI"
        action.run = self._runs.make(
            action.dag_id,
            "manual",
            source,
            action.at + timedelta(milliseconds=48),
            user=action.by,
            conf=action.details.get("conf"),
        )
        return True

    def _finished_run(self, action: Action, state: str | None = None) -> Run | None:
        """The newest finished run of the action's DAG."""
        assert action.dag_id
        for run in reversed(self._runs.of(action.dag_id)):
            if run.ended_at and state in (None, run.state):
                return run
        return None

    def _clear(self, action: Action) -> bool:
        run = action.run or self._finished_run(action)
        if run is None or run.ended_at is None or run.deleted:
            return False
        action.run = run
        if action.task_id is None:
            names = list(run.instances)
            action.task_id = dice(run.run_id, action.at).choice(names)
        instances = [each for each in run.instances[action.task_id] if each.is_finished]
        if any(each.state == "failed" for each in instances):
            instances = [each for each in instances if each.state == "failed"]
        action.details["cleared"] = self._runs.clear(run, instances, action.at)
        return True

    def _mark_task_success(self, action: Action) -> bool:
        assert action.task_id
        run = action.run or self._finished_run(action, "failed")
        if run is None or run.ended_at is None or run.deleted:
            return False
        action.run = run
        failed = [each for each in run.instances[action.task_id] if each.state == "failed"]
        if note := action.details.get("note"):
            for each in failed:
                each.note = (action.by, note, action.at)
        self._runs.mark(run, failed, "success", action.at)
        return bool(failed)

    def _mark_run(self, action: Action, state: str) -> bool:
        assert action.dag_id
        # An unfinished run is told to fail, a failed one that it is fine after all.
        wanted = "running" if state == "failed" else "failed"
        runs = [run for run in self._runs.of(action.dag_id) if run.state == wanted]
        action.run = runs[-1] if runs else self._finished_run(action)
        if action.run is None:
            return False
        self._runs.mark_run(action.run, state, action.at)
        return True

    def _pause(self, action: Action, is_paused: bool) -> bool:
        assert action.dag_id
        self._schedules.set_paused(action.dag_id, is_paused, action.at)
        return True

    def _delete_run(self, action: Action) -> bool:
        action.run = self._finished_run(action)
        if action.run:
            action.run.deleted = True
        return action.run is not None

    def _note_run(self, action: Action) -> bool:
        action.run = self._finished_run(action)
        if action.run:
            action.run.note = (action.by, action.details["note"], action.at)
        return action.run is not None

    def _backfill(self, action: Action) -> bool:
        assert action.dag_id
        begins, ends = (as_moment(action.details[word]) for word in ("from", "to"))
        backfill = Backfill(
            action.dag_id,
            action.by,
            begins,
            ends,
            action.at,
            max_active_runs=action.details.get("max_active_runs", 10),
        )
        self._runs.history.backfills.append(backfill)
        made = {run.logical_date for run in self._runs.of(action.dag_id)}
        for interval in self._runs.plan[action.dag_id].intervals:
            if not begins <= interval.logical_date <= ends:
                continue
            if interval.logical_date in made:
                backfill.refused.append(interval.logical_date)
                continue
            self._runs.make(
                action.dag_id,
                "backfill",
                "BACKFILL",
                action.at + timedelta(milliseconds=31),
                interval=interval,
                user=action.by,
                backfill=backfill,
            )
        return True

    def _dataset_event(self, action: Action) -> bool:
        assert action.key
        self._runs.emit(DatasetEvent(action.key, action.at + timedelta(milliseconds=12), None))
        return True
