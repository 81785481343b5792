"""Two small Airflow environments, in raw rows: one of Airflow 2.11 and one of 3.3.

Ids repeat between them on purpose. `SECRET` stands where Airflow may write secrets.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tests.transform import aggregates_rows, asset_rows, changes_rows, history_rows, trigger_rows
from tests.transform.raw_tables import SYNCED_AT, Row

SECRET = "hunter2-in-clear"  # noqa: S105
TWO, THREE = "prod-eu", "analytics"
GONE_AT = SYNCED_AT - timedelta(days=1)


def at(day: int, hour: int = 0, minute: int = 0, second: float = 0) -> datetime:
    """Return a moment of February 2026."""
    start = datetime(2026, 2, day, hour, minute, tzinfo=timezone.utc)
    return start + timedelta(seconds=second)


_ACCESS: dict[str, list[Row]] = {
    "ab_role": [{"id": 1, "name": "Admin"}, {"id": 2, "name": "sales_team"}],
    "ab_permission": [{"id": 1, "name": "can_read"}, {"id": 2, "name": "can_edit"}],
    "ab_view_menu": [{"id": 1, "name": "DAGs"}, {"id": 2, "name": "DAG:sales"}],
    "ab_permission_view": [
        {"id": 1, "permission_id": 1, "view_menu_id": 1},
        {"id": 2, "permission_id": 2, "view_menu_id": 1},
        {"id": 3, "permission_id": 2, "view_menu_id": 2},
    ],
    "ab_permission_view_role": [
        {"id": 1, "permission_view_id": 1, "role_id": 1},
        {"id": 2, "permission_view_id": 2, "role_id": 1},
        {"id": 3, "permission_view_id": 3, "role_id": 2},
    ],
    "ab_user": [
        {
            "id": 1,
            "username": "jane",
            "active": True,
            "created_on": at(1),
            "last_login": at(27),
        },
        {
            "id": 2,
            "username": "joe",
            "active": True,
            "created_on": datetime(2025, 1, 1, tzinfo=timezone.utc),
        },
    ],
    "ab_user_role": [{"id": 1, "user_id": 1, "role_id": 1}],
}

_AIRFLOW_2: dict[str, list[Row]] = {
    "ab_user_role": [
        {"id": 1, "user_id": 1, "role_id": 1},
        {"id": 2, "user_id": 2, "role_id": 2},
    ],
    "dag": [
        {
            "dag_id": "sales",
            "is_active": True,
            "is_paused": False,
            "owners": "shop",
            "schedule_interval": '"@daily"',
        },
        {"dag_id": "old", "is_active": False, "is_paused": True},
        {"dag_id": "dropped", "is_active": True, "_sdc_deleted_at": GONE_AT},
    ],
    "dag_tag": [{"dag_id": "sales", "name": "tier-1"}, {"dag_id": "sales", "name": "money"}],
    "dag_run": [
        {
            "id": 1,
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "run_type": "scheduled",
            "state": "success",
            "execution_date": at(9),
            "data_interval_end": at(10),
            "queued_at": at(10, second=1),
            "start_date": at(10, second=2.5),
            "end_date": at(10, minute=10),
            "external_trigger": False,
            "clear_number": 0,
        },
        {
            "id": 2,
            "dag_id": "sales",
            "run_id": "manual__1",
            "run_type": "manual",
            "state": "running",
            "execution_date": at(11, 9, second=0.2),
            "queued_at": at(11, 9, second=0.3),
            "start_date": at(11, 9, second=1),
            "external_trigger": True,
        },
        # Deleted in Airflow and made again under the same name.
        {
            "id": 3,
            "dag_id": "sales",
            "run_id": "again",
            "run_type": "dataset_triggered",
            "state": "failed",
            "_sdc_deleted_at": GONE_AT,
        },
        {
            "id": 4,
            "dag_id": "sales",
            "run_id": "again",
            "run_type": "dataset_triggered",
            "state": "success",
        },
        # What a backfill leaves behind when its job is cleaned up.
        {
            "id": 5,
            "dag_id": "dropped",
            "run_id": "backfill__1",
            "run_type": "backfill",
            "state": "success",
            "execution_date": at(1),
            "creating_job_id": 77,
            "dag_hash": "hash-of-dropped",
        },
    ],
    "dag_run_note": [{"dag_run_id": 1, "user_id": "1"}],
    "task_instance": [
        {
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "task_id": "load",
            "map_index": -1,
            "state": "success",
            "try_number": 2,
            "queued_dttm": at(10, minute=5),
            "start_date": at(10, minute=5, second=2.25),
            "end_date": at(10, minute=6, second=2.25),
            "duration": 60.0,
            "pool": "etl",
            "pool_slots": 2,
        },
        {
            "dag_id": "sales",
            "run_id": "again",
            "task_id": "load",
            "map_index": -1,
            "state": "up_for_retry",
            "try_number": 1,
            "start_date": at(12),
            "end_date": at(12, second=30),
            "duration": 30.0,
            "pool": "etl",
            "pool_slots": 1,
        },
    ],
    "task_instance_history": [
        {
            "id": 1,
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "task_id": "load",
            "map_index": -1,
            "state": "failed",
            "try_number": 1,
            "start_date": at(10, minute=1),
            "end_date": at(10, minute=1, second=20.5),
            "duration": 20.5,
            "pool": "etl",
            "pool_slots": 2,
        },
        {
            "id": 2,
            "dag_id": "sales",
            "run_id": "again",
            "task_id": "load",
            "map_index": -1,
            "state": "failed",
            "try_number": 1,
            "start_date": at(12),
            "end_date": at(12, second=30),
            "duration": 30.0,
            "pool": "etl",
            "pool_slots": 1,
        },
    ],
    "log": [
        {"id": 1, "dttm": at(11, 9), "event": "trigger", "dag_id": "sales", "owner": "jane"},
        {
            "id": 2,
            "dttm": at(12),
            "event": "failed",
            "dag_id": "sales",
            "task_id": "load",
            "map_index": -1,
            "owner": "shop",
        },
        {
            "id": 3,
            "dttm": at(13),
            "event": "failed",
            "dag_id": "sales",
            "task_id": "load",
            "owner": "jane",
            "extra": SECRET,
        },
        {
            "id": 4,
            "dttm": at(14),
            "event": "paused",
            "dag_id": "old",
            "owner": "joe",
            "extra": '{"is_paused": true}',
        },
        {"id": 5, "dttm": at(15), "event": "cli_users_create", "owner": "root", "extra": SECRET},
    ],
}

_AIRFLOW_3: dict[str, list[Row]] = {
    "ab_group": [{"id": 9, "name": "shop"}],
    "ab_group_role": [{"id": 1, "group_id": 9, "role_id": 2}],
    "ab_user_group": [
        {"id": 1, "user_id": 2, "group_id": 9},
        {"id": 2, "user_id": 1, "group_id": 9, "_sdc_deleted_at": GONE_AT},
    ],
    "dag": [
        {
            "dag_id": "sales",
            "is_stale": False,
            "is_paused": False,
            "owners": "shop",
            "timetable_summary": "0 0 * * *",
            "bundle_name": "main",
            "last_parse_duration": 0.25,
        },
        {"dag_id": "old", "is_stale": True, "is_paused": False, "timetable_summary": "None"},
    ],
    "dag_run": [
        {
            "id": 1,
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "run_type": "scheduled",
            "state": "success",
            "logical_date": at(10),
            "run_after": at(10),
            "queued_at": at(10, second=1),
            "start_date": at(10, second=2),
            "end_date": at(10, minute=1),
            "triggered_by": "TIMETABLE",
            "clear_number": 0,
        },
        {
            "id": 2,
            "dag_id": "sales",
            "run_id": "manual__1",
            "run_type": "manual",
            "state": "success",
            "run_after": at(11),
            "triggered_by": "REST_API",
            "triggering_user_name": "joe",
        },
    ],
    "task_instance": [
        {
            "dag_id": "sales",
            "run_id": "scheduled__1",
            "task_id": "mapped",
            "map_index": map_index,
            "state": "success" if map_index >= 0 else None,
            "try_number": 1 if map_index >= 0 else 0,
            "start_date": at(10) if map_index >= 0 else None,
            "end_date": at(10, second=1.5) if map_index >= 0 else None,
            "duration": 1.5 if map_index >= 0 else None,
            "id": f"uuid-{map_index}",
            "pool": "etl",
            "pool_slots": 1,
            # The placeholder was last read before the task expanded.
            "_sdc_extracted_at": SYNCED_AT if map_index >= 0 else GONE_AT,
        }
        for map_index in (-1, 0, 1)
    ]
    + [
        # Its run has ended, and it gave no sign of life for days.
        {
            "dag_id": "sales",
            "run_id": "manual__1",
            "task_id": "left_behind",
            "map_index": -1,
            "state": "running",
            "try_number": 1,
            "scheduled_dttm": at(11, 23, 59, 58),
            "queued_dttm": at(11, 23, 59, 58.5),
            "start_date": at(12),
            "last_heartbeat_at": at(12, 1),
            "id": "uuid-left-behind",
            "pool": "etl",
            "pool_slots": 1,
        },
    ],
    "log": [
        {
            "id": 1,
            "dttm": at(11),
            "event": "patch_dag",
            "dag_id": "sales",
            "owner": "jane",
            "extra": '{"is_paused": false, "token": "' + SECRET + '"}',
        },
        {
            "id": 2,
            "dttm": at(12),
            "event": "success",
            "dag_id": "sales",
            "task_id": "mapped",
            "run_id": "scheduled__1",
            "map_index": 0,
            "try_number": 1,
            "owner": "shop",
            "extra": '{"host_name": "worker"}',
        },
        {"id": 3, "dttm": at(13), "event": "delete_connection", "owner": "joe"},
    ],
    "connection": [{"id": 1, "conn_id": "crm", "schema": "public"}],
    "asset": [{"id": 1, "name": "orders", "uri": "s3://orders", "group": "asset"}],
}

AIRFLOW_2 = (
    _ACCESS
    | _AIRFLOW_2
    | aggregates_rows.AIRFLOW_2
    | asset_rows.AIRFLOW_2
    | changes_rows.AIRFLOW_2
    | history_rows.AIRFLOW_2
    | trigger_rows.AIRFLOW_2
)
AIRFLOW_3 = (
    _ACCESS
    | _AIRFLOW_3
    | aggregates_rows.AIRFLOW_3
    | asset_rows.AIRFLOW_3
    | changes_rows.AIRFLOW_3
    | history_rows.AIRFLOW_3
    | trigger_rows.AIRFLOW_3
)
