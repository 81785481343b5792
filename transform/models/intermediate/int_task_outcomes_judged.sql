with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

-- A try that was cleared after it succeeded is no sign of a flaky task.
with_earlier as (

    select
        task_attempt_key,
        task_instance_key,
        is_latest_try,
        sum(case when is_wasted then 1 else 0 end) over (
            partition by task_instance_key
            order by try_number
            rows between unbounded preceding and 1 preceding
        ) as earlier_failure_count
    from task_attempts

),

-- The latest try of a task instance that waits for the next one has ended, too.
judged as (

    select
        with_earlier.task_attempt_key,
        task_instances.state = 'success'
        and coalesce(with_earlier.earlier_failure_count, 0) > 0 as is_flaky
    from with_earlier
    inner join task_instances
        on with_earlier.task_instance_key = task_instances.task_instance_key
    where
        with_earlier.is_latest_try
        and task_instances.state in ('success', 'failed')

)

select * from judged
