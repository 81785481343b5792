"""Import errors, processes and broken promises, counted once more at the source."""

from __future__ import annotations

from demo.environments import ENVIRONMENTS
from tests.demo.demo_runs import ANALYTICS, PRODUCTION

SLUGS = [environment.slug for environment in ENVIRONMENTS]
JOBS = """
    (
        select id, job_type, start_date, latest_heartbeat, end_date, false as is_gone from job
        union all
        select id, job_type, start_date, latest_heartbeat, end_date, true from earlier.job
        where id not in (select id from job)
    ) as jobs
"""
"""Those that either sync read."""


def test_revenue_missed_its_sla_four_times_and_by_so_much(marts, ask):
    told = marts(
        "select run_id, task_id, missed_at, outcome, completed_at, late_seconds, was_notified"
        " from fct_sla_misses where environment_slug = ? and dag_id = 'revenue_daily' order by 1",
        PRODUCTION,
    )
    assert len(told) == 4
    assert told == ask(
        PRODUCTION,
        """
        select run.run_id, miss.task_id, miss.timestamp, 'completed', task.end_date,
            extract(epoch from task.end_date - miss.timestamp)::float8, true
        from sla_miss as miss
        join dag_run as run on run.dag_id = miss.dag_id
            and run.data_interval_end = miss.execution_date and run.run_type = 'scheduled'
        join task_instance as task on task.dag_id = run.dag_id and task.run_id = run.run_id
            and task.task_id = miss.task_id and task.state = 'success'
        where task.end_date > miss.timestamp
        order by 1
        """,
    )


def test_metrics_missed_its_deadline_seven_times_and_by_so_much(marts, ask):
    told = marts(
        "select dag_id, run_id, due_at, late_seconds from fct_sla_misses"
        " where environment_slug = ? order by 1, 2",
        ANALYTICS,
    )
    assert [dag_id for dag_id, *_ in told].count("metrics_daily") == 7
    assert told == ask(
        ANALYTICS,
        """
        select dag_id, run_id, deadline_time,
            case when state = 'success'
                then extract(epoch from end_date - deadline_time)::float8 end
        from deadline join dag_run on dag_run.id = dagrun_id where missed order by 1, 2
        """,
    )


def test_schedulers_were_down(marts, ask):
    """Without a window function: a start that no other scheduler's life covers.

    How long one went on whose row was gone before its end was seen, nobody knows.
    """
    gaps = f"""
        with life as (
            select start_date as begins, coalesce(end_date, latest_heartbeat) as ends,
                is_gone and end_date is null as is_lost
            from {JOBS} where job_type = 'SchedulerJob'
        )
        select last.ends, life.begins
        from life
        cross join lateral (
            select ends, is_lost from life as other
            where other.begins < life.begins order by ends desc limit 1
        ) as last
        where last.ends < life.begins and not last.is_lost
        order by 1
    """
    for slug in SLUGS:
        told = marts(
            "select outage_started_at, outage_ended_at from fct_component_outages"
            " where environment_slug = ? and component = 'scheduler' order by 1",
            slug,
        )
        assert len(told) > 3
        assert told == ask(slug, gaps), slug
    longest = marts(
        "select strftime(outage_started_at, '%Y-%m-%d %H:%M'), strftime(outage_ended_at, '%H:%M'),"
        " round(outage_seconds / 60) from fct_component_outages"
        " where environment_slug = ? order by outage_seconds desc limit 1",
        PRODUCTION,
    )
    assert longest == [("2026-10-21 01:38", "05:04", 206)]
    crashed = marts(
        "select hostname from fct_component_heartbeats where environment_slug = ?"
        " and has_unclean_shutdown and started_at < '2026-11-01' order by 1",
        PRODUCTION,
    )
    assert crashed == [("airflow-scheduler-0",), ("airflow-scheduler-1",)]


def test_every_process_is_there(marts, ask):
    for slug in SLUGS:
        ((count,),) = marts(
            "select count(*) from fct_component_heartbeats where environment_slug = ?", slug
        )
        assert ask(
            slug,
            f"select count(*) from {JOBS}"
            " where job_type in ('SchedulerJob', 'TriggererJob', 'DagProcessorJob')",
        ) == [(count,)]


def test_files_that_cannot_be_imported_are_there(marts, ask):
    for slug, count in ((PRODUCTION, 2), (ANALYTICS, 1)):
        told = marts(
            "select file_path, first_seen_at, is_resolved from fct_import_errors"
            " where environment_slug = ? order by 1",
            slug,
        )
        assert len(told) == count
        assert told == ask(slug, "select filename, timestamp, false from import_error order by 1")


def test_history_begins_with_every_dag_as_it_is(marts, ask):
    for slug, active in ((PRODUCTION, "is_active"), (ANALYTICS, "not is_stale")):
        told = marts(
            "select dag_id, is_paused, is_active, owner_names, file_path from dim_dags_history"
            " where environment_slug = ? and is_current order by 1",
            slug,
        )
        assert told == ask(
            slug,
            f"select dag_id, is_paused, {active}, owners, fileloc from dag"
            ' order by dag_id collate "C"',
        )


def test_no_snapshot_remembers_a_secret_or_a_name(marts):
    tables = marts("select table_name from duckdb_tables() where schema_name like '%_history'")
    assert len(tables) > 8
    people = {name for (name,) in marts("select username from dim_users")}
    assert "marco" in people
    for (table,) in tables:
        kept = {str(value) for row in marts(f"from airflow_audit_history.{table}") for value in row}
        assert not [value for value in kept if "CANARY-" in value], table
        assert not people & kept, table
