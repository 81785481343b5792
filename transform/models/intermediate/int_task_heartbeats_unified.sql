with task_instances as (

    select * from {{ ref("int_task_instances_resolved") }}

),

jobs as (

    select * from {{ ref("stg_airflow__jobs") }}

),

-- Airflow 3 keeps it with the task instance, Airflow 2 with the job that runs it.
unified as (

    select
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.run_id,
        task_instances.task_id,
        task_instances.instance_index,
        coalesce(
            task_instances.last_heartbeat_at, jobs.latest_heartbeat_at
        ) as last_heartbeat_at
    from task_instances
    left join jobs
        on
            task_instances.environment_slug = jobs.environment_slug
            and task_instances.job_id = jobs.job_id
    where task_instances.state = 'running' and task_instances.is_current_try

)

select * from unified
where last_heartbeat_at is not null
