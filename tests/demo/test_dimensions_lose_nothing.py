"""Facts joined with their dimensions have the rows that a query at the source counts."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.demo.runs_at_source import RUNS


@pytest.mark.parametrize(
    ("slug", "dropped"), [(PRODUCTION, "legacy_import"), (ANALYTICS, "clickstream_poc")]
)
def test_events_of_dags_that_were_dropped_before_the_first_sync(slug, dropped, ask, marts):
    told = marts(
        "select dags.dag_id, count(*) from fct_audit_events as events"
        " inner join dim_dags as dags on events.dag_key = dags.dag_key"
        " where events.environment_slug = ? group by 1 order by 1",
        slug,
    )
    assert told == ask(
        slug,
        "select dag_id, count(*) from (select id, dag_id from log union select id, dag_id from"
        " earlier.log) as logs where dag_id is not null group by 1"
        ' order by dag_id collate "C"',
    )
    assert dropped in dict(told)
    assert marts(
        "select dag_id, is_active, is_deleted_at_source, run_count from dim_dags"
        " where is_inferred and environment_slug = ?",
        slug,
    ) == [(dropped, False, True, 0)]


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_tasks_are_what_their_last_start_was(slug, ask, marts):
    told = marts(
        "select dag_id, task_id, operator_name, pool_name, last_started_at from dim_tasks"
        " where environment_slug = ?",
        slug,
    )
    at_source = ask(
        slug,
        """
        select distinct on (dag_id, task_id) dag_id, task_id, operator, pool, start_date
        from task_instance order by dag_id, task_id, start_date desc nulls last
        """,
    )
    assert len(told) > 60
    assert sorted(told, key=str) == sorted(at_source, key=str)


def test_runs_of_a_weekday(ask, marts):
    """Facts by a date of the calendar."""
    told = marts(
        "select weekday_number, sum(run_count) from agg_dags_daily as days"
        " inner join dim_dates as dates on days.started_on = dates.day_on"
        " where environment_slug = ? group by 1 order by 1",
        PRODUCTION,
    )
    assert told == ask(
        PRODUCTION,
        f"select extract(isodow from start_date)::int, count(*) from {RUNS}"
        " where start_date is not null group by 1 order by 1",
    )
