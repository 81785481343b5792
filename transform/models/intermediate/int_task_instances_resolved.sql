with task_instances as (

    select * from {{ ref("stg_airflow__task_instances") }}

),

regions as (

    select * from {{ ref("stg_airflow__dynamic_regions") }}

),

upgraded as (

    select * from {{ ref("int_task_instances_upgraded") }}

),

-- A region is one run of a loop, or one expansion of a mapped task, which may be within
-- an iteration of a loop.
resolved as (

    select
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.run_id,
        task_instances.task_id,
        case
            when task_instances.region_index is null then task_instances.map_index
            when task_instances.region_id = {{ no_region() }}
                then task_instances.region_index
            when regions.region_node_id = task_instances.task_id
                then task_instances.region_index
            else -1
        end as map_index,
        case
            when task_instances.region_id <> {{ no_region() }}
                then
                    task_instances.region_id
                    || '/'
                    || {{ as_text("task_instances.region_index") }}
            else
                {{ as_text(
                    "coalesce(task_instances.map_index, task_instances.region_index)"
                ) }}
        end as instance_index,
        case
            when task_instances.region_id <> {{ no_region() }}
                then task_instances.region_id
        end as region_id,
        regions.region_family_id,
        case
            when regions.region_node_id <> task_instances.task_id
                then task_instances.region_index
            else regions.parent_region_index
        end as iteration,
        task_instances.task_instance_id,
        task_instances.region_index is not null as has_row_per_try,
        coalesce(
            task_instances.is_current_try, task_instances.region_index is null
        ) as is_current_try,
        task_instances.archived_reason,
        task_instances.task_display_name,
        task_instances.state,
        task_instances.operator_name,
        task_instances.pool_name,
        task_instances.pool_slots,
        task_instances.queue_name,
        task_instances.priority_weight,
        task_instances.executor_name,
        nullif(task_instances.hostname, '') as hostname,
        task_instances.try_number,
        task_instances.retry_limit,
        task_instances.next_method,
        task_instances.job_id,
        task_instances.scheduled_at,
        task_instances.queued_at,
        task_instances.started_at,
        task_instances.ended_at,
        task_instances.duration_seconds,
        task_instances.last_heartbeat_at,
        task_instances.dag_version_id,
        task_instances.extracted_at,
        task_instances.is_deleted_at_source,
        task_instances.deleted_at_source_at
    from task_instances
    left join regions
        on
            task_instances.environment_slug = regions.environment_slug
            and task_instances.region_id = regions.region_id
    left join upgraded
        on
            task_instances.environment_slug = upgraded.environment_slug
            and task_instances.dag_id = upgraded.dag_id
            and task_instances.run_id = upgraded.run_id
            and task_instances.task_id = upgraded.task_id
            and task_instances.map_index = upgraded.map_index
    -- Rows of Airflow 3.4 have no map_index.
    where upgraded.task_id is null

)

select * from resolved
