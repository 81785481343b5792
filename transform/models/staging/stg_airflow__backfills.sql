{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("backfill") }}

),

renamed as (

    select
        environment_slug,
        id as backfill_id,
        dag_id,
        from_date as from_at,
        to_date as to_at,
        is_paused,
        reprocess_behavior,
        max_active_runs,
        created_at,
        completed_at,
        updated_at,
        triggering_user_name as triggered_by_username,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
