-- How long after a run was due was it done, day by day?
with {{ charted_environments() }},

runs as (

    select
        environment_slug,
        landing_delay_seconds,
        {{ day_of("first_started_at") }} as started_on
    from {{ ref("fct_dag_runs") }}
    where
        landing_delay_seconds is not null
        and {{ in_period("first_started_at") }}
        and {{ on_whole_days(day_of("first_started_at")) }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

)

select
    charted_environments.environment,
    runs.started_on,
    {{ percentile("runs.landing_delay_seconds", 0.5) }} as landing_delay_p50_seconds,
    {{ percentile("runs.landing_delay_seconds", 0.95) }}
        as landing_delay_p95_seconds,
    count(*) as run_count
from runs
inner join charted_environments
    on runs.environment_slug = charted_environments.environment_slug
group by charted_environments.environment, runs.started_on
order by charted_environments.environment, runs.started_on
