with task_attempts as (

    select * from {{ ref("int_task_attempts_unioned") }}

),

totalled as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        count(*) as known_try_count,
        coalesce(sum(duration_seconds), 0) as total_seconds,
        coalesce(
            sum(case when is_wasted then duration_seconds end), 0
        ) as wasted_seconds
    from task_attempts
    group by environment_slug, dag_id, run_id, task_id, map_index

)

select * from totalled
