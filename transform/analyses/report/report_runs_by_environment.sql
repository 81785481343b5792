-- How many runs did each environment have, and how many of them failed?
with runs as (

    select
        environment_slug,
        first_state as state,
        {{ period_name("first_started_at") }} as period_name
    from {{ ref("fct_dag_runs") }}
    where
        {{ in_both_periods("first_started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

counted as (

    select
        environment_slug,
        sum(case when period_name = 'current' then 1 else 0 end) as run_count,
        sum(case when period_name = 'previous' then 1 else 0 end)
            as previous_run_count,
        sum(
            case when period_name = 'current' and state = 'success' then 1 else 0 end
        ) as success_count,
        sum(
            case when period_name = 'previous' and state = 'success' then 1 else 0 end
        ) as previous_success_count,
        sum(
            case when period_name = 'current' and state = 'failed' then 1 else 0 end
        ) as failed_run_count,
        sum(
            case when period_name = 'previous' and state = 'failed' then 1 else 0 end
        ) as previous_failed_run_count
    from runs
    group by environment_slug

)

select
    environment_slug,
    run_count,
    previous_run_count,
    failed_run_count,
    previous_failed_run_count,
    {{ share("success_count", "(success_count + failed_run_count)") }}
        as success_share,
    {{ share(
        "previous_success_count",
        "(previous_success_count + previous_failed_run_count)",
    ) }} as previous_success_share
from counted
order by run_count desc, environment_slug asc
limit 201
