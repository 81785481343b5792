with task_reschedules as (

    select * from {{ ref("stg_airflow__task_reschedules") }}

),

tries as (

    select * from {{ ref("int_task_tries_identified") }}

),

resolved as (

    select
        task_reschedules.environment_slug,
        task_reschedules.task_reschedule_id,
        coalesce(tries.dag_id, task_reschedules.dag_id) as dag_id,
        coalesce(tries.run_id, task_reschedules.run_id) as run_id,
        coalesce(tries.task_id, task_reschedules.task_id) as task_id,
        coalesce(tries.map_index, task_reschedules.map_index) as map_index,
        coalesce(tries.instance_index, {{ as_text("task_reschedules.map_index") }})
            as instance_index,
        coalesce(tries.try_number, task_reschedules.try_number) as try_number,
        -- In Airflow 3 it is when the server was told, which is after the end.
        case
            when task_reschedules.task_instance_id is null
                then task_reschedules.started_at
        end as started_at,
        task_reschedules.ended_at,
        task_reschedules.reschedule_at,
        task_reschedules.extracted_at,
        task_reschedules.is_deleted_at_source,
        task_reschedules.deleted_at_source_at
    from task_reschedules
    left join tries
        on
            task_reschedules.environment_slug = tries.environment_slug
            and task_reschedules.task_instance_id = tries.task_instance_id

)

select * from resolved
where dag_id is not null
