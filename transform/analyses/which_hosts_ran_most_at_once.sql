-- Which hosts ran how many tries at once, at most, and when first?
with begun_and_ended as (

    select
        environment_slug,
        hostname,
        started_at as changed_at,
        1 as difference
    from {{ ref("fct_task_attempts") }}
    where hostname is not null and started_at is not null and ended_at is not null

    union all

    select
        environment_slug,
        hostname,
        ended_at as changed_at,
        -1 as difference
    from {{ ref("fct_task_attempts") }}
    where hostname is not null and started_at is not null and ended_at is not null

),

-- Of two at one moment, the one that ends comes first.
counted as (

    select
        environment_slug,
        hostname,
        changed_at,
        sum(difference) over (
            partition by environment_slug, hostname
            order by changed_at asc, difference asc
            rows between unbounded preceding and current row
        ) as running_count
    from begun_and_ended

),

ranked as (

    select
        environment_slug,
        hostname,
        running_count,
        changed_at,
        row_number() over (
            partition by environment_slug, hostname
            order by running_count desc, changed_at asc
        ) as peak_rank
    from counted

)

select
    environment_slug,
    hostname,
    running_count as most_at_once,
    changed_at as reached_at
from ranked
where peak_rank = 1
order by environment_slug, hostname
