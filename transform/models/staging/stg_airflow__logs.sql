{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("log") }}

),

renamed as (

    select
        environment_slug,
        id as log_id,
        dttm as logged_at,
        dag_id,
        task_id,
        map_index,
        event as event_name,
        coalesce(logical_date, execution_date) as logical_at,
        owner as owner_name,
        extra,
        owner_display_name,
        run_id,
        try_number,
        task_instance_id,
        team_name,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
