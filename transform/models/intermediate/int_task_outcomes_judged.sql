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

-- What somebody had run again, or marked, is no sign of a flaky task.
judged as (

    select
        task_attempts.task_attempt_key,
        task_attempts.task_key,
        task_attempts.dag_key,
        task_attempts.environment_slug,
        task_attempts.dag_id,
        task_attempts.task_id,
        task_attempts.state,
        task_attempts.started_at,
        task_attempts.duration_seconds,
        task_attempts.is_retry,
        task_attempts.is_wasted,
        task_attempts.wasted_seconds,
        task_attempts.is_last_before_rerun
        and coalesce(task_instances.first_state in ('success', 'failed'), false)
            as is_outcome,
        task_attempts.is_last_before_rerun
        and coalesce(
            task_instances.first_state = 'success'
            and failures.first_failed_try_number < task_attempts.try_number,
            false
        ) as is_flaky,
        marks.task_attempt_key is not null as was_marked_by_hand,
        task_instances.extracted_at as instance_extracted_at
    from task_attempts
    left join task_instances
        on task_attempts.task_instance_key = task_instances.task_instance_key
    left join failures
        on task_attempts.task_instance_key = failures.task_instance_key
    left join {{ ref("int_task_marks_matched") }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key

)

select * from judged
