with task_instances as (

    select * from {{ ref("int_task_instances_resolved") }}

),

task_instance_histories as (

    select * from {{ ref("int_task_histories_remaining") }}

),

-- Up to Airflow 3.3 a try is in both tables while the task instance was last read
-- before its next try.
unioned as (

    select
        environment_slug,
        task_instance_id,
        dag_id,
        run_id,
        task_id,
        map_index,
        instance_index,
        try_number,
        state,
        is_current_try,
        started_at,
        1 as source_rank
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
        instance_index,
        try_number,
        state,
        false as is_current_try,
        started_at,
        0 as source_rank
    from task_instance_histories
    where task_instance_id is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, task_instance_id
            order by source_rank asc
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
        instance_index,
        try_number,
        state,
        is_current_try,
        started_at
    from ranked
    where newness_rank = 1

)

select * from identified
