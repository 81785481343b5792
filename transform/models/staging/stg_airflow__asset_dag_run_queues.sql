{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("asset_dag_run_queue") }}

),

renamed as (

    select
        environment_slug,
        asset_id,
        target_dag_id,
        created_at,
        asset_event_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
