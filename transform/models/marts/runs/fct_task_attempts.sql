{{ config(
    materialized="incremental",
    unique_key="task_attempt_key",
    post_hook="{{ remove_rows_not_in(
        ref('int_task_attempts_unioned'), task_instance_ids() + ['try_number']
    ) }}",
) }}
{%- set ids = ["environment_slug", "dag_id", "run_id", "task_id", "instance_index"] %}
{%- set before = "(partition by " ~ ids | join(", ") ~ " order by try_number)" %}
with task_attempts as (

    select * from {{ ref("int_task_attempts_unioned") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

waits as (

    select * from {{ ref("int_task_waits_unified") }}

),

to_build as (

    select task_attempts.*
    from task_attempts
    {{ of_changed_task_instances(
        "task_attempts", ref("int_task_instances_changed")
    ) }}

),

keyed as (

    select
        *,
        {{ surrogate_key(ids + ["try_number"]) }} as task_attempt_key,
        {{ surrogate_key(ids) }} as task_instance_key,
        {{ is_rerun(before) }} as is_rerun
    from to_build

),

judged as (

    select
        *,
        {{ is_last_before_rerun(before) }} as is_last_before_rerun
    from keyed

)

select
    judged.task_attempt_key,
    judged.task_instance_key,
    {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
        as dag_run_key,
    {{ surrogate_key([
        "judged.environment_slug", "judged.dag_id", "judged.task_id"
    ]) }} as task_key,
    {{ surrogate_key(["judged.environment_slug", "judged.dag_id"]) }}
        as dag_key,
    case
        when judged.pool_name is not null
            then {{ surrogate_key(["judged.environment_slug", "judged.pool_name"]) }}
    end as pool_key,
    judged.environment_slug,
    judged.dag_id,
    judged.run_id,
    judged.task_id,
    judged.map_index,
    judged.instance_index,
    judged.region_id,
    judged.iteration,
    coalesce(judged.operator_name = 'LoopGateOperator', false) as is_loop_gate,
    judged.try_number,
    judged.state,
    judged.is_latest_try,
    judged.try_number > 1 and not judged.is_rerun as is_retry,
    judged.is_rerun,
    judged.is_last_before_rerun,
    judged.map_index >= 0 as is_mapped,
    judged.operator_name,
    judged.pool_name,
    judged.pool_slots,
    judged.queue_name,
    judged.executor_name,
    judged.hostname,
    judged.priority_weight,
    judged.scheduled_at,
    judged.queued_at,
    judged.started_at,
    judged.ended_at,
    {{ delay_seconds("judged.scheduled_at", "judged.queued_at") }}
        as schedule_delay_seconds,
    -- Airflow gives up and skips tasks without queueing them anew.
    case
        when judged.state not in ('upstream_failed', 'skipped', 'removed')
            then {{ delay_seconds("judged.queued_at", "judged.started_at") }}
    end as queue_delay_seconds,
    judged.duration_seconds,
    {{ held_columns("judged", "waits") }}
    judged.dag_version_id,
    judged.extracted_at,
    judged.is_deleted_at_source,
    judged.deleted_at_source_at
from judged
left join waits
    on judged.task_attempt_key = waits.task_attempt_key
left join run_ids
    on
        judged.environment_slug = run_ids.environment_slug
        and judged.dag_id = run_ids.dag_id
        and judged.run_id = run_ids.run_id
