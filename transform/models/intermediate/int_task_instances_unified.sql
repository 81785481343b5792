-- Once a mapped task expands, its placeholder becomes element 0 in place, and the
-- placeholder's key stays behind in the warehouse.
with elements as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        case when coalesce(state, 'none') <> 'removed' then extracted_at end
            as expanded_at,
        extracted_at
    from {{ ref("int_task_instances_resolved") }}
    where map_index = 0 and not has_row_per_try

),

before_airflow_3_4 as (

    select
        task_instances.*,
        elements.expanded_at,
        1 as newness_rank,
        false as has_times_of_last_try,
        {{ latest_of(
            "task_instances.extracted_at",
            ["task_instances.deleted_at_source_at", "elements.extracted_at"],
        ) }} as changed_at
    from {{ ref("int_task_instances_resolved") }} as task_instances
    left join elements
        on
            task_instances.environment_slug = elements.environment_slug
            and task_instances.dag_id = elements.dag_id
            and task_instances.run_id = elements.run_id
            and task_instances.task_id = elements.task_id
            and task_instances.map_index = -1
    where not task_instances.has_row_per_try

),

unioned as (

    select * from before_airflow_3_4
    union all
    select * from {{ ref("int_task_tries_ranked") }}
    where newness_rank = 1

),

unified as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        instance_index,
        region_id,
        region_family_id,
        iteration,
        has_row_per_try,
        not is_current_try as is_superseded,
        coalesce(operator_name = 'LoopGateOperator', false) as is_loop_gate,
        task_display_name,
        state,
        operator_name,
        pool_name,
        pool_slots,
        queue_name,
        priority_weight,
        executor_name,
        hostname,
        try_number,
        retry_limit,
        next_method,
        {% for column in [
            "scheduled_at", "queued_at", "started_at", "ended_at", "duration_seconds"
        ] %}
            case when not has_times_of_last_try then {{ column }} end as {{ column }},
        {% endfor %}
        dag_version_id,
        extracted_at,
        is_deleted_at_source
        or coalesce(extracted_at < expanded_at, false) as is_deleted_at_source,
        case
            when deleted_at_source_at is not null then deleted_at_source_at
            when extracted_at < expanded_at then expanded_at
        end as deleted_at_source_at,
        changed_at
    from unioned

)

select * from unified
