with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where state = 'success' and duration_seconds is not null

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
