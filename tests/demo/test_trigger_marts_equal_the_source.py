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
        "select dag_id, asset_uri, is_awaited, held_since_at, last_updated_at, dag_waits_since_at"
        " from rpt_asset_waits where environment_slug = ? order by 1, 2",
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
