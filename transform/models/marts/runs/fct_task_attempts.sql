{{ config(
    materialized="incremental",
    unique_key="task_attempt_key",
    post_hook="{{ remove_rows_not_in(
        ref('int_task_attempts_unioned'), task_instance_ids() + ['try_number']
    ) }}",
) }}
with task_attempts as (

    select * from {{ ref("int_task_attempts_unioned") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

to_build as (

    select task_attempts.*
    from task_attempts
    {{ of_changed_task_instances("task_attempts") }}

),

measured as (

    select
        {{ surrogate_key([
            "to_build.environment_slug",
            "to_build.dag_id",
            "to_build.run_id",
            "to_build.task_id",
            "to_build.instance_index",
            "to_build.try_number",
        ]) }} as task_attempt_key,
        {{ surrogate_key([
            "to_build.environment_slug",
            "to_build.dag_id",
            "to_build.run_id",
            "to_build.task_id",
            "to_build.instance_index",
        ]) }} as task_instance_key,
        {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
            as dag_run_key,
        {{ surrogate_key([
            "to_build.environment_slug", "to_build.dag_id", "to_build.task_id"
        ]) }} as task_key,
        {{ surrogate_key(["to_build.environment_slug", "to_build.dag_id"]) }}
            as dag_key,
        to_build.environment_slug,
        to_build.dag_id,
        to_build.run_id,
        to_build.task_id,
        to_build.map_index,
        to_build.instance_index,
        to_build.region_id,
        to_build.iteration,
        coalesce(to_build.operator_name = 'LoopGateOperator', false) as is_loop_gate,
        to_build.try_number,
        to_build.state,
        to_build.is_latest_try,
        to_build.try_number > 1 as is_retry,
        to_build.map_index >= 0 as is_mapped,
        to_build.operator_name,
        to_build.pool_name,
        to_build.pool_slots,
        to_build.queue_name,
        to_build.executor_name,
        to_build.hostname,
        to_build.priority_weight,
        to_build.scheduled_at,
        to_build.queued_at,
        to_build.started_at,
        to_build.ended_at,
        {{ delay_seconds("to_build.scheduled_at", "to_build.queued_at") }}
            as schedule_delay_seconds,
        -- Airflow gives up and skips tasks without queueing them anew.
        case
            when to_build.state not in ('upstream_failed', 'skipped', 'removed')
                then {{ delay_seconds("to_build.queued_at", "to_build.started_at") }}
        end as queue_delay_seconds,
        to_build.duration_seconds,
        to_build.is_wasted,
        case
            when to_build.is_wasted then coalesce(to_build.duration_seconds, 0)
            else 0
        end as wasted_seconds,
        to_build.dag_version_id,
        to_build.extracted_at,
        to_build.is_deleted_at_source,
        to_build.deleted_at_source_at
    from to_build
    left join run_ids
        on
            to_build.environment_slug = run_ids.environment_slug
            and to_build.dag_id = run_ids.dag_id
            and to_build.run_id = run_ids.run_id

)

select * from measured
