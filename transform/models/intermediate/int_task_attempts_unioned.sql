with task_instances as (

    select * from {{ ref("stg_airflow__task_instances") }}

),

task_instance_histories as (

    select * from {{ ref("stg_airflow__task_instance_histories") }}

),

earlier as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        started_at,
        ended_at,
        duration_seconds
    from task_instance_histories

),

-- Until the next try begins, the task instance shows the times of the last one, which
-- may be in the history already.
latest as (

    select
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.run_id,
        task_instances.task_id,
        task_instances.map_index,
        task_instances.try_number,
        task_instances.state,
        task_instances.started_at,
        task_instances.ended_at,
        task_instances.duration_seconds
    from task_instances
    left join earlier
        on
            task_instances.environment_slug = earlier.environment_slug
            and task_instances.dag_id = earlier.dag_id
            and task_instances.run_id = earlier.run_id
            and task_instances.task_id = earlier.task_id
            and task_instances.map_index = earlier.map_index
            and task_instances.try_number = earlier.try_number
    where
        task_instances.started_at is not null
        and task_instances.state not in ('scheduled', 'queued')
        and earlier.try_number is null

),

unioned as (

    select * from earlier
    union all
    select * from latest

),

-- Airflow skips tasks and gives them up without trying them: try 0.

attempts as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        started_at,
        ended_at,
        coalesce(
            duration_seconds, {{ seconds_between("started_at", "ended_at") }}
        ) as duration_seconds,
        state in ('failed', 'up_for_retry', 'restarting', 'shutdown') as is_wasted
    from unioned
    where try_number > 0

)

select * from attempts
