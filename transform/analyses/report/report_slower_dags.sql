-- Which DAGs take longer than in the period before?
with runs as (

    select
        *,
        {{ period_name("first_started_at") }} as period_name
    from {{ ref("fct_dag_runs") }}
    where
        {{ in_both_periods("first_started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

{{ slower_dags() }}

select
    slower_dags.environment_slug,
    slower_dags.dag_id,
    {{ team_of("dags") }} as team_name,
    slower_dags.run_count,
    slower_dags.duration_p50_seconds,
    slower_dags.previous_duration_p50_seconds,
    slower_dags.slower_share
from slower_dags
left join {{ ref("dim_dags") }} as dags
    on slower_dags.dag_key = dags.dag_key
order by
    slower_dags.slower_share desc,
    slower_dags.environment_slug asc,
    slower_dags.dag_id asc
limit 201
