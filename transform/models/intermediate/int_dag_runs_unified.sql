with dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

triggers as (

    select * from {{ ref("int_dag_run_triggers_matched") }}

),

triggering_tasks as (

    select * from {{ ref("int_triggering_tasks_matched") }}

),

unified as (

    select
        dag_runs.environment_slug,
        dag_runs.dag_run_id,
        dag_runs.dag_id,
        dag_runs.run_id,
        dag_runs.state,
        case
            when dag_runs.run_type = 'dataset_triggered' then 'asset_triggered'
            else dag_runs.run_type
        end as run_type,
        case
            when dag_runs.triggered_by is not null then lower(dag_runs.triggered_by)
            -- Airflow 2 does not keep it: its kinds of runs and its audit log tell.
            when dag_runs.run_type = 'scheduled' then 'timetable'
            when dag_runs.run_type = 'dataset_triggered' then 'asset'
            when dag_runs.run_type = 'backfill' then 'backfill'
            when triggering_tasks.dag_run_id is not null then 'operator'
            else coalesce(triggers.triggered_by, 'unknown')
        end as triggered_by,
        coalesce(
            dag_runs.triggered_by_username, triggers.triggered_by_username
        ) as triggered_by_username,
        triggering_tasks.triggering_dag_run_key,
        dag_runs.logical_at,
        dag_runs.data_interval_start_at,
        dag_runs.data_interval_end_at,
        -- Airflow 2 begins a scheduled run when its data interval is over.
        case
            when dag_runs.due_at is not null then dag_runs.due_at
            when dag_runs.run_type = 'scheduled' then dag_runs.data_interval_end_at
        end as due_at,
        dag_runs.queued_at,
        dag_runs.started_at,
        dag_runs.ended_at,
        coalesce(dag_runs.clear_count, 0) as clear_count,
        dag_runs.backfill_id,
        dag_runs.bundle_version,
        dag_runs.dag_version_id,
        dag_runs.dag_hash,
        dag_runs.partition_key,
        dag_runs.extracted_at,
        dag_runs.is_deleted_at_source,
        dag_runs.deleted_at_source_at
    from dag_runs
    left join triggers
        on
            dag_runs.environment_slug = triggers.environment_slug
            and dag_runs.dag_run_id = triggers.dag_run_id
    left join triggering_tasks
        on
            dag_runs.environment_slug = triggering_tasks.environment_slug
            and dag_runs.dag_run_id = triggering_tasks.dag_run_id

)

select * from unified
