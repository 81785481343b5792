{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("hitl_detail_history") }}

),

renamed as (

    select
        environment_slug,
        ti_history_id as task_instance_id,
        {{ json_as_text("options") }} as answer_options,
        subject,
        {{ json_as_text("defaults") }} as default_answers,
        multiple as is_multiple_choice,
        {{ json_as_text("assignees") }} as assignees,
        created_at,
        responded_at,
        {{ json_as_text("responded_by") }} as responded_by,
        {{ json_as_text("chosen_options") }} as verdict,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
