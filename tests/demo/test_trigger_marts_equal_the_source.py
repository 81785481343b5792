"""What the marts say of assets that trigger runs, and of DAGs, asked of the source itself."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION

BOTH = pytest.mark.parametrize(("slug", "kind"), [(PRODUCTION, "dataset"), (ANALYTICS, "asset")])


@BOTH
def test_which_update_triggered_which_run_and_how_long_it_took_to_start(ask, marts, slug, kind):
    at_source = ask(
        slug,
        f"""
        select dag_run.dag_id, dag_run.run_id, updated.uri, source_dag_id, source_run_id,
            source_task_id, source_map_index, event.timestamp, dag_run.start_date,
            round(extract(epoch from dag_run.start_date - event.timestamp), 3)::float,
            event.id = (
                select id from {kind}_event where id in (
                    select event_id from dagrun_{kind}_event where dag_run_id = dag_run.id
                ) order by timestamp desc, id desc limit 1
            )
        from dagrun_{kind}_event as link
        join dag_run on dag_run.id = link.dag_run_id
        join {kind}_event as event on event.id = link.event_id
        join {kind} as updated on updated.id = event.{kind}_id
        order by dag_run.id, event.id
        """,
    )
    assert len(at_source) > 600
    # Some runs were triggered by several updates.
    assert {row[-1] for row in at_source} == {True, False}
    assert at_source == marts(
        """
        select dag_id, run_id, asset_uri, source_dag_id, source_run_id, source_task_id,
            source_map_index, occurred_at, run_started_at, round(start_delay_seconds, 3),
            is_latest_event
        from fct_asset_event_runs where environment_slug = ? order by dag_run_id, asset_event_id
        """,
        slug,
    )


@BOTH
def test_every_run_that_assets_triggered_names_the_run_that_updated_them(ask, marts, slug, kind):
    at_source = ask(
        slug,
        f"""
        select dag_run.id, source_run.id
        from dag_run
        join dagrun_{kind}_event as link on link.dag_run_id = dag_run.id
        join {kind}_event as event on event.id = link.event_id
        join dag_run as source_run
            on source_run.dag_id = source_dag_id and source_run.run_id = source_run_id
        where dag_run.run_type = '{kind}_triggered' order by 1, 2
        """,
    )
    assert len(at_source) > 600
    assert at_source == marts(
        """
        select runs.dag_run_id, sources.dag_run_id
        from fct_asset_event_runs as events
        join fct_dag_runs as runs using (dag_run_key)
        join fct_dag_runs as sources on sources.dag_run_key = events.source_dag_run_key
        join fct_task_instances as tasks
            on tasks.task_instance_key = events.source_task_instance_key
        where runs.run_type = 'asset_triggered' and runs.environment_slug = ? order by 1, 2
        """,
        slug,
    )


@BOTH
def test_what_dags_hold_and_what_they_still_wait_for(ask, marts, slug, kind):
    is_active = "is_active" if slug == PRODUCTION else "not is_stale"
    at_source = ask(
        slug,
        f"""
        select schedule.dag_id, updated.uri, held.created_at is null, held.created_at,
            (select max(timestamp) from {kind}_event where {kind}_id = updated.id),
            (select min(all_held.created_at) from {kind}_dag_run_queue as all_held
                where all_held.target_dag_id = schedule.dag_id)
        from dag_schedule_{kind}_reference as schedule
        join dag on dag.dag_id = schedule.dag_id
        join {kind} as updated on updated.id = schedule.{kind}_id
        left join {kind}_dag_run_queue as held
            on held.target_dag_id = schedule.dag_id and held.{kind}_id = updated.id
        where {is_active} and not is_paused order by 1, 2
        """,
    )
    # One DAG holds an update and waits for another.
    assert [(row[2], row[5] is not None) for row in at_source].count((False, True)) == 1
    assert [(row[2], row[5] is not None) for row in at_source].count((True, True)) == 1
    assert at_source == marts(
        "select dag_id, asset_uri, is_update_missing, held_since_at, last_updated_at,"
        " dag_waits_since_at from rpt_asset_waits where environment_slug = ? order by 1, 2",
        slug,
    )


def test_how_long_it_takes_to_parse_a_dag(ask, marts):
    at_source = ask(ANALYTICS, "select dag_id, last_parse_duration from dag order by 1")
    assert len(at_source) == 27
    assert {seconds for _, seconds in at_source} == {0.21}
    parse_seconds = (
        "select dag_id, last_parse_seconds from dim_dags where environment_slug = ?"
        " and last_parse_seconds is not null order by 1"
    )
    assert at_source == marts(parse_seconds, ANALYTICS)
    assert marts(parse_seconds, PRODUCTION) == []


def test_runs_that_a_task_made_name_the_run_of_the_task(ask, marts):
    """By the moment in their names; Airflow 2 does not keep who made them."""
    at_source = ask(
        PRODUCTION,
        """
        select made.run_id, of_task.run_id
        from dag_run as made
        join task_instance as task on task.operator = 'TriggerDagRunOperator'
            and split_part(made.run_id, '__', 2)::timestamptz
                between task.start_date and task.end_date
        join dag_run as of_task on (of_task.dag_id, of_task.run_id) = (task.dag_id, task.run_id)
        where made.run_type = 'manual' order by 1
        """,
    )
    assert len(at_source) == 13
    assert at_source == marts(
        "select made.run_id, parents.run_id from fct_dag_runs as made"
        " join fct_dag_runs as parents on parents.dag_run_key = made.triggering_dag_run_key"
        " where made.environment_slug = ? and made.triggered_by = 'operator' order by 1",
        PRODUCTION,
    )


@pytest.mark.parametrize(
    ("slug", "version"),
    [(PRODUCTION, "dag_hash"), (ANALYTICS, "created_dag_version_id::text")],
)
def test_every_run_has_its_version(slug, version, ask, marts):
    at_source = ask(
        slug,
        f"select dag_id, {version}, count(*) from dag_run where {version} is not null"
        " group by 1, 2 order by 1, 2",
    )
    assert len(at_source) > 20
    assert at_source == marts(
        "select versions.dag_id, coalesce(versions.dag_version_id, versions.dag_hash), count(*)"
        " from fct_dag_runs as runs join fct_dag_versions as versions"
        " on versions.dag_version_key = runs.dag_version_key"
        " where runs.environment_slug = ? group by 1, 2 order by 1, 2",
        slug,
    )
