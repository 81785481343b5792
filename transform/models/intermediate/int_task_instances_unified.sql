with task_instances as (

    select * from {{ ref("stg_airflow__task_instances") }}

),

-- Once a mapped task expands, its placeholder becomes element 0 in place, and the
-- placeholder's key stays behind in the warehouse.
expanded as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        extracted_at
    from task_instances
    where map_index = 0 and coalesce(state, 'none') <> 'removed'

),

unified as (

    select
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.run_id,
        task_instances.task_id,
        task_instances.map_index,
        task_instances.task_display_name,
        task_instances.state,
        task_instances.operator_name,
        task_instances.pool_name,
        task_instances.pool_slots,
        task_instances.queue_name,
        task_instances.priority_weight,
        task_instances.executor_name,
        task_instances.hostname,
        task_instances.try_number,
        task_instances.max_try_number,
        task_instances.next_method,
        task_instances.scheduled_at,
        task_instances.queued_at,
        task_instances.started_at,
        task_instances.ended_at,
        task_instances.duration_seconds,
        task_instances.dag_version_id,
        task_instances.extracted_at,
        task_instances.is_deleted_at_source
        or expanded.task_id is not null as is_deleted_at_source,
        coalesce(task_instances.deleted_at_source_at, expanded.extracted_at)
            as deleted_at_source_at
    from task_instances
    left join expanded
        on
            task_instances.environment_slug = expanded.environment_slug
            and task_instances.dag_id = expanded.dag_id
            and task_instances.run_id = expanded.run_id
            and task_instances.task_id = expanded.task_id
            and task_instances.map_index = -1
            and task_instances.extracted_at < expanded.extracted_at

)

select * from unified
