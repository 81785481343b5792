with components as (

    select * from {{ ref("fct_component_heartbeats") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

ended as (

    select
        environment_slug,
        component,
        gap_started_at as outage_started_at,
        started_at as outage_ended_at,
        gap_before_seconds as outage_seconds,
        hostname as ended_by_hostname
    from components
    where gap_before_seconds > 0

),

-- Nobody ended the last one, if none is alive now. Of one whose end is unknown, nobody
-- knows whether it is.
lasting as (

    select
        components.environment_slug,
        components.component,
        max(components.last_alive_at) as outage_started_at,
        {{ null_like("max(components.last_alive_at)") }} as outage_ended_at,
        {{ seconds_between(
            "max(components.last_alive_at)", "max(environments.synced_at)"
        ) }} as outage_seconds,
        {{ null_like("max(components.hostname)") }} as ended_by_hostname
    from components
    inner join environments
        on components.environment_slug = environments.environment_slug
    group by components.environment_slug, components.component
    having
        sum(case when components.is_alive then 1 else 0 end) = 0
        and coalesce(
            max(
                case
                    when components.has_unclean_shutdown is null
                        then components.last_alive_at
                end
            ) < max(components.last_alive_at),
            true
        )

),

unioned as (

    select * from ended
    union all
    select * from lasting

),

last_processes as (

    select
        environment_slug,
        component,
        last_alive_at,
        max(job_id) as job_id,
        max(case when has_unclean_shutdown then 1 else 0 end) = 1
            as has_unclean_shutdown
    from components
    group by environment_slug, component, last_alive_at

)

select
    {{ surrogate_key(["unioned.environment_slug", "last_processes.job_id"]) }}
        as component_outage_key,
    unioned.environment_slug,
    unioned.component,
    unioned.outage_started_at,
    unioned.outage_ended_at,
    unioned.outage_seconds,
    unioned.ended_by_hostname,
    last_processes.has_unclean_shutdown
from unioned
inner join last_processes
    on
        unioned.environment_slug = last_processes.environment_slug
        and unioned.component = last_processes.component
        and unioned.outage_started_at = last_processes.last_alive_at
