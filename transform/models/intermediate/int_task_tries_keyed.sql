with task_instances as (

    select * from {{ ref("int_task_instances_resolved") }}

),

keyed as (

    select
        environment_slug,
        task_instance_id,
        {{ surrogate_key([
            "environment_slug", "dag_id", "run_id", "task_id", "instance_index"
        ]) }} as task_instance_key,
        {{ surrogate_key([
            "environment_slug", "dag_id", "run_id", "task_id", "instance_index",
            "try_number",
        ]) }} as task_attempt_key
    from task_instances
    -- Airflow notes ids beside events since it has a row for each try.
    where has_row_per_try

)

select * from keyed
