"""The marts over an Airflow 2.11 and an Airflow 3.3 environment."""

from __future__ import annotations

import pytest

from tests.transform.environments import GONE_AT, SECRET, THREE, TWO, at
from tests.transform.mart_rows import MARTS, Rows

# What one of the environments has nothing of.
ONLY_IN = {
    "fct_access_changes": [TWO],
    "fct_approvals": [THREE],
    "bridge_dag_tags": [TWO],
    # One sync has nothing to compare: test_login_marts.py has several.
    "fct_user_logins": [],
    "rpt_access_differences": [],
}


def test_all_marts_are_there(rows_of: Rows) -> None:
    assert rows_of(
        "select table_name from duckdb_tables() where schema_name = 'airflow_audit' order by 1"
    ) == [(mart,) for mart in MARTS]


# A calendar is the same in all environments.
@pytest.mark.parametrize("mart", sorted({*MARTS} - {"dim_dates"}))
def test_every_mart_has_both_environments(mart: str, rows_of: Rows) -> None:
    slugs = ONLY_IN.get(mart, [THREE, TWO])
    found = rows_of(f"select distinct environment_slug from {mart} order by 1")
    assert found == [(slug,) for slug in slugs]


@pytest.mark.parametrize("mart", MARTS)
def test_no_mart_shows_what_airflow_notes_beside_an_event(mart: str, rows_of: Rows) -> None:
    assert not [row for row in rows_of(f"select * from {mart}") if SECRET in repr(row)]


def test_dags(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_id, is_active, is_paused, schedule, tag_names, run_count,"
        " days_since_success, is_unused, is_deleted_at_source, deleted_at_source_at"
        " from dim_dags order by 1, 2"
    ) == [
        (THREE, "old", False, False, None, None, 0, None, False, False, None),
        (THREE, "sales", True, False, "0 0 * * *", None, 2, 18, False, False, None),
        (TWO, "dropped", False, None, None, None, 1, None, False, True, GONE_AT),
        (TWO, "old", False, True, None, None, 0, None, False, False, None),
        (TWO, "sales", True, False, "0 0 * * *", "money, tier-1", 4, 18, False, False, None),
    ]


def test_dag_runs(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_run_id, run_type, triggered_by, triggered_by_username,"
        " logical_at, due_at, queue_delay_seconds, duration_seconds, landing_delay_seconds,"
        " has_note, is_deleted_at_source from fct_dag_runs order by 1, 2"
    ) == [
        (THREE, 1, "scheduled", "timetable", None, at(10), at(10), 1, 58, 60, False, False),
        (THREE, 2, "manual", "rest_api", "joe", None, at(11), None, None, None, False, False),
        (TWO, 1, "scheduled", "timetable", None, at(9), at(10), 1.5, 597.5, 600, True, False),
        (
            TWO,
            2,
            "manual",
            "ui",
            "jane",
            at(11, 9, second=0.2),
            None,
            0.7,
            None,
            None,
            False,
            False,
        ),
        (TWO, 3, "asset_triggered", "asset", None, None, None, None, None, None, False, True),
        (TWO, 4, "asset_triggered", "asset", None, None, None, None, None, None, False, False),
        (TWO, 5, "backfill", "backfill", None, at(1), None, None, None, None, False, False),
    ]


def test_task_instances(rows_of: Rows) -> None:
    assert rows_of(
        "select tasks.environment_slug, task_id, map_index, dag_run_id, tasks.state, try_number,"
        " known_try_count, tasks.queue_delay_seconds, tasks.duration_seconds, total_seconds,"
        " wasted_seconds, tasks.is_deleted_at_source"
        " from fct_task_instances as tasks join fct_dag_runs using (dag_run_key)"
        " order by tasks.environment_slug, dag_run_id, map_index"
    ) == [
        (THREE, "mapped", -1, 1, None, 0, 0, None, None, 0, 0, True),
        (THREE, "mapped", 0, 1, "success", 1, 1, None, 1.5, 1.5, 0, False),
        (THREE, "mapped", 1, 1, "success", 1, 1, None, 1.5, 1.5, 0, False),
        (THREE, "left_behind", -1, 2, "running", 1, 1, 1.5, None, 0, 0, False),
        (TWO, "load", -1, 1, "success", 2, 2, 2.25, 60, 80.5, 20.5, False),
        (TWO, "load", -1, 4, "up_for_retry", 1, 1, None, 30, 30, 30, False),
    ]


def test_users(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, username, role_names, is_admin, is_dormant"
        " from dim_users order by 1, 2"
    ) == [
        (THREE, "jane", "Admin", True, False),
        (THREE, "joe", "sales_team", False, False),
        (TWO, "jane", "Admin", True, False),
        (TWO, "joe", "sales_team", False, False),
    ]


def test_user_permissions(rows_of: Rows) -> None:
    admin = [("Admin", None, "can_edit", "DAGs", None), ("Admin", None, "can_read", "DAGs", None)]
    assert rows_of(
        "select environment_slug, username, role_name, group_name, action_name, resource_name,"
        " dag_id, is_deleted_at_source, deleted_at_source_at"
        " from fct_user_permissions order by all"
    ) == [
        *((THREE, "jane", *permission, False, None) for permission in admin),
        (THREE, "jane", "sales_team", "shop", "can_edit", "DAG:sales", "sales", True, GONE_AT),
        (THREE, "joe", "sales_team", "shop", "can_edit", "DAG:sales", "sales", False, None),
        *((TWO, "jane", *permission, False, None) for permission in admin),
        (TWO, "joe", "sales_team", None, "can_edit", "DAG:sales", "sales", False, None),
    ]


def test_audit_events(rows_of: Rows) -> None:
    assert rows_of(
        "select events.environment_slug, log_id, category, action, object_type, actor_kind,"
        " actor_name, username, is_human, is_destructive, is_paused"
        " from fct_audit_events as events left join dim_users using (user_key) order by 1, 2"
    ) == [
        # Logged before the first sync: by Airflow 3.0, for all that is known.
        (THREE, 1, "dag", "changed", "dag", "human", "jane", "jane", True, False, None),
        (THREE, 2, "task", "finish", "task_instance", "system", None, None, False, False, None),
        (THREE, 3, "config", "delete", "connection", "human", "joe", "joe", True, True, None),
        (TWO, 1, "run", "trigger", "dag_run", "human", "jane", "jane", True, False, None),
        (TWO, 2, "task", "finish", "task_instance", "system", None, None, False, False, None),
        (TWO, 3, "task", "mark", "task_instance", "human", "jane", "jane", True, False, None),
        (TWO, 4, "dag", "pause", "dag", "human", "joe", "joe", True, False, True),
        (TWO, 5, "access", "create", "user", "command_line", "root", None, None, False, None),
    ]


def test_sync_health(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, table_name, is_full_read, source_rows, warehouse_rows,"
        " deleted_rows, is_reconciled from rpt_sync_health where table_name in ('dag', 'dag_run')"
        " order by all"
    ) == [
        (THREE, "dag", True, 2, 2, 0, True),
        (THREE, "dag_run", False, 2, 2, 0, True),
        (TWO, "dag", True, 2, 2, 1, True),
        (TWO, "dag_run", False, 4, 4, 1, True),
    ]


def test_times_are_utc(rows_of: Rows) -> None:
    (offset,) = rows_of("select distinct timezone(logged_at) from fct_audit_events")
    assert offset == (0,)


def test_columns_named_with_reserved_words(rows_of: Rows) -> None:
    assert rows_of(
        "select conn_id, connection_schema"
        " from airflow_audit_staging.stg_airflow__connections order by 1"
    ) == [("crm", "public"), ("ftp", None)]
    assert rows_of(
        "select asset_name, asset_group from airflow_audit_staging.stg_airflow__assets"
    ) == [("orders", "asset")]
