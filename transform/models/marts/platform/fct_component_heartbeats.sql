with components as (

    select * from {{ ref("int_components_judged") }}

),

followed as (

    select
        *,
        max(last_alive_at) over (
            partition by environment_slug, component
            order by started_at asc, job_id asc
            rows between unbounded preceding and 1 preceding
        ) as alive_before_until_at,
        max(case when is_end_unknown then last_alive_at end) over (
            partition by environment_slug, component
            order by started_at asc, job_id asc
            rows between unbounded preceding and 1 preceding
        ) as alive_before_at_least_until_at
    from components

),

-- Nobody knows how long the last one before went on if its row is gone without its end.
known as (

    select
        *,
        case
            when
                alive_before_at_least_until_at is null
                or alive_before_at_least_until_at < alive_before_until_at
                or alive_before_until_at >= started_at
                then alive_before_until_at
        end as alive_before_known_until_at
    from followed

)

select
    {{ surrogate_key(["environment_slug", "job_id"]) }} as job_key,
    environment_slug,
    job_id,
    component,
    state,
    hostname,
    executor_name,
    team_names,
    started_at,
    latest_heartbeat_at,
    ended_at,
    last_alive_at,
    is_alive,
    has_unclean_shutdown,
    case
        when alive_before_known_until_at < started_at then alive_before_known_until_at
    end as gap_started_at,
    case
        when alive_before_known_until_at < started_at
            then {{ seconds_between("alive_before_known_until_at", "started_at") }}
        when alive_before_known_until_at is not null then 0
    end as gap_before_seconds,
    extracted_at,
    is_deleted_at_source,
    deleted_at_source_at
from known
