{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("import_error") }}

),

renamed as (

    select
        environment_slug,
        id as import_error_id,
        {{ quoted("timestamp") }} as recorded_at,
        filename as file_path,
        processor_subdir,
        bundle_name,
        source_reference,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
