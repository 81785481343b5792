{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dag_run") }}

),

renamed as (

    select
        environment_slug,
        id as dag_run_id,
        dag_id,
        queued_at,
        coalesce(logical_date, execution_date) as logical_at,
        start_date as started_at,
        end_date as ended_at,
        state,
        run_id,
        creating_job_id,
        external_trigger as is_externally_triggered,
        run_type,
        data_interval_start as data_interval_start_at,
        data_interval_end as data_interval_end_at,
        last_scheduling_decision as last_scheduling_decision_at,
        dag_hash,
        log_template_id,
        updated_at,
        clear_number as clear_count,
        triggered_by,
        run_after as due_at,
        backfill_id,
        bundle_version,
        scheduled_by_job_id,
        span_status,
        created_dag_version_id as dag_version_id,
        triggering_user_name as triggered_by_username,
        created_at,
        partition_key,
        partition_date as partition_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
