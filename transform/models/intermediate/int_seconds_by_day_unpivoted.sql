with dag_runs as {{ not_materialized() }} (

    select * from {{ ref("fct_dag_runs") }}

),

task_attempts as {{ not_materialized() }} (

    select * from {{ ref("fct_task_attempts") }}

),

-- What ended badly tells nothing of how long the work takes.
unpivoted as (

    select
        dag_run_key as observation_key,
        dag_key as subject_key,
        {{ day_of("started_at") }} as started_on,
        'duration' as measure_name,
        duration_seconds as measured_seconds
    from dag_runs
    where state = 'success' and started_at is not null

    union all

    select
        dag_run_key as observation_key,
        dag_key as subject_key,
        {{ day_of("started_at") }} as started_on,
        'queue_delay' as measure_name,
        queue_delay_seconds as measured_seconds
    from dag_runs
    where started_at is not null

    union all

    select
        dag_run_key as observation_key,
        dag_key as subject_key,
        {{ day_of("started_at") }} as started_on,
        'landing_delay' as measure_name,
        landing_delay_seconds as measured_seconds
    from dag_runs
    where started_at is not null

    union all

    select
        task_attempt_key as observation_key,
        {{ surrogate_key(["environment_slug", "dag_id", "task_id"]) }} as subject_key,
        {{ day_of("started_at") }} as started_on,
        'duration' as measure_name,
        duration_seconds as measured_seconds
    from task_attempts
    where state = 'success' and started_at is not null

    union all

    select
        task_attempt_key as observation_key,
        {{ surrogate_key(["environment_slug", "dag_id", "task_id"]) }} as subject_key,
        {{ day_of("started_at") }} as started_on,
        'queue_delay' as measure_name,
        queue_delay_seconds as measured_seconds
    from task_attempts
    where started_at is not null

)

select * from unpivoted
where measured_seconds is not null
