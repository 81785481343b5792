-- Which DAGs failed, how often, and have they succeeded since?
with runs as (

    select
        *,
        {{ in_period("first_started_at") }} as is_in_period
    from {{ ref("fct_dag_runs") }}
    where
        {{ is_before_end_of_period("first_started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

counted as (

    select
        dag_key,
        environment_slug,
        dag_id,
        sum(case when is_in_period then 1 else 0 end) as run_count,
        sum(case when is_in_period and first_state = 'failed' then 1 else 0 end)
            as failed_run_count,
        sum(case when is_in_period and first_state = 'success' then 1 else 0 end)
            as success_count,
        max(case when first_state = 'failed' then first_ended_at end) as last_failed_at,
        max(case when state = 'success' then ended_at end) as last_success_at
    from runs
    group by dag_key, environment_slug, dag_id

)

select
    counted.environment_slug,
    counted.dag_id,
    {{ team_of("dags") }} as team_name,
    counted.run_count,
    counted.failed_run_count,
    {{ share(
        "counted.failed_run_count",
        "(counted.success_count + counted.failed_run_count)",
    ) }} as failed_share,
    counted.last_failed_at,
    counted.last_success_at
from counted
left join {{ ref("dim_dags") }} as dags
    on counted.dag_key = dags.dag_key
where counted.failed_run_count > 0
order by
    counted.failed_run_count desc,
    failed_share desc,
    counted.environment_slug asc,
    counted.dag_id asc
limit 201
