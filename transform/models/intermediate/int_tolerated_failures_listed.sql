with dag_runs as (

    select
        *,
        {{ surrogate_key(["environment_slug", "dag_run_id"]) }} as dag_run_key
    from {{ ref("stg_airflow__dag_runs") }}
    where state = 'success' and clear_count = 0

),

marks as (

    select * from {{ ref("int_state_marks_matched") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where is_latest_try and state = 'failed'

),

-- A cleared or marked run may be a success for other reasons.
tolerated as (

    select distinct task_attempts.task_key
    from task_attempts
    inner join dag_runs
        on task_attempts.dag_run_key = dag_runs.dag_run_key
    left join marks
        on
            dag_runs.environment_slug = marks.environment_slug
            and dag_runs.dag_run_id = marks.dag_run_id
    where marks.dag_run_id is null

)

select * from tolerated
