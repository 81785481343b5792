with task_instances as {{ not_materialized() }} (

    select * from {{ ref("stg_airflow__task_instances") }}

),

-- Once a mapped task expands, its placeholder becomes element 0 in place, and the
-- placeholder's key stays behind in the warehouse.
elements as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        case when coalesce(state, 'none') <> 'removed' then extracted_at end
            as expanded_at,
        extracted_at
    from task_instances
    where map_index = 0

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
        or coalesce(task_instances.extracted_at < elements.expanded_at, false)
            as is_deleted_at_source,
        case
            when task_instances.deleted_at_source_at is not null
                then task_instances.deleted_at_source_at
            when task_instances.extracted_at < elements.expanded_at
                then elements.expanded_at
        end as deleted_at_source_at,
        {{ latest_of(
            "task_instances.extracted_at",
            ["task_instances.deleted_at_source_at", "elements.extracted_at"],
        ) }} as changed_at
    from task_instances
    left join elements
        on
            task_instances.environment_slug = elements.environment_slug
            and task_instances.dag_id = elements.dag_id
            and task_instances.run_id = elements.run_id
            and task_instances.task_id = elements.task_id
            and task_instances.map_index = -1

)

select * from unified
