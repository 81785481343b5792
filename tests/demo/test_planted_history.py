"""What two syncs tell that neither database tells alone, as demo/README.md lists it."""

from __future__ import annotations

from tests.demo.demo_runs import ANALYTICS, PRODUCTION


def test_accounts_that_changed(marts):
    changed = marts(
        "select environment_slug, change_kind, username, role_name, actor_name"
        " from fct_access_changes where is_observed and username is not null order by all"
    )
    assert changed == [
        (ANALYTICS, "account_created", "nina", None, "root"),
        (PRODUCTION, "account_created", "noor", None, "airflow"),
        (PRODUCTION, "account_switched_off", "bilal", None, None),
        (PRODUCTION, "account_switched_on", "ines", None, None),
        (PRODUCTION, "role_granted", "jonas", "Admin", "root"),
        (PRODUCTION, "role_granted", "noor", "User", "airflow"),
    ]


def test_rights_that_the_upgrade_brought(marts):
    """Nobody gave them; people of roles gained them."""
    granted = marts(
        "select role_name, action_name, resource_name from fct_access_changes"
        " where environment_slug = ? and change_kind = 'permission_granted' and is_observed"
        " and not is_attributed order by all",
        ANALYTICS,
    )
    assert granted == [
        ("Admin", "can_edit", "Assets"),
        ("Admin", "can_read", "All Audit Logs"),
        ("Admin", "can_read", "All Import Errors"),
        ("Admin", "can_read", "All Reparses"),
        ("Op", "can_edit", "Assets"),
    ]


def test_who_may_do_more_or_less_than_before(marts, ask):
    ((gained,),) = marts(
        "select count(*) from rpt_access_differences where username = 'jonas'"
        " and difference = 'gained' and environment_slug = ?",
        PRODUCTION,
    )
    pairs = """
        select permission_id, view_menu_id from {schema}.ab_user_role
        join {schema}.ab_permission_view_role using (role_id)
        join {schema}.ab_permission_view on ab_permission_view.id = permission_view_id
        join {schema}.ab_user on ab_user.id = user_id and username = 'jonas'
    """
    now, before = (pairs.format(schema=schema) for schema in ("public", "earlier"))
    assert [(gained,)] == ask(PRODUCTION, f"select count(*) from ({now} except {before}) as new")
    assert marts(
        "select distinct difference from rpt_access_differences where username = 'bilal'"
    ) == [("lost",)]
    assert marts(
        "select distinct difference from rpt_access_differences where username = 'ines'"
    ) == [("gained",)]


def test_who_could_do_what_on_a_past_day(marts, ask):
    """As the sync before that day found it."""
    told = marts(
        "select distinct username, action_name, resource_name from fct_user_permissions_history"
        " where environment_slug = ? and valid_from_at <= timestamptz '2026-10-15 00:00:00+00'"
        " and coalesce(valid_to_at > timestamptz '2026-10-15 00:00:00+00', true)",
        PRODUCTION,
    )
    at_source = ask(
        PRODUCTION,
        """
        select distinct username, ab_permission.name, ab_view_menu.name from earlier.ab_user
        join earlier.ab_user_role on ab_user_role.user_id = ab_user.id
        join earlier.ab_permission_view_role using (role_id)
        join earlier.ab_permission_view on ab_permission_view.id = permission_view_id
        join earlier.ab_permission on ab_permission.id = permission_id
        join earlier.ab_view_menu on ab_view_menu.id = view_menu_id
        where active
        """,
    )
    assert len(told) > 500
    assert sorted(told) == sorted(at_source)


def test_connections_led_elsewhere(marts):
    assert marts(
        "select environment_slug, object_name, actor_name from fct_config_changes"
        " where object_type = 'connection' and changed_columns = 'host' order by all"
    ) == [(ANALYTICS, "warehouse", "tomas"), (PRODUCTION, "crm", "mara")]


def test_what_is_gone_is_kept(marts, ask):
    for mart, name, gone in (
        ("dim_connections", "conn_id", {"old_warehouse"}),
        ("dim_variables", "variable_name", {"old_alpha", "carrier_override"}),
    ):
        assert {
            key for (key,) in marts(f"select {name} from {mart} where is_deleted_at_source")
        } == gone
    for slug in (PRODUCTION, ANALYTICS):
        ((kept,),) = marts(
            "select count(*) from fct_audit_events where environment_slug = ?"
            " and is_deleted_at_source",
            slug,
        )
        assert kept > 8_000
        assert [(kept,)] == ask(
            slug, "select count(*) from earlier.log where id not in (select id from log)"
        )


def test_dags_that_were_paused_since(marts):
    paused = marts(
        "select dag_id from dim_dags_history as now join dim_dags_history as before"
        " using (dag_key, dag_id) where now.is_current and now.is_paused and not before.is_paused"
        " order by 1"
    )
    assert paused == [("legacy_crm_import",), ("newsletter_segments",), ("survey_import",)]


def test_the_upgrade_is_seen(marts):
    versions = marts(
        "select distinct environment_slug, airflow_schema_version from rpt_sync_health order by all"
    )
    assert versions == [(ANALYTICS, "3.2.0"), (ANALYTICS, "3.3.0"), (PRODUCTION, "2.10.3")]


def test_ends_that_only_the_earlier_sync_saw(marts):
    ends = marts(
        "select runs.dag_id, runs.first_state, runs.state from fct_dag_runs as runs"
        " join fct_dag_run_outcomes as outcomes using (dag_run_key)"
        " where outcomes.evidence = 'earlier_sync' order by all"
    )
    assert {
        ("ledger_close", "failed", "success"),
        ("storefront_search_index", "failed", "success"),
    } < {*ends}


def test_log_ins_between_the_syncs(marts, ask):
    for slug in (PRODUCTION, ANALYTICS):
        told = marts(
            "select username, login_count from fct_user_logins where environment_slug = ?"
            " and login_count > 0 order by 1",
            slug,
        )
        assert told == ask(
            slug,
            """
            select username, now.login_count - coalesce(before.login_count, 0)
            from ab_user as now left join earlier.ab_user as before using (id, username)
            where now.login_count > coalesce(before.login_count, 0) order by username collate "C"
            """,
        )
        assert len(told) > 5


def test_who_left_and_who_is_about_to(marts):
    assert marts(
        "select environment_slug, username from rpt_access_review where has_left order by all"
    ) == [(ANALYTICS, "otto"), (PRODUCTION, "otto")]
    assert marts("select count(*) from dim_users where username = 'yara'") > [(0,)]


def test_slots_have_a_price(marts):
    ((rate,),) = marts(
        "select sum(slot_hours_cost) / sum(slot_hours) from rpt_cost_allocation"
        " where allocated_by = 'owner'"
    )
    assert round(rate, 6) == 0.8


def test_syncs_that_came_late(marts):
    assert marts(
        "select distinct environment_slug, lag_seconds / 3600 / 24 from rpt_sync_health"
        " where not is_latest_sync and table_name = 'dag_run' order by all"
    ) == [(ANALYTICS, 43.0), (PRODUCTION, 43.0)]
