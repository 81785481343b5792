"""What the aggregates say is what a query straight against the metadata database finds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from statistics import mean, stdev

import pytest

from demo.present import NOW
from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.demo.runs_at_source import RUNS
from tests.demo.tries_at_source import FIRST_OUTCOMES, TRIES


def synced_at(marts, slug: str) -> datetime:
    ((moment,),) = marts(
        "select max(synced_at) from rpt_sync_health where environment_slug = ?", slug
    )
    return moment


@pytest.mark.parametrize(
    ("slug", "dag_id"), [(PRODUCTION, "web_sessions"), (ANALYTICS, "schema_watch")]
)
def test_success_of_each_day(slug, dag_id, marts, ask):
    days = marts(
        "select started_on, run_count, success_count, failure_count, success_share"
        " from agg_dags_daily where environment_slug = ? and dag_id = ? order by 1",
        slug,
        dag_id,
    )
    assert len(days) > 85
    assert any(0 < share < 1 for *_, share in days if share is not None)
    assert days == ask(
        slug,
        f"""
        select start_date::date, count(*), count(*) filter (where state = 'success'),
            count(*) filter (where state = 'failed'),
            (count(*) filter (where state = 'success'))::float
            / nullif(count(*) filter (where state in ('success', 'failed')), 0)
        from {RUNS} where dag_id = %s and start_date is not null group by 1 order by 1
        """,
        dag_id,
    )


def test_durations_of_each_day(marts, ask):
    days = marts(
        "select started_on, duration_p50_seconds, duration_p95_seconds, duration_max_seconds,"
        " queue_delay_p95_seconds, landing_delay_p95_seconds from agg_dags_daily"
        " where environment_slug = ? and dag_id = 'orders_hourly' order by 1",
        PRODUCTION,
    )
    expected = ask(
        PRODUCTION,
        f"""
        with runs as (
            select start_date::date as day, state, run_type,
                extract(epoch from end_date - start_date) as seconds,
                extract(epoch from start_date - queued_at) as waited,
                extract(epoch from end_date - data_interval_end) as landed
            from {RUNS} where dag_id = 'orders_hourly' and start_date is not null
        )
        select day,
            percentile_cont(0.5) within group (order by seconds) filter (where state = 'success'),
            percentile_cont(0.95) within group (order by seconds) filter (where state = 'success'),
            max(seconds) filter (where state = 'success'),
            percentile_cont(0.95) within group (order by waited) filter (where waited >= 0),
            percentile_cont(0.95) within group (order by landed)
                filter (where landed >= 0 and run_type = 'scheduled' and state = 'success')
        from runs group by 1 order by 1
        """,
    )
    assert [day for day, *_ in days] == [day for day, *_ in expected]
    for (_, *numbers), (_, *true) in zip(days, expected, strict=True):
        assert numbers == pytest.approx([float(number) for number in true])


def test_score_of_a_day(marts, ask):
    scored = date(2026, 10, 19)
    ((score,),) = marts(
        "select duration_z_score from agg_tasks_daily where environment_slug = ?"
        " and task_id = 'build_order_facts' and started_on = ?",
        PRODUCTION,
        scored,
    )
    medians = dict(
        ask(
            PRODUCTION,
            f"""
            select start_date::date, percentile_cont(0.5) within group (order by duration)
            from {TRIES} where dag_id = 'orders_hourly' and task_id = 'build_order_facts'
                and state = 'success' group by 1
            """,
        )
    )
    before = [medians[scored - timedelta(days=days)] for days in range(1, 29)]
    assert score == pytest.approx((medians[scored] - mean(before)) / stdev(before))


def test_hours_wasted_in_a_month(marts, ask):
    ((hours, retries),) = marts(
        "select sum(wasted_hours), sum(retry_count) from agg_dags_daily"
        " where environment_slug = ? and dag_id = 'demand_forecast'"
        " and started_on between '2026-10-01' and '2026-10-31'",
        PRODUCTION,
    )
    ((true_hours, true_retries),) = ask(
        PRODUCTION,
        f"""
        select sum(duration) filter (where tries.state in ('failed', 'up_for_retry')) / 3600,
            count(*) filter (where try_number > 1 and not is_rerun)
        from {TRIES} join {RUNS} using (dag_id, run_id)
        where dag_id = 'demand_forecast'
            and dag_run.start_date between '2026-10-01' and '2026-10-31 23:59:59.999999'
        """,
    )
    assert hours > 5
    assert hours == pytest.approx(true_hours)
    assert retries == true_retries > 0


@pytest.mark.parametrize(
    ("slug", "pool", "hour"),
    [
        (PRODUCTION, "warehouse", "2026-10-20 02:00:00+00"),
        (ANALYTICS, "models", "2026-10-20 02:00:00+00"),
    ],
)
def test_saturation_of_an_hour(slug, pool, hour, marts, ask):
    ((running, queued, slots, share),) = marts(
        "select running_slot_seconds, queued_slot_seconds, slot_count, saturation_share"
        f" from agg_pools_hourly where environment_slug = ? and pool_name = '{pool}'"
        f" and hour_at = timestamptz '{hour}'",
        slug,
    )
    ((true_running, true_queued, true_slots),) = ask(
        slug,
        f"""
        with hour as (select %s::timestamptz as begins, %s::timestamptz + interval '1h' as ends)
        select
            sum(pool_slots * extract(epoch from greatest(
                least(end_date, ends) - greatest(held_since, begins), interval '0'
            ))),
            sum(pool_slots * extract(epoch from greatest(
                least(start_date, ends) - greatest(queued_dttm, begins), interval '0'
            ))),
            (select slots from slot_pool where pool = '{pool}')
        from {TRIES} cross join hour where pool = '{pool}' and queued_dttm is not null
        """,
        hour,
        hour,
    )
    assert running > 1000
    assert queued > 0
    assert running == pytest.approx(float(true_running))
    assert queued == pytest.approx(float(true_queued))
    assert slots == true_slots
    assert share == pytest.approx(float(true_running + true_queued) / (3600 * true_slots))


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_waits_are_no_slots(slug, marts, ask):
    # Airflow 3's pokes but the last have no start, so that all of these waits are known.
    held = marts(
        "select dag_id, run_id, task_id, map_index, try_number, round(held_seconds, 3),"
        " round(waited_seconds, 3) from fct_task_attempts where environment_slug = ?"
        " and waited_seconds > 0 and wait_kind <> 'reschedule' order by 1, 2, 3, 4, 5",
        slug,
    )
    assert len(held) > 20
    assert sum(waited for *_, waited in held) > 100 * sum(seconds for *_, seconds, _ in held)
    assert held == ask(
        slug,
        """
        select dag_id, run_id, task_id, map_index, try_number,
            round(extract(epoch from end_date - queued_dttm), 3)::float,
            round(extract(epoch from queued_dttm - start_date), 3)::float
        from (
            select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
                queued_dttm from task_instance
            union all
            select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
                queued_dttm from task_instance_history
        ) as attempts
        where queued_dttm > start_date and state in ('success', 'failed')
        order by 1, 2, 3, 4, 5
        """,
    )
    ((taken,),) = marts(
        "select sum(running_slot_seconds) from agg_pools_hourly where environment_slug = ?"
        " and pool_name in (select pool_name from fct_task_attempts where environment_slug = ?"
        " and wait_kind in ('deferral', 'person'))",
        slug,
        slug,
    )
    ((true,),) = ask(
        slug,
        f"""
        select sum(pool_slots * case
            when state = 'running' then extract(epoch from %s - start_date)::float else held end)
        from {TRIES} where state <> 'deferred' and state <> 'awaiting_input' and pool in (
            select pool from task_instance where queued_dttm > start_date
        )
        """,
        synced_at(marts, slug),
    )
    assert taken == pytest.approx(true)


def test_pokes_are_slots(marts, ask):
    ((held, waited),) = marts(
        "select sum(held_seconds), sum(waited_seconds) from fct_task_attempts"
        " where environment_slug = ? and wait_kind = 'reschedule'",
        PRODUCTION,
    )
    ((true,),) = ask(PRODUCTION, f"select sum(held) from {TRIES} where poked is not null")
    assert held == pytest.approx(true)
    assert waited > 100 * held > 0


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_tries_that_ran_nowhere_have_no_hostname(slug, marts, ask):
    ((named, unnamed),) = marts(
        "select count(hostname), count(*) filter (hostname is null) from fct_task_instances"
        " where environment_slug = ?",
        slug,
    )
    assert [(named, unnamed)] == ask(
        slug,
        "select count(*) filter (where hostname <> ''),"
        " count(*) filter (where coalesce(hostname, '') = '') from task_instance",
    )
    assert unnamed > 0


def test_most_slots_at_once(marts, ask):
    ((most,),) = marts(
        "select max(highest_slot_count) from agg_pools_hourly where environment_slug = ?"
        " and pool_name = 'warehouse' and hour_at::date = '2026-09-15'",
        PRODUCTION,
    )
    # As many as there are at the start of one of them.
    assert [(most,)] == ask(
        PRODUCTION,
        f"""
        with taken as (
            select coalesce(queued_dttm, start_date) as begins, end_date as ends, pool_slots
            from {TRIES} where pool = 'warehouse'
        )
        select max(slots) from (
            select sum(other.pool_slots) as slots from taken join taken as other
                on other.begins <= taken.begins and other.ends > taken.begins
            where taken.begins::date = '2026-09-15' group by taken.begins
        ) as starts
        """,
    )


def test_smaller_pool_is_full_at_six(marts):
    ((before, after, sizes),) = marts(
        """
        select max(highest_slot_count) filter (hour_at < timestamptz '2026-10-12 00:00:00+00'),
            max(highest_slot_count) filter (hour_at > timestamptz '2026-10-13 00:00:00+00'),
            list(distinct slot_count order by slot_count)
        from agg_pools_hourly where environment_slug = ? and pool_name = 'warehouse'
        """,
        PRODUCTION,
    )
    assert (before, after, sizes) == (12, 6, [6, 12])


def test_latency_of_an_hour(marts, ask):
    ((attempts, *numbers),) = marts(
        "select attempt_count, schedule_delay_p50_seconds, schedule_delay_p95_seconds,"
        " schedule_delay_p99_seconds, queue_delay_p50_seconds, queue_delay_p95_seconds,"
        " queue_delay_p99_seconds from agg_scheduling_latency_hourly where environment_slug = ?"
        " and hour_at = timestamptz '2026-10-20 02:00:00+00'",
        ANALYTICS,
    )
    shares = "array[0.5, 0.95, 0.99]"
    ((true_attempts, scheduled, queued),) = ask(
        ANALYTICS,
        f"""
        with tries as (
            select scheduled_dttm, queued_dttm, start_date from task_instance
            where state <> 'upstream_failed' and try_number > 0
            union all select scheduled_dttm, queued_dttm, start_date from task_instance_history
        )
        select count(*),
            percentile_cont({shares}) within group (
                order by extract(epoch from queued_dttm - scheduled_dttm)
            ) filter (where queued_dttm >= scheduled_dttm),
            percentile_cont({shares}) within group (
                order by extract(epoch from start_date - queued_dttm)
            ) filter (where start_date >= queued_dttm)
        from tries where date_trunc('hour', start_date) = '2026-10-20 02:00+00'
        """,
    )
    assert attempts == true_attempts > 5
    assert numbers == pytest.approx([float(number) for number in [*scheduled, *queued]])


@pytest.mark.parametrize(
    ("slug", "dag_id", "task_id"),
    [
        (PRODUCTION, "data_quality_nightly", "run_check"),
        (ANALYTICS, "experiment_results", "analyse"),
    ],
)
def test_tries_of_mapped_tasks_by_day(slug, dag_id, task_id, marts, ask):
    days = marts(
        "select started_on, attempt_count, success_count, failure_count, retry_count"
        " from agg_tasks_daily where environment_slug = ? and dag_id = ? and task_id = ?"
        " order by 1",
        slug,
        dag_id,
        task_id,
    )
    assert sum(retries for *_, retries in days) > 5
    assert days == ask(
        slug,
        f"""
        select start_date::date, count(*), count(*) filter (where state = 'success'),
            count(*) filter (where state in ('failed', 'up_for_retry')),
            count(*) filter (where try_number > 1 and not is_rerun)
        from {TRIES} where dag_id = %s and task_id = %s group by 1 order by 1
        """,
        dag_id,
        task_id,
    )


@pytest.mark.parametrize(
    ("slug", "task_id", "least"),
    [(PRODUCTION, "fetch_carrier_returns", 0.25), (ANALYTICS, "embed", 0.45)],
)
def test_flaky_tasks(slug, task_id, least, marts, ask):
    ((flaky, finished),) = marts(
        "select sum(flaky_instance_count), sum(finished_instance_count) from agg_tasks_daily"
        " where environment_slug = ? and task_id = ?",
        slug,
        task_id,
    )
    assert [(flaky, finished)] == ask(
        slug,
        f"""
        select count(*) filter (where is_flaky), count(*) from {FIRST_OUTCOMES}
        where task_id = %s and state in ('success', 'failed')
        """,
        task_id,
    )
    assert flaky / finished > least


def test_orders_became_slower_by_one_task(marts):
    scores = dict(
        marts(
            """
            select task_id, avg(duration_z_score) from agg_tasks_daily
            where environment_slug = ? and dag_id = 'orders_hourly'
                and started_on between '2026-10-17' and '2026-10-23' group by 1
            """,
            PRODUCTION,
        )
    )
    assert scores.pop("build_order_facts") > 2
    assert all(abs(score) < 1 for score in scores.values())


@pytest.mark.parametrize(
    ("slug", "beat"),
    [
        (PRODUCTION, "(select latest_heartbeat from job where job.id = job_id)"),
        (ANALYTICS, "last_heartbeat_at"),
    ],
    ids=[PRODUCTION, ANALYTICS],
)
def test_stuck_work(slug, beat, marts, ask):
    assert synced_at(marts, slug) == NOW
    stuck = marts(
        "select dag_id, run_id, coalesce(task_id, ''), reason, since_at from rpt_stuck_work"
        " where environment_slug = ?",
        slug,
    )
    expected = ask(
        slug,
        f"""
        with usual as (
            select dag_id, task_id, percentile_cont(0.99) within group (order by duration) as p99
            from {TRIES} where state = 'success' and duration is not null group by 1, 2
            having count(*) >= 5
        ), tasks as (
            select task_instance.*, pool not in (select pool from slot_pool) as is_without_pool,
                task_instance.state = 'running' and '{NOW}' - {beat} > interval '5 minutes'
                    as is_silent,
                case task_instance.state when 'running' then task_instance.start_date
                    when 'queued' then queued_dttm
                    else (to_jsonb(task_instance) ->> 'scheduled_dttm')::timestamptz end as since,
                case task_instance.state when 'running' then coalesce(2 * p99, 86400)
                    when 'queued' then 600 else 3600 end as seconds
            from task_instance left join usual using (dag_id, task_id)
            where task_instance.state in ('running', 'queued', 'scheduled')
        )
        select dag_id, run_id, task_id, case when is_without_pool then 'pool_missing'
            when is_silent then 'heartbeat_stale' else state || '_too_long' end, since
        from tasks
        where is_without_pool or is_silent or '{NOW}' - since > make_interval(secs => seconds)
        union all
        select dag_id, run_id, '', 'queued_too_long', queued_at from dag_run
        where state = 'queued' and '{NOW}' - queued_at > interval '6 hours'
        """,
    )
    assert len(stuck) >= 2
    assert sorted(stuck, key=str) == sorted(expected, key=str)
    others = (
        f"""
        select count(*) from task_instance
        where state in ('up_for_retry', 'up_for_reschedule', 'deferred')
            and coalesce(end_date, start_date) < '{NOW}'::timestamptz - interval '1 hour'
        """,
        f"""
        select count(*) from dag where not is_paused
            and coalesce(to_jsonb(dag) ->> 'is_active', 'true') = 'true'
            and coalesce(to_jsonb(dag) ->> 'is_stale', 'false') = 'false'
            and next_dagrun_create_after < '{NOW}'::timestamptz - interval '10 minutes'
        """,
    )
    assert [ask(slug, other) for other in others] == [[(0,)], [(0,)]]


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_cost_by_tag_and_by_owner(slug, marts, ask):
    tries = f"""
        select dag_id, sum(pool_slots * held) / 3600 as hours from {TRIES}
        where date_trunc('month', start_date) = '2026-10-01' group by dag_id
    """
    for kind, allocations in (
        ("tag", "select dag_id, name from dag_tag"),
        ("owner", "select dag_id, trim(regexp_split_to_table(owners, ',')) from dag"),
    ):
        costs = dict(
            marts(
                "select allocated_to, slot_hours from rpt_cost_allocation where allocated_by = ?"
                " and environment_slug = ? and month_on = '2026-10-01'",
                kind,
                slug,
            )
        )
        expected = dict(
            ask(
                slug,
                f"""
                with allocations (dag_id, name) as ({allocations}), tries as ({tries})
                select name, sum(hours / greatest(
                    (select count(*) from allocations where allocations.dag_id = tries.dag_id), 1
                )) from tries left join allocations using (dag_id) group by 1
                """,
            )
        )
        assert len(costs) > 3
        assert costs == pytest.approx(expected)
