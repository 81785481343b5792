"""What the mart says of sensors that wait, asked of the source itself."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION

WAITS = """
    select dag_id, run_id, task_id, map_index, try_number, state, poke_count, first_poked_at,
        last_poked_at, round(waited_seconds, 3), round(poking_seconds, 3)
    from fct_sensor_waits where environment_slug = ? and not is_waiting order by 1, 2, 3, 4, 5
"""


def test_sensors_of_airflow_2(ask, marts):
    at_source = ask(
        PRODUCTION,
        """
        select dag_id, run_id, task_id, map_index, try_number, max(state), count(*),
            min(began), max(began),
            round(extract(epoch from max(ended) - min(began)), 3)::float,
            round(sum(extract(epoch from ended - began)), 3)::float
        from (
            select looks.dag_id, run_id, task_id, map_index, try_number, null as state,
                start_date as began, end_date as ended
            from task_reschedule as looks
            union all
            -- The try's last look, which was followed by no rescheduling.
            select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date
            from (
                select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date
                from task_instance
                union all
                select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date
                from task_instance_history
            ) as tries
            where (dag_id, run_id, task_id, map_index, try_number) in (
                select dag_id, run_id, task_id, map_index, try_number from task_reschedule
            )
        ) as looks
        group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
        """,
    )
    assert len(at_source) > 80
    assert at_source == marts(WAITS, PRODUCTION)


def test_sensors_of_airflow_3_whose_pokes_have_no_start(ask, marts):
    at_source = ask(
        ANALYTICS,
        """
        select dag_id, run_id, task_id, map_index, try_number, state, count(*) + 1,
            min(looks.end_date), tries.start_date,
            round(extract(epoch from tries.end_date - min(looks.end_date)), 3)::float,
            null::float
        from task_reschedule as looks join task_instance as tries on tries.id = looks.ti_id
        where state = 'success'
        group by tries.id order by 1, 2, 3, 4, 5
        """,
    )
    assert len(at_source) > 60
    assert at_source == marts(WAITS, ANALYTICS)


@pytest.mark.parametrize(("slug", "is_one"), [(PRODUCTION, False), (ANALYTICS, True)])
def test_the_sensor_that_still_waits(ask, marts, slug, is_one):
    at_source = ask(
        slug,
        "select dag_id, task_id from task_instance where state = 'up_for_reschedule'",
    )
    assert at_source == ([("revenue_forecast", "wait_for_books")] if is_one else [])
    assert at_source == marts(
        "select dag_id, task_id from fct_sensor_waits where is_waiting and environment_slug = ?",
        slug,
    )


def test_a_sensor_that_waits_does_so_until_the_sync(ask, marts):
    ((began, again),) = ask(
        ANALYTICS,
        "select min(looks.end_date), max(reschedule_date) from task_reschedule as looks"
        " join task_instance on task_instance.id = ti_id where state = 'up_for_reschedule'",
    )
    ((synced_at,),) = marts(
        "select max(synced_at) from rpt_sync_health where environment_slug = ?", ANALYTICS
    )
    assert marts(
        "select first_poked_at, next_poke_at, round(waited_seconds, 3) from fct_sensor_waits"
        " where is_waiting"
    ) == [(began, again, round((synced_at - began).total_seconds(), 3))]
