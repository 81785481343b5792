"""Let the ninety days pass."""

from __future__ import annotations

from datetime import datetime

from demo.company import Company, moment
from demo.present import NOW
from demo.simulation.people import People
from demo.simulation.records import History, PlannedDag
from demo.simulation.runs import Runs
from demo.simulation.schedules import Schedules
from demo.simulation.timeline import SchedulerHours, Timeline


def outages(company: Company) -> tuple[tuple[datetime, datetime], ...]:
    """Start and end of every time in which the environment had no scheduler."""
    return tuple(
        (moment(each["from"]), moment(each["to"])) for each in company.actions["scheduler_outages"]
    )


def simulate(company: Company, plan: dict[str, PlannedDag]) -> History:
    """Tell what happened in an environment up to the demo's present.

    Args:
        company: The environment's share of the company.
        plan: Its DAGs, as the real Airflow read them.

    Returns:
        The same history for the same company and plan, always.
    """
    timeline = Timeline()
    history = History()
    runs = Runs(company, plan, timeline, SchedulerHours(outages(company)), history)
    People(runs, Schedules(runs))
    timeline.run_until(NOW)
    history.runs = [run for run in history.runs if not run.deleted]
    return history
