"""What demo/README.md says is hidden in the bundled databases is really there."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION

MEDIAN = "percentile_cont(0.5) within group (order by {})"
# The demo's present, and the two months before it.
MONTH_BEGINS = datetime(2026, 10, 16, 6, 20, tzinfo=timezone.utc)
MONTH_BEFORE = datetime(2026, 9, 18, 6, 20, tzinfo=timezone.utc)


def growth(ask, slug: str, dag_id: str, task_id: str | None = None) -> float:
    """How the median duration has changed from four weeks to the next, in percent."""
    source, where = "dag_run", ""
    if task_id:
        source, where = "task_instance", f"and task_id = '{task_id}'"
    median = MEDIAN.format("end_date - start_date")
    ((before, now),) = ask(
        slug,
        f"""
        select {median} filter (where start_date between %s and %s),
            {median} filter (where start_date > %s)
        from {source} where dag_id = %s and state = 'success' {where}
        """,
        MONTH_BEFORE,
        MONTH_BEGINS,
        MONTH_BEGINS,
        dag_id,
    )
    return 100 * (now / before - 1)


def roles(ask, slug: str, username: str) -> set[str]:
    return {
        role
        for (role,) in ask(
            slug,
            "select ab_role.name from ab_user join ab_user_role on user_id = ab_user.id"
            " join ab_role on ab_role.id = role_id where username = %s",
            username,
        )
    }


def test_orders_hourly_got_slower(ask):
    assert growth(ask, PRODUCTION, "orders_hourly") == pytest.approx(40, abs=3)
    assert growth(ask, PRODUCTION, "orders_hourly", "build_order_facts") > 60
    assert abs(growth(ask, PRODUCTION, "orders_hourly", "load_orders")) < 5


def test_smaller_pool_makes_the_nightly_checks_wait(ask):
    assert ask(PRODUCTION, "select slots from slot_pool where pool = 'warehouse'") == [(6,)]
    assert ask(
        PRODUCTION,
        "select owner, extra::json ->> 'slots', dttm::date::text from log"
        " where event = 'pool.edit'",
    ) == [("marco", "6", "2026-10-12")]
    assert growth(ask, PRODUCTION, "data_quality_nightly") > 40
    assert abs(growth(ask, PRODUCTION, "data_quality_nightly", "run_check")) < 15


def test_schedulers_hung_for_a_night(ask):
    crashed = ask(
        PRODUCTION,
        "select latest_heartbeat, end_date from job"
        " where job_type = 'SchedulerJob' and state = 'failed'",
    )
    assert [(f"{at:%Y-%m-%d %H:%M}", end) for at, end in crashed] == [
        ("2026-10-21 01:38", None)
    ] * 2
    hung = "queued_at between '2026-10-21 01:38:12+00' and '2026-10-21 05:04:30+00'"
    assert ask(
        PRODUCTION, f"select count(*) from dag_run where run_type = 'scheduled' and {hung}"
    ) == [(0,)]
    # Nothing catches up: three hours of orders never had a run.
    runs = ask(
        PRODUCTION,
        "select execution_date from dag_run where dag_id = 'orders_hourly'"
        " and execution_date between '2026-10-21 00:00+00' and '2026-10-21 05:00+00' order by 1",
    )
    assert [at.hour for (at,) in runs] == [0, 4, 5]


def test_dana_is_an_admin_who_never_logged_in(ask):
    assert roles(ask, PRODUCTION, "dana") == {"Admin"}
    assert ask(
        PRODUCTION, "select active, last_login, login_count from ab_user where username = 'dana'"
    ) == [(True, None, 0)]


def test_jonas_became_admin_on_the_command_line_at_night(ask):
    assert roles(ask, PRODUCTION, "jonas") == {"User", "Admin"}
    ((owner, at, command),) = ask(
        PRODUCTION,
        "select owner, dttm, extra::json ->> 'full_command' from log"
        " where event = 'cli_users_manage_role'",
    )
    assert (owner, f"{at:%Y-%m-%d %H:%M}") == ("root", "2026-10-30 22:47")
    assert "'jonas', '--role', 'Admin'" in command


def test_otto_has_left_and_can_still_log_in(ask):
    ((active, last_login),) = ask(
        PRODUCTION, "select active, last_login from ab_user where username = 'otto'"
    )
    assert active
    assert f"{last_login:%Y-%m-%d}" == "2026-09-03"
    assert roles(ask, PRODUCTION, "otto") == {"Op"}
    assert ask(PRODUCTION, "select event, dag_id from log where owner = 'otto'") == [
        ("delete", "legacy_import")
    ]
    assert ask(PRODUCTION, "select 1 from dag where dag_id = 'legacy_import'") == []


def test_guest_has_no_role_and_ines_fails_to_log_in(ask):
    assert roles(ask, PRODUCTION, "guest") == set()
    assert ask(PRODUCTION, "select username from ab_user where fail_login_count > 5") == [("ines",)]


def test_payroll_is_for_few(ask):
    granted = ask(
        PRODUCTION,
        """
        select ab_role.name, ab_permission.name
        from ab_permission_view_role
        join ab_role on ab_role.id = role_id
        join ab_permission_view on ab_permission_view.id = permission_view_id
        join ab_permission on ab_permission.id = permission_id
        join ab_view_menu on ab_view_menu.id = view_menu_id
        where ab_view_menu.name = 'DAG:payroll_export' and ab_role.name <> 'Admin'
        """,
    )
    assert set(granted) == {
        ("people_team", "can_read"),
        ("people_team", "can_edit"),
        ("auditor", "can_read"),
    }


def test_marco_marks_failed_finance_tasks_as_success(ask):
    marked = ask(
        PRODUCTION,
        "select dag_id, count(*) from log where event = 'success' and owner = 'marco'"
        " group by 1 order by 1",
    )
    assert marked == [("ledger_close", 3), ("revenue_daily", 2)]
    assert ask(PRODUCTION, "select content from task_instance_note") == [("Difference is known.",)]


def test_legacy_crm_import_was_paused_by_the_scheduler(ask):
    assert ask(
        PRODUCTION, "select owner, dag_id, dttm::date::text from log where owner = 'scheduler'"
    ) == [("scheduler", "legacy_crm_import", "2026-10-09")]
    assert ask(
        PRODUCTION,
        "select distinct state from dag_run where dag_id = 'legacy_crm_import'"
        " and data_interval_end >= '2026-10-05' and end_date is not null",
    ) == [("failed",)]
    assert ask(PRODUCTION, "select is_paused from dag where dag_id = 'legacy_crm_import'") == [
        (True,)
    ]


def test_newsletter_segments_was_paused_by_mara(ask):
    assert ask(
        PRODUCTION,
        "select owner, extra::json ->> 'is_paused' from log"
        " where event = 'paused' and dag_id = 'newsletter_segments'",
    ) == [("mara", "true")]


def test_returns_are_flaky(ask):
    ((share, failed),) = ask(
        PRODUCTION,
        """
        select avg((try_number > 1)::int), count(*) filter (where state = 'failed')
        from task_instance where dag_id = 'returns_daily' and task_id = 'fetch_carrier_returns'
        """,
    )
    assert 0.2 < share < 0.45
    assert failed == 0


def test_training_wastes_most(ask):
    wasted = ask(
        PRODUCTION,
        "select dag_id, task_id, sum(duration) / 3600 from task_instance_history"
        " where state = 'failed' group by 1, 2 order by 3 desc limit 2",
    )
    assert wasted[0][:2] == ("demand_forecast", "train_model")
    assert wasted[0][2] == pytest.approx(38, abs=1)
    assert wasted[1][2] < 5


def test_unused_dags_without_an_owner(ask):
    assert ask(
        PRODUCTION,
        "select dag_id from dag where owners = 'airflow' and not exists"
        " (select 1 from dag_run where dag_run.dag_id = dag.dag_id) order by 1",
    ) == [("experiment_sandbox",), ("tmp_jonas_test",)]


def test_shipment_tracking_hangs(ask):
    assert ask(
        PRODUCTION,
        """
        select task_id, to_char(task_instance.start_date, 'YYYY-MM-DD HH24:MI'),
            to_char(latest_heartbeat, 'YYYY-MM-DD HH24:MI')
        from task_instance join job on job.id = job_id
        where task_instance.state = 'running' and latest_heartbeat < '2026-11-13 06:00+00'
        """,
    ) == [("poll_carriers", "2026-11-12 20:15", "2026-11-12 20:52")]


def test_stock_alerts_waits_for_a_pool_that_is_not_there(ask):
    assert ask(PRODUCTION, "select dag_id, warning_type from dag_warning") == [
        ("stock_alerts", "non-existent pool")
    ]
    assert ask(PRODUCTION, "select distinct pool from task_instance where state = 'scheduled'") == [
        ("alerts",)
    ]


def test_files_that_cannot_be_imported(ask):
    assert ask(PRODUCTION, "select filename from import_error order by 1") == [
        ("/opt/airflow/dags/logistics/customs_forms.py",),
        ("/opt/airflow/dags/marketing/influencer_scoring.py",),
    ]
    assert ask(ANALYTICS, "select filename, bundle_name from import_error") == [
        ("science/uplift_model.py", "analytics-dags")
    ]


def test_orders_hourly_v1_was_removed(ask):
    assert ask(PRODUCTION, "select dag_id from dag where not is_active") == [("orders_hourly_v1",)]
    assert ask(ANALYTICS, "select dag_id from dag where is_stale") == [("feature_usage_old",)]


def test_priya_wrote_many_notes_on_one_day(ask):
    ((notes, dags),) = ask(
        PRODUCTION,
        "select count(*), count(distinct dag_id) from log"
        " where owner = 'priya' and dttm::date = '2026-11-05' and event ~ 'note'",
    )
    assert (notes, dags) == (14, 14)


def test_backfill_of_loyalty_points(ask):
    assert ask(
        PRODUCTION,
        "select count(*), min(start_date)::date::text from dag_run"
        " where dag_id = 'loyalty_points' and run_type = 'backfill'",
    ) == [(28, "2026-10-14")]
    assert ask(
        PRODUCTION,
        "select dag_id, to_char(dttm, 'YYYY-MM-DD HH24:MI') from log"
        " where event = 'cli_dag_backfill'",
    ) == [("loyalty_points", "2026-10-14 08:55")]


def test_two_secrets_are_not_encrypted(ask):
    assert ask(PRODUCTION, "select conn_id from connection where not is_encrypted") == [
        ("legacy_ftp",)
    ]
    assert ask(PRODUCTION, "select key from variable where not is_encrypted") == [
        ("legacy_ftp_password",)
    ]


def test_clean_ups_removed_old_rows(ask):
    ((oldest_job, oldest_task_row, oldest_row),) = ask(
        PRODUCTION,
        "select (select min(latest_heartbeat) from job),"
        " (select min(dttm) from log where event = 'cli_task_run'), (select min(dttm) from log)",
    )
    assert f"{oldest_job:%Y-%m-%d}" == "2026-10-20"
    assert f"{oldest_task_row:%Y-%m-%d}" == "2026-11-03"
    assert f"{oldest_row:%Y-%m}" == "2026-08"
    ((tables,),) = ask(
        PRODUCTION,
        "select count(*) from information_schema.tables"
        " where table_schema = 'public' and table_name ~ '^_airflow_deleted__'",
    )
    assert tables == 1


def test_revenue_missed_its_sla_four_times(ask):
    missed = ask(PRODUCTION, "select dag_id, execution_date::date::text from sla_miss order by 2")
    assert missed == [
        ("revenue_daily", "2026-09-29"),
        ("revenue_daily", "2026-10-21"),
        ("revenue_daily", "2026-10-30"),
        ("revenue_daily", "2026-10-31"),
    ]


def test_warehouse_was_down_for_both(ask):
    for slug in (PRODUCTION, ANALYTICS):
        ((failed,),) = ask(
            slug,
            """
            select count(*) from (
                select pool, start_date, state from task_instance
                union all select pool, start_date, state from task_instance_history
            ) as tries
            where pool = 'warehouse' and state = 'failed'
                and start_date between '2026-09-29 02:05+00' and '2026-09-29 04:40+00'
            """,
        )
        assert failed > 8, slug


def test_tomas_is_an_admin_through_a_group_alone(ask):
    assert roles(ask, ANALYTICS, "tomas") == set()
    assert ask(
        ANALYTICS,
        """
        select ab_group.name, ab_role.name from ab_user
        join ab_user_group on ab_user_group.user_id = ab_user.id
        join ab_group on ab_group.id = ab_user_group.group_id
        join ab_group_role on ab_group_role.group_id = ab_group.id
        join ab_role on ab_role.id = ab_group_role.role_id
        where username = 'tomas'
        """,
    ) == [("platform-admins", "Admin")]
    ((event, at),) = ask(ANALYTICS, "select event, dttm from log where owner = 'tomas'")
    assert (event, f"{at:%Y-%m-%d %H:%M}") == ("patch_connection", "2026-10-28 19:14")


def test_nina_lost_her_role_within_minutes(ask):
    assert roles(ask, ANALYTICS, "nina") == set()
    ((given, taken),) = ask(
        ANALYTICS,
        "select min(dttm) filter (where event = 'cli_users_create'),"
        " min(dttm) filter (where event = 'cli_users_manage_role') from log"
        " where extra like '%%nina%%'",
    )
    assert 0 < (taken - given).total_seconds() < 300


def test_embeddings_need_a_second_try_half_of_the_time(ask):
    ((share,),) = ask(
        ANALYTICS, "select avg((try_number > 1)::int) from task_instance where task_id = 'embed'"
    )
    assert 0.4 < share < 0.6


def test_a_retry_in_airflow_3_has_a_new_identity(ask):
    ((tries, shared),) = ask(
        ANALYTICS,
        "select count(*), count(task_instance.id) from task_instance_history"
        " left join task_instance on task_instance.id = task_instance_id",
    )
    assert tries > 300
    assert shared == 0


def test_survey_import_fails_since_its_source_changed(ask):
    assert ask(ANALYTICS, "select dag_id from log where owner = 'scheduler'") == [
        ("survey_import",)
    ]
    assert ask(
        ANALYTICS,
        "select distinct state from dag_run"
        " where dag_id = 'survey_import' and logical_date >= '2026-11-06'",
    ) == [("failed",)]


def test_events_ingest_became_faster_with_its_third_version(ask):
    versions = ask(
        ANALYTICS,
        f"""
        select version_number, {MEDIAN.format("duration")}
        from task_instance join dag_version on dag_version.id = dag_version_id
        where task_instance.dag_id = 'events_ingest' and task_id = 'load_events'
            and state = 'success'
        group by 1 order by 1
        """,
    )
    assert [number for number, _ in versions] == [1, 2, 3]
    assert versions[2][1] < 0.85 * versions[1][1]


def test_metrics_daily_got_slower_and_misses_its_deadline(ask):
    assert growth(ask, ANALYTICS, "metrics_daily", "conversion") > 5
    missed = dict(
        ask(
            ANALYTICS,
            "select dag_id, count(*) from deadline join dag_run on dag_run.id = dagrun_id"
            " where missed group by 1",
        )
    )
    assert missed == {"metrics_daily": 7, "revenue_forecast": 4, "exec_report": 2}


def test_backfills_say_what_they_left_out(ask):
    assert ask(
        ANALYTICS,
        """
        select backfill.dag_id, triggering_user_name, count(dag_run_id), count(exception_reason)
        from backfill join backfill_dag_run on backfill_id = backfill.id group by 1, 2 order by 1
        """,
    ) == [
        ("csat_daily", "amir", 30, 1),
        ("events_ingest", "priya", 1, 3),
        ("retention_cohorts", "chloe", 6, 6),
    ]


def test_a_budget_waits_for_approval(ask):
    assert ask(
        ANALYTICS,
        "select dag_id, state from hitl_detail join task_instance on id = ti_id"
        " where responded_at is null",
    ) == [("budget_upload", "awaiting_input")]
    assert ask(ANALYTICS, "select responded_by ->> 'name' from hitl_detail_history") != []


def test_two_tasks_run_far_too_long_in_analytics(ask):
    running = ask(
        ANALYTICS,
        "select task_id, last_heartbeat_at < '2026-11-13 06:00+00' from task_instance"
        " where state = 'running' and start_date < '2026-11-13 03:00+00' order by 1",
    )
    assert running == [("embed", False), ("push_definitions", True)]


def test_report_recipients_were_changed_on_the_command_line(ask):
    ((owner, at),) = ask(ANALYTICS, "select owner, dttm from log where event = 'cli_variables_set'")
    assert (owner, f"{at:%Y-%m-%d %H:%M}") == ("root", "2026-11-05 22:18")
