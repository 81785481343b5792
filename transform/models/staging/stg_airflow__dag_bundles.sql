{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dag_bundle") }}

),

renamed as (

    select
        environment_slug,
        name as bundle_name,
        active as is_active,
        version as bundle_version,
        last_refreshed as last_refreshed_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
