with task_attempts as {{ not_materialized() }} (

    select * from {{ ref("fct_task_attempts") }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

failures as (

    select
        task_instance_key,
        min(try_number) as first_failed_try_number
    from task_attempts
    where is_wasted
    group by task_instance_key

),

-- The latest try of a task instance that waits for the next one has ended, too. A try
-- that was cleared after it succeeded is no sign of a flaky task.
judged as (

    select
        task_attempts.task_attempt_key,
        task_attempts.is_latest_try
        and task_instances.state in ('success', 'failed') as is_outcome,
        task_attempts.is_latest_try
        and task_instances.state = 'success'
        and coalesce(
            failures.first_failed_try_number < task_attempts.try_number, false
        ) as is_flaky,
        task_instances.extracted_at
    from task_attempts
    inner join task_instances
        on task_attempts.task_instance_key = task_instances.task_instance_key
    left join failures
        on task_attempts.task_instance_key = failures.task_instance_key

)

select * from judged
