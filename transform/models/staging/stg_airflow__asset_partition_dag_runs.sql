{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("asset_partition_dag_run") }}

),

renamed as (

    select
        environment_slug,
        id as asset_partition_dag_run_id,
        target_dag_id,
        created_dag_run_id as dag_run_id,
        partition_key,
        created_at,
        updated_at,
        partition_date as partition_at,
        {{ json_as_text("rollup_fingerprint") }} as rollup_fingerprint,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
