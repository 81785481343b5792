"""Runs that assets triggered, sensors and DAGs that wait, and teams over the two environments."""

from __future__ import annotations

from tests.transform.environments import THREE, TWO, at
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import SYNCED_AT
from tests.transform.trigger_rows import AIRFLOW_2


def test_updates_that_triggered_runs(rows_of: Rows) -> None:
    assert rows_of(
        "select events.environment_slug, dag_runs.dag_run_id, dag_runs.dag_id, asset_name,"
        " sources.dag_run_id, source_task_id, occurred_at, run_started_at,"
        " round(start_delay_seconds, 3), is_latest_event, events.is_deleted_at_source"
        " from fct_asset_event_runs as events join fct_dag_runs as dag_runs using (dag_run_key)"
        " join fct_dag_runs as sources on sources.dag_run_key = source_dag_run_key order by 1, 2"
    ) == [
        (THREE, 1, "sales", "orders", 1, "mapped", at(10), at(10, second=2), 2, True, False),
        (THREE, 2, "sales", "orders", 1, "mapped", at(10), None, None, True, False),
        (TWO, 3, "sales", "s3://orders", 1, "load", at(10), None, None, True, True),
        (TWO, 4, "sales", "s3://orders", 1, "load", at(10), None, None, True, False),
    ]


def test_sensors_that_waited(rows_of: Rows) -> None:
    assert rows_of(
        "select waits.environment_slug, waits.task_id, waits.map_index, waits.try_number,"
        " attempts.state, is_waiting, poke_count, first_poked_at, last_poked_at, next_poke_at,"
        " round(waits.waited_seconds, 3), round(poking_seconds, 3)"
        " from fct_sensor_waits as waits"
        " join fct_task_attempts as attempts using (task_attempt_key) order by 1, 2"
    ) == [
        (
            THREE,
            "left_behind",
            -1,
            1,
            "running",
            True,
            2,
            at(11, 23, 50, 1),
            at(12),
            None,
            (SYNCED_AT - at(11, 23, 50, 1)).total_seconds(),
            None,
        ),
        (THREE, "mapped", 0, 1, "success", False, 2, at(9, 23, 50, 1), at(10), None, 600.5, None),
        (
            TWO,
            "load",
            -1,
            2,
            "success",
            False,
            2,
            at(10, 0, 2),
            at(10, minute=5, second=2.25),
            None,
            242.25,
            61,
        ),
    ]


def test_assets_that_a_dag_waits_for(rows_of: Rows) -> None:
    (held,) = AIRFLOW_2["dataset_dag_run_queue"]
    assert rows_of(
        "select environment_slug, dag_id, asset_name, is_update_missing, held_since_at,"
        " last_updated_at, waited_seconds from rpt_asset_waits order by 1, 2"
    ) == [
        (THREE, "sales", "orders", True, None, at(10), None),
        (TWO, "sales", "s3://orders", False, held["created_at"], at(10, 0, 1, 30), None),
    ]


def test_dags_with_a_team_and_the_time_it_takes_to_parse_them(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_id, team_name, last_parse_seconds from dim_dags"
        " where team_name is not null or last_parse_seconds is not null"
    ) == [(THREE, "sales", "growth", 0.25)]
