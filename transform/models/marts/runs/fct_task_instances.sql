with task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

attempt_totals as (

    select * from {{ ref("int_task_attempts_totalled") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

measured as (

    select
        {{ surrogate_key([
            "task_instances.environment_slug",
            "task_instances.dag_id",
            "task_instances.run_id",
            "task_instances.task_id",
            "task_instances.map_index",
        ]) }} as task_instance_key,
        {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
            as dag_run_key,
        {{ surrogate_key([
            "task_instances.environment_slug", "task_instances.dag_id"
        ]) }} as dag_key,
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
        coalesce(attempt_totals.known_try_count, 0) as known_try_count,
        task_instances.try_number > 1 as was_retried,
        task_instances.map_index >= 0 as is_mapped,
        task_instances.scheduled_at,
        task_instances.queued_at,
        task_instances.started_at,
        task_instances.ended_at,
        -- Airflow gives up and skips tasks without queueing them anew.
        case
            when task_instances.state not in ('upstream_failed', 'skipped', 'removed')
                then {{ delay_seconds(
                    "task_instances.queued_at", "task_instances.started_at"
                ) }}
        end as queue_delay_seconds,
        -- Until the latest try begins, the source shows the times of the one before it.
        case
            when task_instances.state not in ('scheduled', 'queued')
                then coalesce(
                    task_instances.duration_seconds,
                    {{ seconds_between(
                        "task_instances.started_at", "task_instances.ended_at"
                    ) }}
                )
        end as duration_seconds,
        coalesce(attempt_totals.total_seconds, 0) as total_seconds,
        coalesce(attempt_totals.wasted_seconds, 0) as wasted_seconds,
        task_instances.extracted_at,
        task_instances.is_deleted_at_source,
        task_instances.deleted_at_source_at
    from task_instances
    left join run_ids
        on
            task_instances.environment_slug = run_ids.environment_slug
            and task_instances.dag_id = run_ids.dag_id
            and task_instances.run_id = run_ids.run_id
    left join attempt_totals
        on
            task_instances.environment_slug = attempt_totals.environment_slug
            and task_instances.dag_id = attempt_totals.dag_id
            and task_instances.run_id = attempt_totals.run_id
            and task_instances.task_id = attempt_totals.task_id
            and task_instances.map_index = attempt_totals.map_index

)

select * from measured
