{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("deadline") }}

),

renamed as (

    select
        environment_slug,
        id as deadline_id,
        dag_id,
        dagrun_id as dag_run_id,
        coalesce(deadline_time, deadline) as deadline_at,
        callback_state,
        trigger_id,
        created_at,
        last_updated_at as updated_at,
        missed as was_missed,
        callback_id,
        deadline_alert_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
