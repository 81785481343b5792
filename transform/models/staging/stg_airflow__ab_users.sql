{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("ab_user") }}

),

renamed as (

    select
        environment_slug,
        id as user_id,
        first_name,
        last_name,
        username,
        active as is_active,
        email,
        last_login as last_login_at,
        login_count,
        fail_login_count as failed_login_count,
        created_on as created_at,
        changed_on as changed_at,
        created_by_fk as created_by_user_id,
        changed_by_fk as changed_by_user_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
