{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("task_instance_note") }}

),

renamed as (

    select
        environment_slug,
        user_id,
        task_id,
        dag_id,
        run_id,
        map_index,
        created_at,
        updated_at,
        ti_id as task_instance_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
