with task_attempts as (

    select * from {{ ref("int_task_attempts_numbered") }}

),

task_fails as (

    select * from {{ ref("int_task_fails_numbered") }}

),

task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

unioned as (

    select
        task_attempts.environment_slug,
        task_attempts.dag_id,
        task_attempts.run_id,
        task_attempts.task_id,
        task_attempts.map_index,
        task_attempts.instance_index,
        task_attempts.region_id,
        task_attempts.iteration,
        case
            when task_fails.task_id is not null
                then task_attempts.try_number + task_fails.later_tries_moved_by
            when task_attempts.try_number = 0 then 1
            else task_attempts.try_number
        end as try_number,
        task_attempts.retry_limit,
        task_attempts.state,
        task_attempts.operator_name,
        task_attempts.pool_name,
        task_attempts.pool_slots,
        task_attempts.queue_name,
        task_attempts.executor_name,
        task_attempts.hostname,
        task_attempts.priority_weight,
        task_attempts.scheduled_at,
        task_attempts.queued_at,
        task_attempts.started_at,
        task_attempts.ended_at,
        coalesce(
            task_attempts.duration_seconds,
            {{ seconds_between("task_attempts.started_at", "task_attempts.ended_at") }}
        ) as duration_seconds,
        task_attempts.state in ('failed', 'up_for_retry', 'restarting', 'shutdown')
            as is_wasted,
        task_attempts.is_latest_try,
        case
            when task_attempts.state = 'awaiting_input' then 'person'
            when task_attempts.queued_at > task_attempts.started_at then 'deferral'
            when task_attempts.next_method is not null then 'deferral'
        end as wait_kind,
        task_attempts.dag_version_id,
        task_attempts.extracted_at,
        task_attempts.is_deleted_at_source,
        task_attempts.deleted_at_source_at
    from task_attempts
    left join task_fails
        on
            task_attempts.environment_slug = task_fails.environment_slug
            and task_attempts.dag_id = task_fails.dag_id
            and task_attempts.run_id = task_fails.run_id
            and task_attempts.task_id = task_fails.task_id
            and task_attempts.instance_index = task_fails.instance_index
            and task_fails.age_rank = 1
    union all
    -- Airflow keeps only the times of these. The pool and such are those of the latest
    -- try.
    select
        task_fails.environment_slug,
        task_fails.dag_id,
        task_fails.run_id,
        task_fails.task_id,
        task_fails.map_index,
        task_fails.instance_index,
        {{ null_like("task_instances.region_id") }} as region_id,
        {{ null_like("task_instances.iteration") }} as iteration,
        task_fails.try_number,
        {{ null_like("task_instances.retry_limit") }} as retry_limit,
        'failed' as state,
        task_instances.operator_name,
        task_instances.pool_name,
        task_instances.pool_slots,
        task_instances.queue_name,
        task_instances.executor_name,
        {{ null_like("task_instances.hostname") }} as hostname,
        task_instances.priority_weight,
        {{ null_like("task_instances.scheduled_at") }} as scheduled_at,
        {{ null_like("task_instances.queued_at") }} as queued_at,
        task_fails.started_at,
        task_fails.ended_at,
        {{ seconds_between("task_fails.started_at", "task_fails.ended_at") }}
            as duration_seconds,
        true as is_wasted,
        task_fails.is_latest_try,
        {{ null_like("task_instances.next_method") }} as wait_kind,
        {{ null_like("task_instances.dag_version_id") }} as dag_version_id,
        task_fails.extracted_at,
        task_fails.is_deleted_at_source,
        task_fails.deleted_at_source_at
    from task_fails
    left join task_instances
        on
            task_fails.environment_slug = task_instances.environment_slug
            and task_fails.dag_id = task_instances.dag_id
            and task_fails.run_id = task_instances.run_id
            and task_fails.task_id = task_instances.task_id
            and task_fails.instance_index = task_instances.instance_index

)

select * from unioned
