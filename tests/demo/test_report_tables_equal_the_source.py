"""Rows of the report's tables are what queries against the metadata databases find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timezone

import pytest

from demo.present import NOW
from demo.run import COST_PER_SLOT_HOUR
from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.demo.report_figures import FIRST_DAY, SINCE, TODAY, ReportFigures
from tests.demo.runs_at_source import RUNS
from tests.demo.tries_at_source import FIRST_OUTCOMES, TRIES

BOTH = (PRODUCTION, ANALYTICS)

Ask = Callable[..., list[tuple]]


def test_dags_that_fail(figures: ReportFigures, ask: Ask) -> None:
    rows = {(row["environment_slug"], row["dag_id"]): row for row in figures.ask()["failing_dags"]}
    expected = {
        (slug, dag_id): (runs, failed, pytest.approx(float(share)), failed_at, success_at)
        for slug in BOTH
        for dag_id, runs, failed, share, failed_at, success_at in ask(
            slug,
            f"""
            select dag_id, count(*) filter (where start_date >= %s),
                count(*) filter (where start_date >= %s and state = 'failed'),
                avg(case state when 'failed' then 1.0 when 'success' then 0.0 end)
                    filter (where start_date >= %s),
                max(end_date) filter (where state = 'failed'),
                (
                    select max(end_date) from dag_run as now
                    where now.dag_id = dag_run.dag_id and state = 'success' and start_date < %s
                )
            from {RUNS} where start_date < %s group by dag_id
            """,
            *(SINCE, SINCE, SINCE, NOW, NOW),
        )
        if failed
    }
    assert len(expected) == 23
    assert {
        dag: (
            row["run_count"],
            row["failed_run_count"],
            row["failed_share"],
            row["last_failed_at"],
            row["last_success_at"],
        )
        for dag, row in rows.items()
    } == expected
    failed = [row["failed_run_count"] for row in rows.values()]
    assert failed == sorted(failed, reverse=True)


@pytest.mark.parametrize("slug", BOTH)
def test_flaky_tasks(slug: str, figures: ReportFigures, ask: Ask) -> None:
    rows = {
        (row["dag_id"], row["task_id"]): (
            row["finished_instance_count"],
            row["flaky_instance_count"],
        )
        for row in figures.ask()["flaky_tasks"]
        if row["environment_slug"] == slug
    }
    expected = {
        (dag_id, task_id): (finished, flaky)
        for dag_id, task_id, finished, flaky in ask(
            slug,
            f"""
            select dag_id, task_id, count(*), count(*) filter (where is_flaky)
            from {FIRST_OUTCOMES}
            where state in ('success', 'failed') and start_date >= %s and start_date < %s
            group by 1, 2
            """,
            *(FIRST_DAY, TODAY),
        )
        if flaky
    }
    assert len(expected) > 15
    assert rows == expected


@pytest.mark.parametrize(
    ("slug", "dag_id", "due_at"),
    [
        (PRODUCTION, "demand_forecast", "data_interval_end"),
        (ANALYTICS, "weekly_business_review", "run_after"),
        (ANALYTICS, "ltv_model", "run_after"),
    ],
)
def test_dags_that_are_late(
    slug: str, dag_id: str, due_at: str, figures: ReportFigures, ask: Ask
) -> None:
    """One of them fails, too, and late."""
    ((count, longest, numbers),) = ask(
        slug,
        f"""
        select count(*), max(late), percentile_cont(array[0.5, 0.95]) within group (order by late)
        from (
            select extract(epoch from end_date - {due_at}) as late from {RUNS}
            where dag_id = %s and run_type = 'scheduled' and state = 'success'
                and start_date >= %s and start_date < %s
        ) as runs
        """,
        *(dag_id, SINCE, NOW),
    )
    rows = figures.ask()["late_dags"]
    (row,) = (r for r in rows if (r["environment_slug"], r["dag_id"]) == (slug, dag_id))
    assert row["run_count"] == count > 1
    assert row["landing_delay_max_seconds"] == pytest.approx(float(longest))
    assert [
        row["landing_delay_p50_seconds"],
        row["landing_delay_p95_seconds"],
    ] == pytest.approx(numbers)


def test_landing_of_one_day(figures: ReportFigures, ask: Ask) -> None:
    day = date(2026, 10, 26)
    ((count, numbers),) = ask(
        ANALYTICS,
        f"""
        select count(*), percentile_cont(array[0.5, 0.95]) within group (
            order by extract(epoch from end_date - run_after)
        )
        from {RUNS} where run_type = 'scheduled' and state = 'success' and start_date::date = %s
        """,
        day,
    )
    (row,) = (
        row
        for row in figures.ask()["landing_by_day"]
        if (row["environment"], row["started_on"]) == (ANALYTICS, day)
    )
    assert row["run_count"] == count > 40
    assert [
        row["landing_delay_p50_seconds"],
        row["landing_delay_p95_seconds"],
    ] == pytest.approx(numbers)


def test_waits_of_one_hour_of_the_week(figures: ReportFigures, ask: Ask) -> None:
    waits = [
        float(wait)
        for slug in BOTH
        for (wait,) in ask(
            slug,
            f"""
            select percentile_cont(0.95) within group (
                order by extract(epoch from start_date - queued_dttm)
            ) filter (where start_date >= queued_dttm)
            from {TRIES}
            where start_date >= %s and start_date < %s
                and extract(isodow from start_date) = 7 and extract(hour from start_date) = 4
            group by date_trunc('hour', start_date)
            """,
            *(SINCE, NOW),
        )
    ]
    assert len(waits) == 8
    (row,) = (
        row
        for row in figures.ask()["queue_delay_by_hour"]
        if (row["weekday_number"], row["hour_of_day"]) == (7, 4)
    )
    assert row["queue_delay_p95_seconds"] == pytest.approx(sum(waits) / 8)


def test_pools_are_as_full_as_their_hours(figures: ReportFigures, marts: Ask) -> None:
    rows = figures.ask()["pool_saturation"]
    assert [(row["pool"], row["hour_of_day"]) for row in rows[:24]] == [
        ("production · ml", hour) for hour in range(24)
    ]
    ((share, highest, slots),) = marts(
        "select avg(saturation_share), max(highest_slot_count), any_value(slot_count)"
        " from agg_pools_hourly where environment_slug = 'production' and pool_name = 'ml'"
        " and hour_at >= ? and hour_at < ? and hour(hour_at) = 1",
        *(SINCE, NOW),
    )
    assert rows[1]["saturation_share"] == pytest.approx(share)
    assert (rows[1]["highest_slot_count"], rows[1]["slot_count"]) == (highest, slots)


def test_promises_that_were_broken(figures: ReportFigures, ask: Ask) -> None:
    rows = figures.ask()["broken_promises"]
    slas = ask(
        PRODUCTION,
        "select dag_id, task_id, timestamp from sla_miss where timestamp >= %s and timestamp < %s",
        *(SINCE, NOW),
    )
    assert sorted(
        (row["dag_id"], row["task_id"], row["missed_at"])
        for row in rows
        if row["miss_kind"] == "sla"
    ) == sorted(slas)
    assert Counter(row["environment_slug"] for row in rows)[PRODUCTION] == len(slas) == 3
    moments = [row["missed_at"] for row in rows]
    assert moments == sorted(moments, reverse=True)


def test_what_is_stuck_and_why(figures: ReportFigures) -> None:
    stuck = figures.ask()["stuck_work"]
    assert {(row["dag_id"], row["task_id"], row["reason"]) for row in stuck} == {
        ("shipment_tracking", "poll_carriers", "no sign of life"),
        ("semantic_layer_sync", "push_definitions", "no sign of life"),
        ("embeddings_refresh", "embed", "far beyond its usual duration"),
        ("stock_alerts", "find_low_stock", "its pool is missing"),
        ("stock_alerts", None, "queued for too long"),
        ("airflow_canary", "hello", "queued for too long"),
    }


def test_every_change_is_in_one_of_two_tables(figures: ReportFigures, ask: Ask) -> None:
    answers = figures.ask()
    roles, others = answers["role_changes"], answers["config_changes"]
    assert {row["object_type"] for row in roles} == {"user"}
    assert {row["object_type"] for row in others} == {
        "connection",
        "fernet_key",
        "pool",
        "variable",
    }
    counted = [
        ask(
            slug,
            "select count(*) from log where dttm >= %s and dttm < %s"
            f" and event ~ 'user|role|{names}'",
            *(SINCE, NOW),
        )[0][0]
        for slug, names in (
            (PRODUCTION, "connection|variable|pool|fernet"),
            (ANALYTICS, "connection|variable|pool"),
        )
    ]
    assert len(roles) + len(others) == sum(counted) > 20
    newest = [row["changed_at"] for row in others]
    assert newest == sorted(newest, reverse=True)
    assert (roles[0]["actor_name"], roles[0]["object_name"], roles[0]["role_name"]) == (
        "root",
        "jonas",
        "Admin",
    )


def test_cost_is_that_of_the_tries_of_the_period(figures: ReportFigures, ask: Ask) -> None:
    def hours(since: datetime, where: str) -> float:
        return sum(
            found or 0
            for slug in BOTH
            for (found,) in ask(
                slug,
                f"""
                select sum(coalesce(pool_slots, 1) * held) / 3600
                from {TRIES} join dag using (dag_id)
                where start_date >= %s and start_date < %s and {where}
                """,
                *(since, NOW),
            )
        )

    answers = figures.ask()
    tile, _ = figures.numbers("key_numbers")["slot_hours"]
    for name in ("owner", "tag"):
        rows = answers[f"cost_by_{name}"]
        assert sum(row["slot_hours"] for row in rows) == pytest.approx(hours(SINCE, "true"))
        assert sum(row["slot_hours"] for row in rows) == pytest.approx(tile)
        assert sum(row["slot_hours_share"] for row in rows) == pytest.approx(1)
        for row in rows:
            assert row["slot_hours_cost"] == pytest.approx(COST_PER_SLOT_HOUR * row["slot_hours"])
    assert "tier-1" in {row["tag_name"] for row in answers["cost_by_tag"]}
    owners = {row["owner_name"]: row["slot_hours"] for row in answers["cost_by_owner"]}
    assert owners["data-science"] == pytest.approx(hours(SINCE, "owners = 'data-science'"))
    # Airflow's own name stands where nobody is named.
    assert "airflow" not in owners
    of_nobody = hours(SINCE, "owners = 'airflow'")
    assert of_nobody > 0
    assert owners["(none)"] == pytest.approx(of_nobody)
    week = datetime(2026, 11, 6, tzinfo=timezone.utc)
    rows = figures.ask(only=("cost_by_owner",), since=week.isoformat())["cost_by_owner"]
    assert sum(row["slot_hours"] for row in rows) == pytest.approx(hours(week, "true"))
