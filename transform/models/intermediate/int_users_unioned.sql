with ab_users as (

    select * from {{ ref("stg_airflow__ab_users") }}

),

external_access as (

    select * from {{ ref("int_external_access_listed") }}

),

airflow_users as (

    select
        {{ surrogate_key(["environment_slug", "user_id"]) }} as user_key,
        environment_slug,
        user_id,
        username,
        first_name,
        last_name,
        email,
        is_active,
        last_login_at,
        login_count,
        failed_login_count,
        created_at,
        changed_at,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from ab_users

),

-- Of these the list tells no more than the name, and whether the account may be used:
-- it may if any row of it says so.
external_users as (

    select
        user_key,
        environment_slug,
        cast(null as bigint) as user_id,
        username,
        cast(null as {{ native_type("varchar") }}) as first_name,
        cast(null as {{ native_type("varchar") }}) as last_name,
        cast(null as {{ native_type("varchar") }}) as email,
        count(case when is_active then 1 end) > 0 as is_active,
        {{ null_like("max(extracted_at)") }} as last_login_at,
        cast(null as bigint) as login_count,
        cast(null as bigint) as failed_login_count,
        {{ null_like("max(extracted_at)") }} as created_at,
        {{ null_like("max(extracted_at)") }} as changed_at,
        max(extracted_at) as extracted_at,
        false as is_deleted_at_source,
        {{ null_like("max(extracted_at)") }} as deleted_at_source_at
    from external_access
    group by user_key, environment_slug, username

),

unioned as (

    select * from airflow_users
    union all
    select * from external_users

)

select * from unioned
