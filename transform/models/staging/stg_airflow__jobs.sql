{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("job") }}

),

renamed as (

    select
        environment_slug,
        id as job_id,
        dag_id,
        state,
        job_type,
        start_date as started_at,
        end_date as ended_at,
        latest_heartbeat as latest_heartbeat_at,
        executor_class as executor_name,
        hostname,
        unixname as os_user_name,
        {{ json_as_text("bundle_names") }} as bundle_names,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
