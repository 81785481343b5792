-- Which DAGs are done longest after they were due?
with runs as (

    select *
    from {{ ref("fct_dag_runs") }}
    where
        landing_delay_seconds is not null
        and {{ in_period("first_started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

measured as (

    select
        dag_key,
        environment_slug,
        dag_id,
        count(*) as run_count,
        {{ percentile("landing_delay_seconds", 0.5) }} as landing_delay_p50_seconds,
        {{ percentile("landing_delay_seconds", 0.95) }} as landing_delay_p95_seconds,
        max(landing_delay_seconds) as landing_delay_max_seconds
    from runs
    group by dag_key, environment_slug, dag_id

)

select
    measured.environment_slug,
    measured.dag_id,
    {{ team_of("dags") }} as team_name,
    measured.run_count,
    measured.landing_delay_p50_seconds,
    measured.landing_delay_p95_seconds,
    measured.landing_delay_max_seconds
from measured
left join {{ ref("dim_dags") }} as dags
    on measured.dag_key = dags.dag_key
order by
    measured.landing_delay_p95_seconds desc,
    measured.environment_slug asc,
    measured.dag_id asc
limit 201
