with task_attempts as (

    select * from {{ ref("int_task_attempts_unioned") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, dag_id, run_id, task_id, map_index
            order by is_deleted_at_source asc, try_number desc
        ) as newness_rank
    from task_attempts

),

measured as (

    select
        {{ surrogate_key([
            "ranked.environment_slug",
            "ranked.dag_id",
            "ranked.run_id",
            "ranked.task_id",
            "ranked.map_index",
            "ranked.try_number",
        ]) }} as task_attempt_key,
        {{ surrogate_key([
            "ranked.environment_slug",
            "ranked.dag_id",
            "ranked.run_id",
            "ranked.task_id",
            "ranked.map_index",
        ]) }} as task_instance_key,
        {{ surrogate_key(["run_ids.environment_slug", "run_ids.dag_run_id"]) }}
            as dag_run_key,
        {{ surrogate_key(["ranked.environment_slug", "ranked.dag_id"]) }} as dag_key,
        ranked.environment_slug,
        ranked.dag_id,
        ranked.run_id,
        ranked.task_id,
        ranked.map_index,
        ranked.try_number,
        ranked.state,
        ranked.newness_rank = 1 as is_latest_try,
        ranked.try_number > 1 as is_retry,
        ranked.map_index >= 0 as is_mapped,
        ranked.operator_name,
        ranked.pool_name,
        ranked.pool_slots,
        ranked.queue_name,
        ranked.executor_name,
        ranked.hostname,
        ranked.priority_weight,
        ranked.scheduled_at,
        ranked.queued_at,
        ranked.started_at,
        ranked.ended_at,
        {{ delay_seconds("ranked.scheduled_at", "ranked.queued_at") }}
            as schedule_delay_seconds,
        -- Airflow gives up and skips tasks without queueing them anew.
        case
            when ranked.state not in ('upstream_failed', 'skipped', 'removed')
                then {{ delay_seconds("ranked.queued_at", "ranked.started_at") }}
        end as queue_delay_seconds,
        ranked.duration_seconds,
        ranked.is_wasted,
        case
            when ranked.is_wasted then coalesce(ranked.duration_seconds, 0)
            else 0
        end as wasted_seconds,
        ranked.dag_version_id,
        ranked.extracted_at,
        ranked.is_deleted_at_source,
        ranked.deleted_at_source_at
    from ranked
    left join run_ids
        on
            ranked.environment_slug = run_ids.environment_slug
            and ranked.dag_id = run_ids.dag_id
            and ranked.run_id = run_ids.run_id

)

select * from measured
