with task_attempts as (

    select task_attempts.*
    from {{ ref("fct_task_attempts") }} as task_attempts
    left join {{ ref("int_task_marks_matched") }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    where
        task_attempts.state = 'success'
        and task_attempts.duration_seconds is not null
        and marks.task_attempt_key is null

),

percentiles as (

    select
        environment_slug,
        dag_id,
        task_id,
        count(*) as timed_attempt_count,
        {{ percentile("duration_seconds", 0.99) }} as p99_seconds
    from task_attempts
    group by environment_slug, dag_id, task_id

)

select * from percentiles
