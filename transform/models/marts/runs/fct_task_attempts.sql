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
    {{ of_changed_task_instances("task_attempts") }}

),

-- Airflow itself tries again only what failed, and while retries are left.
keyed as (

    select
        *,
        {{ surrogate_key(ids + ["try_number"]) }} as task_attempt_key,
        {{ surrogate_key(ids) }} as task_instance_key,
        coalesce(
            lag(state) over {{ before }} = 'success'
            or (
                lag(state) over {{ before }} = 'failed'
                and lag(try_number) over {{ before }}
                > lag(retry_limit) over {{ before }}
            ),
            false
        ) as is_rerun
    from to_build

),

measured as (

    select
        keyed.task_attempt_key,
        keyed.task_instance_key,
        {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
            as dag_run_key,
        {{ surrogate_key([
            "keyed.environment_slug", "keyed.dag_id", "keyed.task_id"
        ]) }} as task_key,
        {{ surrogate_key(["keyed.environment_slug", "keyed.dag_id"]) }}
            as dag_key,
        keyed.environment_slug,
        keyed.dag_id,
        keyed.run_id,
        keyed.task_id,
        keyed.map_index,
        keyed.instance_index,
        keyed.region_id,
        keyed.iteration,
        coalesce(keyed.operator_name = 'LoopGateOperator', false) as is_loop_gate,
        keyed.try_number,
        keyed.state,
        keyed.is_latest_try,
        keyed.try_number > 1 and not keyed.is_rerun as is_retry,
        keyed.is_rerun,
        keyed.map_index >= 0 as is_mapped,
        keyed.operator_name,
        keyed.pool_name,
        keyed.pool_slots,
        keyed.queue_name,
        keyed.executor_name,
        keyed.hostname,
        keyed.priority_weight,
        keyed.scheduled_at,
        keyed.queued_at,
        keyed.started_at,
        keyed.ended_at,
        {{ delay_seconds("keyed.scheduled_at", "keyed.queued_at") }}
            as schedule_delay_seconds,
        -- Airflow gives up and skips tasks without queueing them anew.
        case
            when keyed.state not in ('upstream_failed', 'skipped', 'removed')
                then {{ delay_seconds("keyed.queued_at", "keyed.started_at") }}
        end as queue_delay_seconds,
        keyed.duration_seconds,
        {{ held_columns("keyed", "waits") }}
        keyed.dag_version_id,
        keyed.extracted_at,
        keyed.is_deleted_at_source,
        keyed.deleted_at_source_at
    from keyed
    left join waits
        on keyed.task_attempt_key = waits.task_attempt_key
    left join run_ids
        on
            keyed.environment_slug = run_ids.environment_slug
            and keyed.dag_id = run_ids.dag_id
            and keyed.run_id = run_ids.run_id

)

select * from measured
