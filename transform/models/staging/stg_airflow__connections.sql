{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("connection") }}

),

renamed as (

    select
        environment_slug,
        id as connection_id,
        conn_id,
        conn_type,
        host,
        {{ quoted("schema") }} as connection_schema,
        login as login_presence,
        port,
        is_encrypted,
        is_extra_encrypted,
        team_id,
        team_name,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
