{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("task_fail") }}

),

renamed as (

    select
        environment_slug,
        id as task_fail_id,
        task_id,
        dag_id,
        run_id,
        map_index,
        start_date as started_at,
        end_date as ended_at,
        duration as duration_seconds,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
