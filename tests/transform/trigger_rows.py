"""Raw rows of sensors that were rescheduled, of DAGs that wait for assets, and of teams.

The task instances, assets and DAGs are those of `environments` and `asset_rows`.
"""

from __future__ import annotations

from datetime import datetime, timezone

from tests.transform.raw_tables import Row

_HELD_SINCE = datetime(2026, 2, 27, tzinfo=timezone.utc)


def _at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, second, tzinfo=timezone.utc)


AIRFLOW_2: dict[str, list[Row]] = {
    "task_reschedule": [
        {
            "id": 1,
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "task_id": "load",
            "map_index": -1,
            "try_number": 2,
            "start_date": _at(10, 0, 2),
            "end_date": _at(10, 0, 2, 1),
            "duration": 1,
            "reschedule_date": _at(10, 0, 5),
        }
    ],
    "dataset_dag_run_queue": [
        {"dataset_id": 1, "target_dag_id": "sales", "created_at": _HELD_SINCE}
    ],
}

AIRFLOW_3: dict[str, list[Row]] = {
    "task_reschedule": [
        {
            "id": number,
            "ti_id": ti_id,
            # The server writes when it was told, and that is after the end.
            "start_date": _at(day, 23, 50, 2),
            "end_date": _at(day, 23, 50, 1),
            "duration": 0,
            "reschedule_date": _at(day, 23, 59),
        }
        for number, ti_id, day in ((1, "uuid-0", 9), (2, "uuid-left-behind", 11))
    ],
    "dag_schedule_asset_reference": [{"asset_id": 1, "dag_id": "sales"}],
    "dag_bundle_team": [{"dag_bundle_name": "main", "team_name": "growth"}],
    "team": [{"name": "growth"}],
}
