"""Let the ninety days pass."""

from __future__ import annotations

from datetime import datetime

from demo.company import Company, moment
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


def simulate(company: Company, plan: dict[str, PlannedDag], until: datetime) -> History:
    """Tell what happened in an environment up to a moment.

    Args:
        company: The environment's share of the company.
        plan: Its DAGs, as the real Airflow read them.
        until: The moment; of two, the history of the later begins with that of the earlier.

    Returns:
        The same history for the same company, plan and moment, always.
    """
    timeline = Timeline()
    history = History(until)
    runs = Runs(company, plan, timeline, SchedulerHours(outages(company)), history)
    People(runs, Schedules(runs))
    timeline.run_until(until)
    history.runs = [run for run in history.runs if not run.deleted]
    return history
