{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dag") }}

),

renamed as (

    select
        environment_slug,
        dag_id,
        root_dag_id,
        is_paused,
        is_subdag,
        is_active,
        last_parsed_time as last_parsed_at,
        last_pickled as last_pickled_at,
        last_expired as last_expired_at,
        scheduler_lock as is_scheduler_locked,
        pickle_id,
        fileloc as file_path,
        processor_subdir,
        owners as owner_names,
        description,
        default_view,
        schedule_interval,
        timetable_description,
        max_active_tasks,
        max_active_runs,
        has_task_concurrency_limits,
        has_import_errors,
        next_dagrun as next_run_logical_at,
        next_dagrun_data_interval_start as next_run_data_interval_start_at,
        next_dagrun_data_interval_end as next_run_data_interval_end_at,
        next_dagrun_create_after as next_run_due_at,
        dag_display_name,
        {{ json_as_text("dataset_expression") }} as dataset_expression,
        max_consecutive_failed_dag_runs as max_consecutive_failed_runs,
        is_stale,
        relative_fileloc as relative_file_path,
        bundle_name,
        bundle_version,
        timetable_summary,
        {{ json_as_text("asset_expression") }} as asset_expression,
        last_parse_duration as last_parse_seconds,
        exceeds_max_non_backfill as is_at_max_active_runs,
        timetable_type,
        timetable_partitioned as is_timetable_partitioned,
        fail_fast as is_fail_fast,
        {{ json_as_text("allowed_run_types") }} as allowed_run_types,
        next_dagrun_partition_key as next_run_partition_key,
        next_dagrun_partition_date as next_run_partition_at,
        timetable_periodic as is_timetable_periodic,
        {{ json_as_text("partition_mapper_info") }} as partition_mapper_info,
        is_draining,
        timetable_asset_gated as is_timetable_asset_gated,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
