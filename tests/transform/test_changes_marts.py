"""Interventions, changes of settings and the access review, over the two small environments."""

from __future__ import annotations

import json
from datetime import timedelta

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import SECRET, THREE, TWO, at
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import SYNCED_AT, insert
from tests.transform.running_dbt import DbtProject

LATER = SYNCED_AT + timedelta(days=1)
BETWEEN = SYNCED_AT + timedelta(hours=1)


def test_manual_interventions(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, log_id, action, actor_name, dag_id, run_id, run_count,"
        " task_instance_count from fct_manual_interventions order by 1, 2"
    ) == [
        (THREE, 1, "changed", "jane", "sales", None, None, None),
        (TWO, 1, "trigger", "jane", "sales", "manual__1", 1, None),
        (TWO, 3, "mark", "jane", "sales", None, None, None),
        (TWO, 4, "pause", "joe", "old", None, None, None),
    ]


def test_config_changes(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, changed_at, action, object_type, object_name, actor_kind,"
        " actor_name from fct_config_changes order by 1, 2"
    ) == [
        (THREE, at(13), "delete", "connection", None, "human", "joe"),
        (TWO, at(15), "create", "user", None, "command_line", "root"),
    ]


def test_access_review(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, username, is_admin, role_names, group_names,"
        " permission_count, has_never_logged_in, has_left, last_activity_at"
        " from rpt_access_review order by 1, 2"
    ) == [
        (THREE, "jane", True, "Admin", None, 2, False, False, at(27)),
        (THREE, "joe", False, "sales_team", "shop", 1, True, False, at(13)),
        (TWO, "jane", True, "Admin", None, 2, False, False, at(27)),
        (TWO, "joe", False, "sales_team", None, 1, True, False, at(14)),
    ]


def test_connections_and_variables(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, conn_id, host, is_encrypted from dim_connections order by 1, 2"
    ) == [(THREE, "crm", None, None), (TWO, "ftp", "ftp.example", False)]
    assert rows_of(
        "select environment_slug, variable_name, is_encrypted, team_name"
        " from dim_variables order by 1, 2"
    ) == [(THREE, "rates", False, "shop"), (TWO, "rates", True, None)]


def test_dimensions_and_bridges(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, airflow_schema_version, is_access_known, sync_count,"
        " first_synced_at = synced_at"
        " from dim_environments order by 1"
    ) == [
        (THREE, "3.3.2", True, 1, True),
        (TWO, "2.11.0", True, 1, True),
    ]
    assert rows_of(
        "select environment_slug, pool_name, slot_count from dim_pools order by 1, 2"
    ) == [
        (THREE, "etl", 4),
        (THREE, "unlimited", -1),
        (TWO, "etl", 2),
    ]
    assert rows_of(
        "select environment_slug, role_name, user_count, active_user_count from dim_roles"
        " order by 1, 2"
    ) == [
        (THREE, "Admin", 1, 1),
        (THREE, "sales_team", 1, 1),
        (TWO, "Admin", 1, 1),
        (TWO, "sales_team", 1, 1),
    ]
    assert rows_of(
        "select environment_slug, dag_id, tag_name from bridge_dag_tags order by 1, 2, 3"
    ) == [
        (TWO, "sales", "money"),
        (TWO, "sales", "tier-1"),
    ]
    assert rows_of(
        "select environment_slug, dag_id, owner_name from bridge_dag_owners order by 1, 2, 3"
    ) == [
        (THREE, "sales", "shop"),
        (TWO, "sales", "shop"),
    ]


def test_changes_between_two_syncs(project: DbtProject) -> None:
    changed = [
        (2, "connection.delete", {"pk": "1"}),
        (2, "variable.edit", {"pk": "1"}),
        (2, "variable.edit", {"key": "rates", "val": SECRET}),
        (3, "patch_variable", {"value": {"key": SECRET}, "key": "rates"}),
        (3, "patch_connection", {"connection_id": "crm", "extra": {"conn_id": SECRET}}),
    ]
    seen = {"_sdc_extracted_at": LATER}
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for log_id, (airflow, event, extra) in enumerate(changed, start=10):
            row = {"id": log_id, "dttm": BETWEEN, "event": event, "owner": "jane"} | seen
            slug = TWO if airflow == 2 else THREE
            insert(warehouse, slug, "log", [row | {"extra": json.dumps(extra)}])
        # What the events tell: the connection is gone. What none tells: a variable and a role.
        warehouse.execute(f"update \"airflow_{TWO}\".connection set _sdc_deleted_at = '{LATER}'")
        insert(warehouse, THREE, "variable", [{"id": 2, "key": "found"} | seen])
        insert(warehouse, TWO, "variable", [{"id": 2, "key": "told by the edit?"} | seen])
        insert(warehouse, TWO, "ab_user_role", [{"id": 9, "user_id": 2, "role_id": 1} | seen])

    made_anew = ["resource_type:snapshot", "dim_users", "fct_audit_events", "fct_config_changes"]
    build = ["build", "--exclude-resource-type", "test", "unit_test", "--select", *made_anew]
    done = project.run(*build, ENVIRONMENT_SLUGS=BOTH)

    assert done.exit_code == 0, done.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; use airflow_audit")
        rows = warehouse.execute("select * from fct_config_changes").fetchall()
        assert SECRET not in repr(rows)
        assert warehouse.execute(
            "select environment_slug, object_type, object_name, role_name, action, actor_name,"
            f" unchanged_until_at from fct_config_changes where changed_at > '{SYNCED_AT}'"
            " order by all"
        ).fetchall() == [
            (THREE, "connection", "crm", None, "edit", "jane", None),
            (THREE, "variable", None, None, "edit", "jane", None),
            (TWO, "connection", "ftp", None, "delete", "jane", None),
            (TWO, "user", "joe", "Admin", "create", None, SYNCED_AT),
            (TWO, "variable", "rates", None, "edit", "jane", None),
            (TWO, "variable", "told by the edit?", None, "create", None, SYNCED_AT),
        ]


def test_leavers_come_from_a_relation_of_ones_own(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("create schema hr")
        warehouse.execute(
            "create table hr.left_us as select 'jane' as username, date '2026-01-31' as left_on"
        )
    done = project.run(
        *("run", "--select", "int_leavers_by_environment", "rpt_access_review"),
        *("--vars", '{"hr_leavers_relation": "hr.left_us"}'),
        ENVIRONMENT_SLUGS=BOTH,
    )
    assert done.exit_code == 0, done.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        assert warehouse.execute(
            "select distinct username from airflow_audit.rpt_access_review where is_active_leaver"
        ).fetchall() == [("jane",)]


def test_accounts_that_airflow_does_not_keep_come_from_a_relation_of_ones_own(
    project: DbtProject,
) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f"update airflow_{THREE}.ab_user set _sdc_deleted_at = ?", [SYNCED_AT])
        warehouse.execute("create schema iam")
        warehouse.execute(
            f"""
            create table iam.access as
            from (values
                ('{THREE}', 'jane', 'admin', true, true),
                ('{THREE}', 'jane', 'viewer', true, false),
                ('{THREE}', 'joe', null, false, false),
                ('{TWO}', 'mallory', 'admin', true, true)
            ) as listed (environment_slug, username, role_name, is_active, is_privileged)
            """
        )
    done = project.run(
        *("build", "--full-refresh", "--select", "int_external_access_listed+"),
        *("--vars", '{"external_access_relation": "iam.access"}'),
        ENVIRONMENT_SLUGS=BOTH,
    )
    assert done.exit_code == 0, done.output
    assert f"says of environment {TWO} is not used: its database has accounts" in done.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("use airflow_audit")
        assert warehouse.execute(
            "select environment_slug, is_access_known, access_source from dim_environments"
            " order by 1"
        ).fetchall() == [(THREE, True, "external"), (TWO, True, "airflow")]
        assert warehouse.execute(
            "select username, role_names, is_active, is_admin, is_privileged, permission_count,"
            " has_never_logged_in, is_dormant, last_activity_at from rpt_access_review"
            " where environment_slug = ? and not is_deleted_at_source order by 1",
            [THREE],
        ).fetchall() == [
            ("jane", "admin, viewer", True, True, True, None, None, None, at(11)),
            ("joe", None, False, False, False, None, None, None, at(13)),
        ]
        assert warehouse.execute(
            "select role_name, is_privileged, active_user_count from dim_roles"
            " where environment_slug = ? and role_id is null order by 1",
            [THREE],
        ).fetchall() == [("admin", True, 1), ("viewer", False, 1)]


def test_an_event_that_the_seed_does_not_know_is_told(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        insert(warehouse, TWO, "log", [{"id": n, "event": "brand_new"} for n in (97, 98)])
    done = project.run("test", "--select", "assert_audit_events_are_known", ENVIRONMENT_SLUGS=BOTH)
    assert done.exit_code == 0, done.output
    assert f'Environment {TWO} has 2 events "brand_new"' in done.output
    assert "Add a line for it to transform/seeds/audit_events.csv" in done.output
