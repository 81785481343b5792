"""Assets, DAG versions, backfills, approvals and warnings over the two environments."""

from __future__ import annotations

from tests.transform.environments import THREE, TWO, at
from tests.transform.mart_rows import Rows


def test_asset_events_of_an_upgraded_environment_are_there_once(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, asset_event_id, asset_name, asset_uri, source_task_id,"
        " source_map_index, triggered_run_count, is_deleted_at_source"
        " from fct_asset_events order by 1, 2"
    ) == [
        (THREE, 1, "orders", "s3://orders", "mapped", 0, 2, False),
        (THREE, 2, "orders", "s3://orders", None, None, 0, False),
        (TWO, 1, "s3://orders", "s3://orders", "load", -1, 2, False),
        (TWO, 2, "s3://orders", "s3://orders", None, None, 0, False),
    ]


def test_asset_events_lead_to_what_produced_them(rows_of: Rows) -> None:
    joined = (
        "select events.environment_slug, asset_event_id, dag_runs.run_id, tasks.task_id,"
        " tasks.map_index, dags.dag_id from fct_asset_events as events"
        " left join fct_dag_runs as dag_runs using (dag_run_key)"
        " left join fct_task_instances as tasks using (task_instance_key)"
        " left join dim_dags as dags on dags.dag_key = events.dag_key order by 1, 2"
    )
    assert rows_of(joined) == [
        (THREE, 1, "scheduled__1", "mapped", 0, "sales"),
        (THREE, 2, None, None, None, None),
        (TWO, 1, "scheduled__1", "load", -1, "sales"),
        (TWO, 2, None, None, None, None),
    ]


def test_asset_lineage(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, asset_name, is_active, producer_task_id, is_declared_outlet,"
        " consumer_dag_id, is_scheduled_on, is_declared_inlet"
        " from bridge_asset_lineage order by all"
    ) == [
        (THREE, "orders", True, "mapped", True, "old", False, True),
        (THREE, "orders", True, "mapped", True, "sales", True, False),
        (TWO, "s3://orders", True, "load", True, "old", True, False),
        (TWO, "s3://orders", True, "load", True, "sales", True, False),
        (TWO, "s3://unused", False, None, None, None, None, None),
    ]


def test_dag_versions(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_id, version_number, bundle_version, dag_hash, created_at,"
        " is_latest, run_count from fct_dag_versions order by 1, 2, 3"
    ) == [
        (THREE, "sales", 1, "commit-1", None, at(1), False, 0),
        (THREE, "sales", 2, "commit-2", "hash-2", at(2), True, 0),
        (TWO, "dropped", None, None, "hash-of-dropped", None, False, 1),
        (TWO, "sales", None, None, "hash-now", None, True, 0),
    ]


def test_backfills(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, backfill_id, creating_job_id, dag_id, triggered_by_username,"
        " state, reprocess_behavior, run_count, succeeded_run_count, skipped_date_count,"
        " skip_reasons from fct_backfills order by 1"
    ) == [
        (THREE, 1, None, "sales", "jane", "running", "failed", 1, 1, 1, "in flight"),
        (TWO, None, 77, "dropped", None, None, None, 1, 1, None, None),
    ]
    assert rows_of(
        "select from_at, to_at, first_logical_at, last_logical_at from fct_backfills"
        " order by environment_slug"
    ) == [(at(9), at(10), at(10), at(10)), (None, None, at(1), at(1))]


def test_approvals(rows_of: Rows) -> None:
    assert rows_of(
        "select approvals.task_id, approvals.map_index, dag_runs.run_id, subject, asked_at,"
        " responded_by_username, verdict, approvals.waited_seconds, is_open, was_default_taken"
        " from fct_approvals as approvals left join fct_dag_runs as dag_runs using (dag_run_key)"
        " left join fct_task_instances as tasks using (task_instance_key) order by 1 nulls last"
    ) == [
        ("mapped", 0, "scheduled__1", "Pay?", at(10), "joe", "rejected", 90, False, False),
        (None, None, None, None, at(10), None, None, None, False, False),
    ]


def test_only_current_warnings_count(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_id, has_warnings, warning_messages from dim_dags"
        " where has_warnings or dag_id = 'old' order by 1, 2"
    ) == [
        (THREE, "old", False, None),
        (TWO, "old", False, None),
        (TWO, "sales", True, "no pool: ['a']"),
    ]
