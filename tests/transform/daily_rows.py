"""An Airflow 2.11 whose DAGs ran every day, and ways in which days of long ago change.

Each way has a DAG of its own, so that none is found only because of another.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.transform.environments import at
from tests.transform.raw_tables import Row, SourceChanges

DAILY = "daily"
# Enough to compare the last day with the 28 before it.
DAYS = range(1, 31)

DAGS = (
    "slower",
    "slower_lately",
    "longer",
    "moved",
    "swapped",
    "joined",
    "vanished",
    "cleared",
    "renumbered",
    "only_in_history",
    "in_other_pool",
    "still_running",
)


def on(day: int, hour: int = 0, minute: int = 0, second: float = 0) -> datetime:
    """Return a moment of one of the days; the first one is in January."""
    return at(1, hour, minute, second) + timedelta(days=day - 17)


def _run(number: int, dag_id: str, day: int) -> Row:
    return {
        "id": number,
        "dag_id": dag_id,
        "run_id": f"day_{day}",
        "run_type": "scheduled",
        "state": "success",
        "execution_date": on(day),
        "data_interval_end": on(day),
        "queued_at": on(day, 1),
        "start_date": on(day, 1, second=1),
        "end_date": on(day, 1, day, day % 3),
    }


def _try(dag_id: str, day: int, **values: Any) -> Row:
    start = values.get("start_date", on(day, 2))
    minutes = day % 5 + 1
    return {
        "dag_id": dag_id,
        "run_id": f"day_{day}",
        "task_id": "load",
        "map_index": -1,
        "state": "success",
        "try_number": 1,
        "queued_dttm": on(day, 1, 59),
        "start_date": start,
        "end_date": start.replace(minute=minutes),
        "duration": 60.0 * minutes,
        "pool": dag_id,
        "pool_slots": 1,
    } | values


def _fail(number: int, day: int, start: datetime) -> Row:
    return {
        "id": number,
        "dag_id": "renumbered",
        "run_id": f"day_{day}",
        "task_id": "load",
        "map_index": -1,
        "start_date": start,
        "end_date": start.replace(minute=30),
    }


AIRFLOW_DAILY: dict[str, list[Row]] = {
    "dag": [{"dag_id": dag_id, "is_active": True} for dag_id in DAGS],
    "dag_run": [
        _run(100 * number + day, dag_id, day) for number, dag_id in enumerate(DAGS) for day in DAYS
    ],
    "task_instance": [
        *(
            _try(dag_id, day)
            for dag_id in DAGS
            for day in DAYS
            if (dag_id, day) != ("renumbered", 4)
        ),
        # Of three tries the first failure is known, and the second not yet.
        _try("renumbered", 4, try_number=3, start_date=on(6, 3)),
        # Two tries of one day.
        _try("swapped", 5, task_id="load", map_index=1),
        _try("still_running", 31, state="running", end_date=None, duration=None),
    ],
    "task_fail": [_fail(1, 4, on(4, 2))],
    "slot_pool": [
        *({"id": number, "pool": dag_id, "slots": 2} for number, dag_id in enumerate(DAGS)),
        {"id": 100, "pool": "deferring", "slots": 3, "include_deferred": False},
    ],
}
AIRFLOW_DAILY["task_instance"].append(
    _try(
        "still_running",
        32,
        state="deferred",
        pool="deferring",
        next_method="resume",
        end_date=None,
        duration=None,
    )
)


def change_days(source: SourceChanges) -> None:
    """Change days of long ago, each in one way."""
    day = "run_id = 'day_{}'".format
    # Its slots are given back later, and queued for longer, in the same hour.
    source.change(
        "task_instance",
        f"dag_id = 'slower' and {day(2)}",
        end_date=on(2, 2, 50),
        duration=3000.0,
    )
    source.change(
        "task_instance",
        f"dag_id = 'slower_lately' and {day(30)}",
        queued_dttm=on(30, 1, 30),
        duration=5000.0,
    )
    # A run alone, not its tries.
    source.change("dag_run", f"dag_id = 'longer' and {day(2)}", end_date=on(2, 20))
    # It runs again, days later, and leaves a day without any try.
    source.change(
        "task_instance",
        f"dag_id = 'moved' and {day(3)}",
        start_date=on(32),
        end_date=on(32, 1),
        duration=3600.0,
    )
    # One leaves a day, another comes: the day keeps its number of tries.
    source.change(
        "task_instance",
        f"dag_id = 'swapped' and {day(5)} and map_index = -1",
        start_date=on(33),
        end_date=on(33, 1),
        duration=3600.0,
    )
    source.add("task_instance", _try("swapped", 5, map_index=2, duration=7000.0))
    source.add("task_instance", _try("joined", 4, task_id="load", map_index=3, duration=8000.0))
    # Its run starts on another day.
    source.change("dag_run", f"dag_id = 'cleared' and {day(5)}", start_date=on(34), end_date=on(35))
    # Nothing but a failure comes, on a day between two tries, and gives the first its number.
    source.add("task_fail", _fail(2, 4, on(5, 2)))
    # Nothing but a try comes that the history alone knows of.
    source.add(
        "task_instance_history",
        _try("only_in_history", 3, run_id="forgotten", state="failed") | {"id": 1},
    )
    source.change("task_instance", f"dag_id = 'in_other_pool' and {day(6)}", pool="slower")
    # Deferred tries of a pool count from now on.
    source.change("slot_pool", "pool = 'deferring'", include_deferred=True)
    source.change("slot_pool", "pool = 'slower'", slots=5)
