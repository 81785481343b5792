{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("asset_event") }}

),

renamed as (

    select
        environment_slug,
        id as asset_event_id,
        asset_id,
        source_task_id,
        source_dag_id,
        source_run_id,
        source_map_index,
        {{ quoted("timestamp") }} as occurred_at,
        partition_key,
        source_task_instance_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
