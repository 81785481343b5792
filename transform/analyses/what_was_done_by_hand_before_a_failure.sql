-- What was cleared, marked or triggered by hand in the day before a DAG run failed?
with failed_runs as (

    select * from {{ ref("fct_dag_runs") }}
    where state = 'failed'

),

interventions as (

    select * from {{ ref("fct_manual_interventions") }}

)

select
    failed_runs.environment_slug,
    failed_runs.dag_id,
    failed_runs.run_id as failed_run_id,
    failed_runs.ended_at as failed_at,
    interventions.logged_at,
    interventions.actor_name,
    interventions.action,
    interventions.object_type,
    interventions.run_id,
    interventions.task_id
from failed_runs
inner join interventions
    on
        failed_runs.dag_key = interventions.dag_key
        and failed_runs.ended_at >= interventions.logged_at
        and {{ seconds_between("interventions.logged_at", "failed_runs.ended_at") }}
        < 86400
order by failed_runs.ended_at desc, interventions.logged_at desc
