with task_instances as (

    select * from {{ ref("stg_airflow__task_instances") }}

),

task_instance_histories as (

    select * from {{ ref("stg_airflow__task_instance_histories") }}

),

unioned as (

    select
        environment_slug,
        task_instance_id,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        started_at,
        1 as latest_count
    from task_instances
    where task_instance_id is not null
    union all
    select
        environment_slug,
        task_instance_id,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        started_at,
        0 as latest_count
    from task_instance_histories
    where task_instance_id is not null

),

-- A try is in both tables while the task instance was last read before its next try.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, task_instance_id
            order by latest_count asc
        ) as newness_rank
    from unioned

),

identified as (

    select
        environment_slug,
        task_instance_id,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        started_at
    from ranked
    where newness_rank = 1

)

select * from identified
