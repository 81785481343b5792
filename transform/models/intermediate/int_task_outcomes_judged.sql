with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

-- Tries of which one or more failed before; a try that was cleared after it succeeded
-- is no sign of a flaky task.
with_earlier as (

    select
        task_attempt_key,
        state,
        is_latest_try,
        started_at,
        sum(case when is_wasted then 1 else 0 end) over (
            partition by task_instance_key
            order by try_number
            rows between unbounded preceding and 1 preceding
        ) as earlier_failure_count
    from task_attempts

),

judged as (

    select
        task_attempt_key,
        state = 'success' and coalesce(earlier_failure_count, 0) > 0 as is_flaky
    from with_earlier
    where
        is_latest_try
        and state in ('success', 'failed')
        and started_at is not null

)

select * from judged
