"""Aggregates over an Airflow 2.11 and an Airflow 3.3 environment."""

from __future__ import annotations

from datetime import date

import pytest

from tests.transform.environments import THREE, TWO, at
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import SYNCED_AT


def test_days_of_dags(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, dag_id, started_on, run_count, success_count, failure_count,"
        " success_share, duration_p50_seconds, duration_max_seconds, landing_delay_p95_seconds,"
        " retry_count, wasted_hours from agg_dags_daily order by 1, 3"
    ) == [
        (THREE, "sales", date(2026, 2, 10), 1, 1, 0, 1, 58, 58, 60, 0, 0),
        (TWO, "sales", date(2026, 2, 10), 1, 1, 0, 1, 597.5, 597.5, 600, 1, 20.5 / 3600),
        (TWO, "sales", date(2026, 2, 11), 1, 0, 0, None, None, None, None, 0, 0),
    ]


def test_days_of_tasks(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, task_id, started_on, attempt_count, success_count, failure_count,"
        " success_share, duration_p95_seconds, retry_count, wasted_hours, finished_instance_count,"
        " flaky_share from agg_tasks_daily order by 1, 3"
    ) == [
        (THREE, "mapped", date(2026, 2, 10), 2, 2, 0, 1, 1.5, 0, 0, 2, 0),
        (THREE, "left_behind", date(2026, 2, 12), 1, 0, 0, None, None, 0, 0, 0, None),
        (TWO, "load", date(2026, 2, 10), 2, 1, 1, 0.5, 60, 1, 20.5 / 3600, 1, 1),
        (TWO, "load", date(2026, 2, 12), 1, 0, 1, 0, None, 0, 30 / 3600, 0, None),
    ]


def test_hours_of_pools(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, running_slot_seconds, queued_slot_seconds, highest_slot_count,"
        " slot_count, saturation_share from agg_pools_hourly where pool_name = 'etl'"
        " and highest_slot_count > 0 and hour_at < timestamptz '2026-02-12 01:00:00+00'"
        " order by all"
    ) == [
        (THREE, 0, 1.5, 1, 4, pytest.approx(1.5 / 14400)),
        (THREE, 3, 0, 2, 4, pytest.approx(3 / 14400)),
        (THREE, 3600, 0, 1, 4, 0.25),
        (TWO, 30, 0, 1, 2, pytest.approx(30 / 7200)),
        (TWO, 163, 4.5, 2, 2, pytest.approx(167.5 / 7200)),
    ]
    # It runs on until the last sync, and the pool was in use for so long.
    assert rows_of(
        "select sum(running_slot_seconds), count(*), min(hour_at), max(hour_at)"
        f" from agg_pools_hourly where environment_slug = '{THREE}'"
    ) == [(3 + (SYNCED_AT - at(12)).total_seconds(), 19 * 24 + 1, at(10), SYNCED_AT)]


def test_latency(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, hour_at, attempt_count, schedule_delay_p95_seconds,"
        " queue_delay_p50_seconds from agg_scheduling_latency_hourly order by 1, 2"
    ) == [
        (THREE, at(10), 2, None, None),
        (THREE, at(12), 1, 0.5, 1.5),
        (TWO, at(10), 2, None, 2.25),
        (TWO, at(12), 1, None, None),
    ]


def test_stuck_work(rows_of: Rows) -> None:
    assert rows_of(
        "select environment_slug, object_kind, task_id, state, reason, since_at, stuck_seconds"
        " from rpt_stuck_work order by 1, 2, 3"
    ) == [
        (slug, *what, since, (SYNCED_AT - since).total_seconds())
        for slug, *what, since in (
            (THREE, "task_instance", "left_behind", "running", "run_ended", at(12)),
            (TWO, "dag_run", None, "running", "no_active_task", at(11, 9, 0, 1)),
            (TWO, "task_instance", "load", "up_for_retry", "run_ended", at(12, 0, 0, 30)),
        )
    ]


def test_cost_allocation(rows_of: Rows) -> None:
    # Two tries of 80.5 s, one of 30 s, and a sensor's pokes of 2 s.
    hours = (2 * 80.5 + 30 + 2) / 3600
    wasted = (2 * 20.5 + 30) / 3600
    assert rows_of(
        "select environment_slug, allocated_by, allocated_to, month_on, slot_hours,"
        " wasted_slot_hours, slot_hours_share, slot_hours_cost from rpt_cost_allocation"
        " order by 1, 2, 3"
    ) == [
        (THREE, "owner", "shop", date(2026, 2, 1), pytest.approx(3 / 3600), 0, 1, None),
        (THREE, "tag", None, date(2026, 2, 1), pytest.approx(3 / 3600), 0, 1, None),
        (
            TWO,
            "owner",
            "shop",
            date(2026, 2, 1),
            pytest.approx(hours),
            pytest.approx(wasted),
            1,
            None,
        ),
        *(
            (
                TWO,
                "tag",
                tag,
                date(2026, 2, 1),
                pytest.approx(hours / 2),
                pytest.approx(wasted / 2),
                0.5,
                None,
            )
            for tag in ("money", "tier-1")
        ),
    ]
