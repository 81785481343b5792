with sla_misses as (

    select * from {{ ref("stg_airflow__sla_misses") }}

),

dag_runs as (

    select * from {{ ref("int_dag_runs_unified") }}

),

task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

-- Airflow notes the miss under the logical date that follows the late run's, which is
-- the end of that run's data interval.
ranked_runs as (

    select
        *,
        row_number() over (
            partition by environment_slug, dag_id, data_interval_end_at
            order by
                case when is_deleted_at_source then 1 else 0 end asc,
                dag_run_id desc
        ) as newest_rank
    from dag_runs
    -- A run by hand comes after the data interval that it shares with a scheduled one.
    where logical_at < data_interval_end_at

),

late_runs as (

    select * from ranked_runs
    where newest_rank = 1

),

-- A mapped task is done when all of its instances are.
tasks as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        case
            when
                sum(case when state in ('success', 'skipped') then 1 else 0 end)
                = count(*)
                then 'completed'
            when
                sum(case
                    when state in ('failed', 'upstream_failed', 'removed') then 1 else 0
                end) > 0
                then 'failed'
            else 'open'
        end as outcome,
        max(ended_at) as last_ended_at
    from task_instances
    where not is_deleted_at_source
    group by environment_slug, dag_id, run_id, task_id

),

matched as (

    select
        {{ surrogate_key([
            "sla_misses.environment_slug",
            "'sla'",
            "sla_misses.dag_id",
            "sla_misses.task_id",
            microseconds_between("cast('1970-01-01' as date)", "sla_misses.logical_at"),
        ]) }} as sla_miss_key,
        sla_misses.environment_slug,
        sla_misses.dag_id,
        late_runs.dag_run_id,
        late_runs.run_id,
        sla_misses.task_id,
        sla_misses.logical_at as run_due_at,
        sla_misses.recorded_at as missed_at,
        tasks.outcome,
        case
            when tasks.outcome = 'completed' then tasks.last_ended_at
        end as completed_at,
        coalesce(sla_misses.was_email_sent, false)
        or coalesce(sla_misses.was_notification_sent, false) as was_notified,
        sla_misses.extracted_at,
        sla_misses.is_deleted_at_source,
        sla_misses.deleted_at_source_at
    from sla_misses
    left join late_runs
        on
            sla_misses.environment_slug = late_runs.environment_slug
            and sla_misses.dag_id = late_runs.dag_id
            and sla_misses.logical_at = late_runs.data_interval_end_at
    left join tasks
        on
            late_runs.environment_slug = tasks.environment_slug
            and late_runs.dag_id = tasks.dag_id
            and late_runs.run_id = tasks.run_id
            and sla_misses.task_id = tasks.task_id

)

select * from matched
