{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("deadline_alert") }}

),

renamed as (

    select
        environment_slug,
        id as deadline_alert_id,
        created_at,
        serialized_dag_id,
        name as deadline_alert_name,
        description,
        {{ json_as_text("reference") }} as deadline_reference,
        {{ json_as_text(quoted("interval")) }} as deadline_interval,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
