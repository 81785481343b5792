{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("variable") }}

),

renamed as (

    select
        environment_slug,
        id as variable_id,
        {{ quoted("key") }} as variable_key,
        is_encrypted,
        team_id,
        team_name,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
