{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dag_version") }}

),

renamed as (

    select
        environment_slug,
        id as dag_version_id,
        version_number,
        dag_id,
        bundle_name,
        bundle_version,
        created_at,
        last_updated as updated_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
