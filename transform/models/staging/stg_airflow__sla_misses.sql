{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("sla_miss") }}

),

renamed as (

    select
        environment_slug,
        task_id,
        dag_id,
        execution_date as logical_at,
        email_sent as was_email_sent,
        {{ quoted("timestamp") }} as recorded_at,
        description,
        notification_sent as was_notification_sent,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
