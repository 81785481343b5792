"""DAGs over time, import errors, processes and broken promises, over both environments."""

from __future__ import annotations

from datetime import datetime, timezone

from tests.transform.environments import GONE_AT, THREE, TWO, at
from tests.transform.history_rows import before_sync
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import SYNCED_AT


def test_dags_history_begins_with_the_first_build(rows_of: Rows) -> None:
    since_sync = (SYNCED_AT, None, True, 0)
    assert rows_of(
        "select environment_slug, dag_id, history_number, is_active, is_paused, schedule,"
        " owner_names, bundle_name, is_deleted_at_source, valid_from_at, valid_to_at, is_current,"
        " lasted_seconds from dim_dags_history order by 1, 2"
    ) == [
        (THREE, "old", 1, False, False, None, None, None, False, *since_sync),
        (THREE, "sales", 1, True, False, "0 0 * * *", "shop", "main", False, *since_sync),
        (TWO, "dropped", 1, False, None, None, None, None, True, GONE_AT, None, True, 86400),
        (TWO, "old", 1, False, True, None, None, None, False, *since_sync),
        (TWO, "sales", 1, True, False, "0 0 * * *", "shop", None, False, *since_sync),
    ]


def test_import_errors(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, bundle_name, file_path, first_seen_at, resolved_at, is_resolved,"
        " broken_seconds from fct_import_errors order by 1"
    ) == [
        (THREE, "main", "broken.py", before_sync(hours=1), None, False, 3600),
        (TWO, None, "/dags/broken.py", before_sync(hours=2), None, False, 7200),
    ]


def test_component_heartbeats(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, job_id, component, last_alive_at, is_alive, has_unclean_shutdown,"
        " gap_started_at, gap_before_seconds from fct_component_heartbeats order by 1, 2"
    ) == [
        (THREE, 1, "triggerer", before_sync(seconds=3), True, False, None, None),
        (THREE, 2, "dag_processor", before_sync(hours=4), False, True, None, None),
        (TWO, 1, "scheduler", before_sync(hours=30), False, False, None, None),
        (TWO, 2, "scheduler", before_sync(hours=10), False, True, before_sync(hours=30), 20),
        (TWO, 3, "scheduler", before_sync(seconds=5), True, False, before_sync(hours=10), 7200),
    ]


def test_sla_misses(rows_of: Rows) -> None:
    day = datetime(2026, 2, 10, tzinfo=timezone.utc)
    assert rows_of(
        "select misses.environment_slug, miss_kind, misses.dag_id, fct_dag_runs.dag_run_id,"
        " misses.run_id, task_id, deadline_alert_name, run_due_at"
        " from fct_sla_misses as misses join fct_dag_runs using (dag_run_key) order by 1"
    ) == [
        (THREE, "deadline", "sales", 1, "scheduled__1", None, "within half a minute", day),
        (TWO, "sla", "sales", 1, "scheduled__1", "load", None, day),
    ]
    assert rows_of(
        "select environment_slug, due_at, missed_at, outcome, completed_at, late_seconds,"
        " was_notified from fct_sla_misses order by 1"
    ) == [
        (THREE, at(10, second=30), at(10, second=31), "completed", at(10, minute=1), 30, None),
        (TWO, None, at(10, minute=5), "completed", at(10, minute=6, second=2.25), 62.25, True),
    ]
