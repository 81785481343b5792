-- Which share of the runs of each day succeeded?
with {{ charted_environments() }},

runs as (

    select
        environment_slug,
        first_state as state,
        {{ day_of("first_started_at") }} as started_on
    from {{ ref("fct_dag_runs") }}
    where
        {{ in_period("first_started_at") }}
        and {{ on_whole_days(day_of("first_started_at")) }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

counted as (

    select
        charted_environments.environment,
        runs.started_on,
        count(*) as run_count,
        sum(case when runs.state = 'success' then 1 else 0 end) as success_count,
        sum(case when runs.state = 'failed' then 1 else 0 end) as failure_count
    from runs
    inner join charted_environments
        on runs.environment_slug = charted_environments.environment_slug
    group by charted_environments.environment, runs.started_on

)

select
    environment,
    started_on,
    run_count,
    success_count,
    failure_count,
    {{ share("success_count", "(success_count + failure_count)") }} as success_share
from counted
order by environment, started_on
