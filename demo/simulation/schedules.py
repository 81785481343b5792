"""Runs by the clock, as the scheduler makes them: none for paused DAGs, and no catching up."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.present import SINCE, dice
from demo.simulation.records import Action, Interval, Run
from demo.simulation.runs import Runs


class Schedules:
    """Makes the scheduled runs.

    Args:
        runs: Where they are made.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        for dag_id, planned in runs.plan.items():
            dag = runs.company.dags[dag_id]
            if dag.paused:
                runs.history.paused.add(dag_id)
            begins = max(dag.starts or SINCE, SINCE)
            for interval in planned.intervals:
                is_kept = interval.run_after == dag.ran_last
                is_over = dag.removed and interval.run_after >= dag.removed
                if is_kept or (interval.run_after >= begins and not is_over):
                    self._plan(dag_id, interval, even_if_paused=is_kept)
        runs.on_end.append(self._pause_after_failures)

    def set_paused(self, dag_id: str, is_paused: bool, moment: datetime) -> None:
        """Pause a DAG, or let it go on with the newest interval that it missed."""
        paused = self._runs.history.paused
        if is_paused:
            paused.add(dag_id)
            return
        paused.discard(dag_id)
        due = [each for each in self._runs.plan[dag_id].intervals if each.run_after <= moment]
        if due:
            self._make(dag_id, due[-1], moment + timedelta(seconds=1.3))

    def _plan(self, dag_id: str, interval: Interval, even_if_paused: bool) -> None:
        def make(moment: datetime) -> None:
            if even_if_paused or dag_id not in self._runs.history.paused:
                self._make(dag_id, interval, moment)

        delay = timedelta(seconds=dice(dag_id, interval.run_after).uniform(0.3, 4.0))
        self._runs.timeline.at(self._runs.hours.next_look(interval.run_after, delay), make)

    def _make(self, dag_id: str, interval: Interval, moment: datetime) -> None:
        due = [each for each in self._runs.plan[dag_id].intervals if each.run_after <= moment]
        is_newest = due[-1] == interval
        made = {run.logical_date for run in self._runs.of(dag_id)}
        if is_newest and interval.logical_date not in made:
            self._runs.make(dag_id, "scheduled", "TIMETABLE", moment, interval=interval)

    def _pause_after_failures(self, run: Run, moment: datetime) -> None:
        limit = self._runs.company.dags[run.dag_id].pause_after_failures
        if not limit or run.dag_id in self._runs.history.paused:
            return
        newest = [each for each in self._runs.of(run.dag_id) if each.ended_at][-limit:]
        if len(newest) == limit and all(each.state == "failed" for each in newest):
            self._runs.history.paused.add(run.dag_id)
            self._runs.history.actions.append(
                Action(moment, "pause_after_failures", "scheduler", dag_id=run.dag_id)
            )
