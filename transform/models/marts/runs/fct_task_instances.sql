{{ config(
    materialized="incremental",
    unique_key="task_instance_key",
    post_hook="{{ remove_rows_not_in(
        ref('int_task_instances_unified'), task_instance_ids()
    ) }}",
) }}
with task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

to_build as (

    select
        {{ surrogate_key([
            "task_instances.environment_slug", "task_instances.dag_id",
            "task_instances.run_id", "task_instances.task_id",
            "task_instances.instance_index",
        ]) }} as task_instance_key,
        task_instances.*
    from task_instances
    {{ of_changed_task_instances(
        "task_instances", ref("int_task_instances_changed")
    ) }}

),

attempt_totals as (

    {{ attempt_totals(ref("fct_task_attempts"), ref("int_task_marks_matched")) }}

),

measured as (

    select
        to_build.task_instance_key,
        {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
            as dag_run_key,
        {{ surrogate_key(["to_build.environment_slug", "to_build.dag_id"]) }}
            as dag_key,
        to_build.environment_slug,
        to_build.dag_id,
        to_build.run_id,
        to_build.task_id,
        to_build.map_index,
        to_build.instance_index,
        to_build.region_id,
        to_build.region_family_id,
        to_build.iteration,
        to_build.is_loop_gate,
        to_build.is_superseded,
        to_build.task_display_name,
        to_build.state,
        to_build.operator_name,
        to_build.pool_name,
        to_build.pool_slots,
        to_build.queue_name,
        to_build.priority_weight,
        to_build.executor_name,
        to_build.hostname,
        to_build.try_number,
        to_build.retry_limit,
        coalesce(attempt_totals.known_try_count, 0) as known_try_count,
        to_build.try_number > 1 as was_retried,
        to_build.map_index >= 0 as is_mapped,
        to_build.scheduled_at,
        to_build.queued_at,
        to_build.started_at,
        to_build.ended_at,
        {{ first_outcome_columns("to_build", "attempt_totals") }}
        -- Airflow gives up and skips tasks without queueing them anew.
        case
            when to_build.state not in ('upstream_failed', 'skipped', 'removed')
                then {{ delay_seconds("to_build.queued_at", "to_build.started_at") }}
        end as queue_delay_seconds,
        -- Until the latest try begins, the source shows the times of the one before it.
        case
            when to_build.state not in ('scheduled', 'queued')
                then coalesce(
                    to_build.duration_seconds,
                    {{ seconds_between("to_build.started_at", "to_build.ended_at") }}
                )
        end as duration_seconds,
        coalesce(attempt_totals.total_seconds, 0) as total_seconds,
        coalesce(attempt_totals.held_seconds, 0) as held_seconds,
        coalesce(attempt_totals.waited_seconds, 0) as waited_seconds,
        coalesce(attempt_totals.wasted_seconds, 0) as wasted_seconds,
        to_build.extracted_at,
        to_build.is_deleted_at_source,
        to_build.deleted_at_source_at
    from to_build
    left join run_ids
        on
            to_build.environment_slug = run_ids.environment_slug
            and to_build.dag_id = run_ids.dag_id
            and to_build.run_id = run_ids.run_id
    left join attempt_totals
        on to_build.task_instance_key = attempt_totals.task_instance_key

)

select * from measured
