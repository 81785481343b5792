"""What the marts say of assets, versions, backfills and approvals, asked of the source itself."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION


@pytest.mark.parametrize(
    ("slug", "kind", "name", "value"),
    [
        (PRODUCTION, "dataset", "uri", "s3://fernwick-lake/marts/stock_levels"),
        (ANALYTICS, "asset", "name", "events"),
        # Nobody's task updates it: a program of the partner does.
        (ANALYTICS, "asset", "name", "partner_sales"),
    ],
)
def test_events_of_an_asset_and_the_runs_they_triggered(ask, marts, slug, kind, name, value):
    at_source = ask(
        slug,
        f"""
        select event.id, event.timestamp, source_dag_id, source_task_id, source_run.id,
            (select count(*) from dagrun_{kind}_event where event_id = event.id)
        from {kind}_event as event
        join {kind} as updated on updated.id = event.{kind}_id
        left join dag_run as source_run
            on source_run.dag_id = source_dag_id and source_run.run_id = source_run_id
        where updated.{name} = %s order by 1
        """,
        value,
    )
    assert len(at_source) > 30
    assert sum(row[-1] for row in at_source) > 30
    assert at_source == marts(
        """
        select asset_event_id, occurred_at, source_dag_id, source_task_id, dag_run_id,
            triggered_run_count
        from fct_asset_events as events left join fct_dag_runs as runs using (dag_run_key)
        where events.environment_slug = ? and asset_name = ? order by 1
        """,
        slug,
        value,
    )


@pytest.mark.parametrize(("slug", "kind"), [(PRODUCTION, "dataset"), (ANALYTICS, "asset")])
def test_lineage_is_every_pair_of_references(ask, marts, slug, kind):
    at_source = ask(
        slug,
        f"""
        select updated.uri, outlet.dag_id, outlet.task_id, schedule.dag_id
        from {kind} as updated
        left join task_outlet_{kind}_reference as outlet on outlet.{kind}_id = updated.id
        left join dag_schedule_{kind}_reference as schedule on schedule.{kind}_id = updated.id
        """,
    )
    assert at_source
    assert sorted(at_source, key=repr) == sorted(
        marts(
            "select asset_uri, producer_dag_id, producer_task_id, consumer_dag_id"
            " from bridge_asset_lineage where environment_slug = ?",
            slug,
        ),
        key=repr,
    )


def test_events_ingest_has_three_versions_with_their_runs(ask, marts):
    at_source = ask(
        ANALYTICS,
        """
        select version_number, dag_version.bundle_version, dag_hash, count(dag_run.id),
            min(start_date), max(start_date)
        from dag_version
        join serialized_dag on serialized_dag.dag_version_id = dag_version.id
        left join dag_run on created_dag_version_id = dag_version.id
        where dag_version.dag_id = 'events_ingest' group by 1, 2, 3 order by 1
        """,
    )
    assert [number for number, *_ in at_source] == [1, 2, 3]
    assert at_source == marts(
        "select version_number, bundle_version, dag_hash, run_count, first_run_started_at,"
        " last_run_started_at from fct_dag_versions"
        " where dag_id = 'events_ingest' and environment_slug = ? order by 1",
        ANALYTICS,
    )
    assert marts(
        "select version_number from fct_dag_versions where dag_id = 'events_ingest' and is_latest"
    ) == [(3,)]


def test_hashes_of_airflow_2_have_the_runs_that_ran_them(ask, marts):
    at_source = ask(
        PRODUCTION,
        """
        select dag_id, dag_hash, sum(run_count)::bigint from (
            select dag_id, dag_hash, 0 as run_count from serialized_dag
            union all select dag_id, dag_hash, 1 from dag_run where dag_hash is not null
        ) as known group by 1, 2 order by 1, 2
        """,
    )
    assert at_source == marts(
        "select dag_id, dag_hash, run_count from fct_dag_versions"
        " where environment_slug = ? order by 1, 2",
        PRODUCTION,
    )


def test_backfill_of_retention_cohorts_left_out_six_dates(ask, marts):
    at_source = ask(
        ANALYTICS,
        """
        select backfill.triggering_user_name, from_date, to_date,
            count(*) filter (where state = 'success'),
            count(exception_reason), string_agg(distinct exception_reason, ', ')
        from backfill
        join backfill_dag_run on backfill_dag_run.backfill_id = backfill.id
        left join dag_run on dag_run.id = backfill_dag_run.dag_run_id
        where backfill.dag_id = 'retention_cohorts' group by 1, 2, 3
        """,
    )
    assert [row[4:] for row in at_source] == [(6, "already exists")]
    assert at_source == marts(
        "select triggered_by_username, from_at, to_at, succeeded_run_count, skipped_date_count,"
        " skip_reasons from fct_backfills where dag_id = 'retention_cohorts'"
    )


def test_backfill_on_the_command_line_of_airflow_2(ask, marts):
    at_source = ask(
        PRODUCTION,
        """
        select dag_id, count(*), count(*) filter (where state = 'success'),
            count(*) filter (where state = 'failed'), min(execution_date), max(execution_date),
            min(start_date), max(end_date)
        from dag_run where run_type = 'backfill' group by 1
        """,
    )
    assert [row[:2] for row in at_source] == [("loyalty_points", 28)]
    assert at_source == marts(
        "select dag_id, run_count, succeeded_run_count, failed_run_count, first_logical_at,"
        " last_logical_at, first_run_started_at, last_run_ended_at from fct_backfills"
        " where environment_slug = ?",
        PRODUCTION,
    )


def test_open_approval_waits_for_chloe(ask, marts):
    at_source = ask(
        ANALYTICS,
        """
        select dag_id, task_id, created_at from hitl_detail
        join task_instance on task_instance.id = ti_id
        where responded_at is null and assignees::jsonb -> 0 ->> 'name' = 'chloe'
            and state = 'awaiting_input'
        """,
    )
    assert [row[0] for row in at_source] == ["budget_upload"]
    is_open = "from fct_approvals where is_open"
    assert at_source == marts(f"select dag_id, task_id, asked_at {is_open}")
    ((assignees,),) = marts(f"select assignees {is_open}")
    assert assignees == '[{"id": "chloe", "name": "chloe"}]'


def test_approvals_were_answered_when_and_by_whom_the_source_says(ask, marts):
    at_source = ask(
        ANALYTICS,
        """
        select dag_id, run_id, try_number, asked.responded_by ->> 'name', asked.responded_at,
            round(extract(epoch from asked.responded_at - asked.created_at), 3)::float
        from (
            select ti_id, responded_by::jsonb, responded_at, created_at from hitl_detail
            union all
            select ti_history_id, responded_by::jsonb, responded_at, created_at
            from hitl_detail_history
        ) as asked
        join (
            select id, dag_id, run_id, try_number from task_instance
            union all
            select task_instance_id, dag_id, run_id, try_number from task_instance_history
        ) as tries on tries.id = ti_id
        where asked.responded_at is not null order by 1, 2, 3
        """,
    )
    assert len(at_source) > 20
    assert at_source == marts(
        "select dag_id, run_id, try_number, responded_by_username, responded_at,"
        " round(waited_seconds, 3) from fct_approvals where not is_open order by 1, 2, 3"
    )
    assert marts("select count(*) from fct_approvals where was_default_taken") == [(0,)]


def test_stock_alerts_waits_for_a_missing_pool(ask, marts):
    at_source = ask(PRODUCTION, "select dag_id, message from dag_warning")
    assert at_source[0][0] == "stock_alerts"
    assert "alerts" in at_source[0][1]
    assert at_source == marts("select dag_id, warning_messages from dim_dags where has_warnings")
