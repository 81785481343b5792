{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dag_schedule_asset_uri_reference") }}

),

renamed as (

    select
        environment_slug,
        uri as asset_uri,
        dag_id,
        created_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
