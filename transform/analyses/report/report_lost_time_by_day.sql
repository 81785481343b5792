-- How many hours of each day were lost in tries that came to nothing?
with {{ charted_environments() }},

tries as (

    select
        environment_slug,
        wasted_seconds,
        is_retry,
        {{ day_of("started_at") }} as started_on
    from {{ ref("fct_task_attempts") }}
    where
        {{ in_period("started_at") }}
        and {{ on_whole_days(day_of("started_at")) }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

)

select
    charted_environments.environment,
    tries.started_on,
    sum(tries.wasted_seconds) / 3600 as wasted_hours,
    sum(case when tries.is_retry then 1 else 0 end) as retry_count
from tries
inner join charted_environments
    on tries.environment_slug = charted_environments.environment_slug
group by charted_environments.environment, tries.started_on
order by charted_environments.environment, tries.started_on
