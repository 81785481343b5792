{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("task_instance") }}

),

renamed as (

    select
        environment_slug,
        task_id,
        dag_id,
        run_id,
        map_index,
        start_date as started_at,
        end_date as ended_at,
        duration as duration_seconds,
        state,
        try_number,
        max_tries as retry_limit,
        hostname,
        unixname as os_user_name,
        job_id,
        pool as pool_name,
        pool_slots,
        queue as queue_name,
        priority_weight,
        operator as operator_name,
        queued_dttm as queued_at,
        queued_by_job_id,
        pid as process_id,
        external_executor_id,
        trigger_id,
        trigger_timeout as trigger_timeout_at,
        next_method,
        updated_at,
        custom_operator_name as operator_display_name,
        task_display_name,
        executor as executor_name,
        id as task_instance_id,
        scheduled_dttm as scheduled_at,
        last_heartbeat_at,
        span_status,
        dag_version_id,
        retry_delay_override as retry_delay_override_seconds,
        region_index,
        region_id,
        working_set as is_current_try,
        archived_reason,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
