-- How many runs of each team failed, against the period before?
with runs as (

    select
        {{ team_of("dags") }} as team_name,
        dag_runs.first_state as state,
        {{ period_name("dag_runs.first_started_at") }} as period_name
    from {{ ref("fct_dag_runs") }} as dag_runs
    left join {{ ref("dim_dags") }} as dags
        on dag_runs.dag_key = dags.dag_key
    where
        {{ in_both_periods("dag_runs.first_started_at") }}
        and {{ of_environments("dag_runs.environment_slug") }}
        and {{ of_dags("dag_runs.dag_key") }}

),

counted as (

    select
        team_name,
        sum(
            case when period_name = 'current' and state = 'failed' then 1 else 0 end
        ) as failed_run_count,
        sum(
            case when period_name = 'previous' and state = 'failed' then 1 else 0 end
        ) as previous_failed_run_count,
        sum(case when period_name = 'current' then 1 else 0 end) as run_count,
        sum(
            case when period_name = 'current' and state = 'success' then 1 else 0 end
        ) as success_count
    from runs
    group by team_name

)

select
    team_name,
    failed_run_count,
    previous_failed_run_count,
    run_count,
    {{ share("success_count", "(success_count + failed_run_count)") }}
        as success_share
from counted
order by
    failed_run_count desc,
    previous_failed_run_count desc,
    run_count desc,
    team_name asc
limit 201
