"""Raw rows of datasets and assets, DAG versions, backfills, approvals and warnings.

The Airflow 3 environment was upgraded: its datasets are still in the warehouse, some of them marked
as deleted, and are assets now.
"""

from __future__ import annotations

from datetime import datetime, timezone

from tests.transform.raw_tables import SYNCED_AT, Row

_ASKED_AT = datetime(2026, 2, 10, tzinfo=timezone.utc)
_ANSWERED_AT = datetime(2026, 2, 10, 0, 1, 30, tzinfo=timezone.utc)
_BY_TASK: Row = {
    "source_dag_id": "sales",
    "source_run_id": "scheduled__1",
    "source_map_index": -1,
}

AIRFLOW_2: dict[str, list[Row]] = {
    "dataset": [
        {"id": 1, "uri": "s3://orders", "is_orphaned": False},
        {"id": 2, "uri": "s3://unused", "is_orphaned": True},
    ],
    "dataset_event": [
        {"id": 1, "dataset_id": 1, "timestamp": _ASKED_AT, "source_task_id": "load", **_BY_TASK},
        {"id": 2, "dataset_id": 1, "timestamp": _ANSWERED_AT},
    ],
    "dagrun_dataset_event": [
        # A run that was deleted, and the one that was made again under its name.
        {"dag_run_id": 3, "event_id": 1, "_sdc_deleted_at": SYNCED_AT},
        {"dag_run_id": 4, "event_id": 1},
    ],
    "task_outlet_dataset_reference": [{"dataset_id": 1, "dag_id": "sales", "task_id": "load"}],
    "dag_schedule_dataset_reference": [
        {"dataset_id": 1, "dag_id": "sales"},
        {"dataset_id": 1, "dag_id": "old"},
    ],
    "serialized_dag": [{"dag_id": "sales", "dag_hash": "hash-now"}],
    "dag_warning": [
        {"dag_id": "sales", "warning_type": "non-existent pool", "message": "no pool: ['a']"},
        {
            "dag_id": "old",
            "warning_type": "non-existent pool",
            "message": "no pool: ['b']",
            "_sdc_deleted_at": SYNCED_AT,
        },
    ],
}

AIRFLOW_3: dict[str, list[Row]] = {
    "dataset": [{"id": 1, "uri": "orders", "_sdc_deleted_at": SYNCED_AT}],
    "dataset_event": [
        {
            "id": 1,
            "dataset_id": 1,
            "timestamp": _ASKED_AT,
            "source_task_id": "mapped",
            **_BY_TASK,
            "_sdc_deleted_at": SYNCED_AT,
        },
        {"id": 2, "dataset_id": 1, "timestamp": _ASKED_AT},
    ],
    "dagrun_dataset_event": [{"dag_run_id": 1, "event_id": 1}],
    "task_outlet_dataset_reference": [{"dataset_id": 1, "dag_id": "sales", "task_id": "before"}],
    "dag_schedule_dataset_reference": [{"dataset_id": 1, "dag_id": "before"}],
    "asset_active": [{"name": "orders", "uri": "s3://orders"}],
    "asset_event": [
        {
            "id": 1,
            "asset_id": 1,
            "timestamp": _ASKED_AT,
            "source_task_id": "mapped",
            **_BY_TASK,
            "source_map_index": 0,
        },
        {"id": 2, "asset_id": 1, "timestamp": _ASKED_AT},
    ],
    "dagrun_asset_event": [{"dag_run_id": 1, "event_id": 1}, {"dag_run_id": 2, "event_id": 1}],
    "task_outlet_asset_reference": [{"asset_id": 1, "dag_id": "sales", "task_id": "mapped"}],
    "task_inlet_asset_reference": [{"asset_id": 1, "dag_id": "old", "task_id": "look"}],
    "dag_version": [
        {
            "id": f"uuid-v{number}",
            "version_number": number,
            "dag_id": "sales",
            "bundle_name": "main",
            "bundle_version": f"commit-{number}",
            "created_at": datetime(2026, 2, number, tzinfo=timezone.utc),
        }
        for number in (1, 2)
    ],
    "serialized_dag": [
        {"id": "uuid-s2", "dag_id": "sales", "dag_hash": "hash-2", "dag_version_id": "uuid-v2"}
    ],
    "backfill": [
        {
            "id": 1,
            "dag_id": "sales",
            "from_date": datetime(2026, 2, 9, tzinfo=timezone.utc),
            "to_date": datetime(2026, 2, 10, tzinfo=timezone.utc),
            "is_paused": False,
            "reprocess_behavior": "failed",
            "triggering_user_name": "jane",
        }
    ],
    "backfill_dag_run": [
        {"id": 1, "backfill_id": 1, "dag_run_id": 1, "sort_ordinal": 1},
        {"id": 2, "backfill_id": 1, "exception_reason": "in flight", "sort_ordinal": 2},
    ],
    "hitl_detail": [
        {
            "ti_id": "uuid-0",
            "subject": "Pay?",
            "created_at": _ASKED_AT,
            "responded_at": _ANSWERED_AT,
            "responded_by": '{"id": "2", "name": "joe"}',
            "chosen_options": '"rejected"',
            "assignees": '[{"id": "2", "name": "joe"}]',
        }
    ],
    # Asked by a try that the history of task instances no longer has.
    "hitl_detail_history": [{"ti_history_id": "uuid-old", "created_at": _ASKED_AT}],
}
