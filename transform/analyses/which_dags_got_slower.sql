-- Which DAGs that run often got slower: the last four weeks against the four before?
with newest_days as (

    select
        environment_slug,
        max(started_on) as newest_on
    from {{ ref("agg_dags_daily") }}
    group by environment_slug

),

dag_days as (

    select
        daily.environment_slug,
        daily.dag_id,
        daily.run_count,
        daily.duration_p50_seconds,
        {{ days_between("daily.started_on", "newest_days.newest_on") }} as age_days
    from {{ ref("agg_dags_daily") }} as daily
    inner join newest_days
        on daily.environment_slug = newest_days.environment_slug

),

months as (

    select
        environment_slug,
        dag_id,
        sum(case when age_days < 28 then run_count end) as run_count,
        avg(case when age_days < 28 then duration_p50_seconds end) as seconds_now,
        avg(case when age_days >= 28 and age_days < 56 then duration_p50_seconds end)
            as seconds_before
    from dag_days
    group by environment_slug, dag_id

)

select
    environment_slug,
    dag_id,
    run_count,
    seconds_before / 60 as minutes_before,
    seconds_now / 60 as minutes_now,
    100 * (seconds_now / nullif(seconds_before, 0) - 1) as slower_percent
from months
where run_count >= 20 and seconds_now > 1.2 * seconds_before
order by seconds_now / nullif(seconds_before, 0) desc
