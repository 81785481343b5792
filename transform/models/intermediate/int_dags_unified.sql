with dags as (

    select * from {{ ref("stg_airflow__dags") }}

),

schedules as (

    select * from {{ ref("int_dag_schedules_unified") }}

),

unified as (

    select
        dags.environment_slug,
        dags.dag_id,
        dags.dag_display_name,
        dags.description,
        dags.owner_names,
        schedules.schedule,
        dags.timetable_description as schedule_description,
        dags.max_active_runs,
        dags.max_active_tasks,
        dags.max_consecutive_failed_runs,
        dags.is_paused,
        coalesce(dags.is_draining, false) as is_draining,
        -- is_active until Airflow 2.11, is_stale since 3.0: each null in the other
        -- version.
        coalesce(not dags.is_stale, dags.is_active, false)
        and not dags.is_deleted_at_source as is_active,
        coalesce(dags.is_subdag, false) as is_subdag,
        coalesce(dags.is_timetable_partitioned, false) as is_partitioned,
        coalesce(dags.has_import_errors, false) as has_import_errors,
        dags.file_path,
        dags.relative_file_path,
        dags.bundle_name,
        dags.bundle_version,
        dags.last_parsed_at,
        dags.last_parse_seconds,
        dags.next_run_logical_at,
        dags.next_run_due_at,
        dags.extracted_at,
        dags.is_deleted_at_source,
        dags.deleted_at_source_at
    from dags
    left join schedules
        on
            dags.environment_slug = schedules.environment_slug
            and dags.dag_id = schedules.dag_id

)

select * from unified
