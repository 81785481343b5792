"""Raw rows of processes, import errors and broken promises, for both environments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tests.transform.raw_tables import SYNCED_AT, Row


def before_sync(hours: float = 0, seconds: float = 0) -> datetime:
    """Return a moment before the sync."""
    return SYNCED_AT - timedelta(hours=hours, seconds=seconds)


_FIRST_OF_MONTH = datetime(2026, 2, 1, tzinfo=timezone.utc)

AIRFLOW_2: dict[str, list[Row]] = {
    "import_error": [
        {"id": 1, "timestamp": before_sync(hours=2), "filename": "/dags/broken.py"},
    ],
    "job": [
        # Ended as it should.
        {
            "id": 1,
            "job_type": "SchedulerJob",
            "state": "success",
            "start_date": _FIRST_OF_MONTH,
            "latest_heartbeat": before_sync(hours=30, seconds=4),
            "end_date": before_sync(hours=30),
        },
        # Found dead by the next one.
        {
            "id": 2,
            "job_type": "SchedulerJob",
            "state": "failed",
            "start_date": before_sync(hours=30, seconds=-20),
            "latest_heartbeat": before_sync(hours=10),
        },
        {
            "id": 3,
            "job_type": "SchedulerJob",
            "state": "running",
            "start_date": before_sync(hours=8),
            "latest_heartbeat": before_sync(seconds=5),
        },
        # What Airflow 2 also calls a job.
        {
            "id": 4,
            "job_type": "LocalTaskJob",
            "dag_id": "sales",
            "state": "success",
            "start_date": before_sync(hours=9),
            "latest_heartbeat": before_sync(hours=9),
            "end_date": before_sync(hours=9),
        },
    ],
    # Under the logical date that follows the one of the late run.
    "sla_miss": [
        {
            "task_id": "load",
            "dag_id": "sales",
            "execution_date": datetime(2026, 2, 10, tzinfo=timezone.utc),
            "timestamp": datetime(2026, 2, 10, 0, 5, tzinfo=timezone.utc),
            "email_sent": True,
            "notification_sent": False,
        },
    ],
}

AIRFLOW_3: dict[str, list[Row]] = {
    "import_error": [
        {
            "id": 1,
            "timestamp": before_sync(hours=1),
            "filename": "broken.py",
            "bundle_name": "main",
        },
    ],
    "job": [
        {
            "id": 1,
            "job_type": "TriggererJob",
            "state": "running",
            "start_date": before_sync(hours=1),
            "latest_heartbeat": before_sync(seconds=3),
        },
        # Silent, and nobody has noticed.
        {
            "id": 2,
            "job_type": "DagProcessorJob",
            "state": "running",
            "start_date": before_sync(hours=5),
            "latest_heartbeat": before_sync(hours=4),
        },
    ],
    "deadline_alert": [{"id": "alert-1", "name": "within half a minute"}],
    "deadline": [
        {
            "id": "deadline-1",
            "dagrun_id": 1,
            "deadline_time": datetime(2026, 2, 10, 0, 0, 30, tzinfo=timezone.utc),
            "missed": True,
            "last_updated_at": datetime(2026, 2, 10, 0, 0, 31, tzinfo=timezone.utc),
            "deadline_alert_id": "alert-1",
        },
        {
            "id": "deadline-2",
            "dagrun_id": 2,
            "deadline_time": before_sync(hours=-1),
            "missed": False,
            "deadline_alert_id": "alert-1",
        },
    ],
}
