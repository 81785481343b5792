-- When was no scheduler, triggerer or DAG processor alive for longer than a minute?
with components as (

    select *
    from {{ ref("fct_component_heartbeats") }}
    where {{ of_environments("environment_slug") }}

),

environments as (

    select
        environment_slug,
        max(synced_at) as synced_at
    from {{ ref("rpt_sync_health") }}
    group by environment_slug

),

last_alive as (

    select
        environment_slug,
        component,
        max(last_alive_at) as last_alive_at
    from components
    group by environment_slug, component
    having sum(case when is_alive then 1 else 0 end) = 0

),

-- One that nobody ended goes on, unless the component is gone for good: what was not
-- alive in the period is not waited for.
gaps as (

    select
        environment_slug,
        component,
        gap_started_at,
        started_at as gap_ended_at,
        gap_before_seconds,
        hostname
    from components
    where
        gap_before_seconds > 60
        and {{ touches_period("gap_started_at", "started_at") }}

    union all

    select
        last_alive.environment_slug,
        last_alive.component,
        last_alive.last_alive_at as gap_started_at,
        {{ null_like("last_alive.last_alive_at") }} as gap_ended_at,
        {{ seconds_between("last_alive.last_alive_at", "environments.synced_at") }}
            as gap_before_seconds,
        {{ null_like("last_alive.component") }} as hostname
    from last_alive
    inner join environments
        on last_alive.environment_slug = environments.environment_slug
    where {{ in_period("last_alive.last_alive_at") }}

),

ended_by_crash as (

    select
        environment_slug,
        component,
        last_alive_at,
        max(case when was_crashed then 1 else 0 end) = 1 as was_crashed
    from components
    group by environment_slug, component, last_alive_at

)

select
    gaps.environment_slug,
    gaps.component,
    gaps.gap_started_at,
    gaps.gap_ended_at,
    gaps.gap_before_seconds,
    gaps.hostname,
    ended_by_crash.was_crashed
from gaps
inner join ended_by_crash
    on
        gaps.environment_slug = ended_by_crash.environment_slug
        and gaps.component = ended_by_crash.component
        and gaps.gap_started_at = ended_by_crash.last_alive_at
order by
    gaps.gap_before_seconds desc,
    gaps.environment_slug asc,
    gaps.component asc,
    gaps.gap_started_at desc
limit 201
