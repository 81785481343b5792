with task_attempts as {{ not_materialized() }} (

    select * from {{ ref("fct_task_attempts") }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

failures as (

    select
        task_instance_key,
        max(case when is_wasted then try_number end) as last_failed_try_number,
        max(case when is_rerun then try_number end) as last_rerun_try_number
    from task_attempts
    where is_wasted or is_rerun
    group by task_instance_key

),

-- The latest try of a task instance that waits for the next one has ended, too. What
-- somebody had run again is no sign of a flaky task, only what failed since then.
judged as (

    select
        task_attempts.task_attempt_key,
        task_attempts.is_latest_try
        and task_instances.state in ('success', 'failed') as is_outcome,
        task_attempts.is_latest_try
        and task_instances.state = 'success'
        and coalesce(
            failures.last_failed_try_number
            >= coalesce(failures.last_rerun_try_number, 1),
            false
        ) as is_flaky,
        task_instances.extracted_at
    from task_attempts
    inner join task_instances
        on task_attempts.task_instance_key = task_instances.task_instance_key
    left join failures
        on task_attempts.task_instance_key = failures.task_instance_key

)

select * from judged
