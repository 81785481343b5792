{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("backfill_dag_run") }}

),

renamed as (

    select
        environment_slug,
        id as backfill_dag_run_id,
        backfill_id,
        dag_run_id,
        exception_reason,
        logical_date as logical_at,
        sort_ordinal as position_in_backfill,
        partition_key,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
