"""What the marts say of assets that trigger runs and of DAGs that wait, asked of the source."""

from __future__ import annotations

import pytest

PRODUCTION = "production"
ANALYTICS = "analytics"
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
