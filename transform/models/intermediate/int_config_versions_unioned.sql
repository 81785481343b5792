with users as (

    select * from {{ ref("dim_users") }}

),

roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

user_role_versions as (

    select * from {{ ref("snap_airflow__user_roles") }}

),

role_permission_versions as (

    select * from {{ ref("snap_airflow__role_permissions") }}

),

unioned as (

    select
        environment_slug,
        'connection' as object_type,
        connection_key as object_key,
        conn_id as object_name,
        {{ null_like("conn_id") }} as role_name,
        dbt_valid_from as observed_at,
        is_deleted_at_source
    from {{ ref("snap_airflow__connections") }}
    union all
    select
        environment_slug,
        'variable' as object_type,
        variable_record_key as object_key,
        variable_key as object_name,
        {{ null_like("variable_key") }} as role_name,
        dbt_valid_from as observed_at,
        is_deleted_at_source
    from {{ ref("snap_airflow__variables") }}
    union all
    select
        environment_slug,
        'pool' as object_type,
        pool_key as object_key,
        pool_name as object_name,
        {{ null_like("pool_name") }} as role_name,
        dbt_valid_from as observed_at,
        is_deleted_at_source
    from {{ ref("snap_airflow__pools") }}
    union all
    select
        environment_slug,
        'role' as object_type,
        role_key as object_key,
        role_name as object_name,
        {{ null_like("role_name") }} as role_name,
        dbt_valid_from as observed_at,
        is_deleted_at_source
    from {{ ref("snap_airflow__roles") }}
    union all
    select
        user_role_versions.environment_slug,
        'user' as object_type,
        user_role_versions.user_role_key as object_key,
        users.username as object_name,
        user_role_versions.role_name,
        user_role_versions.dbt_valid_from as observed_at,
        user_role_versions.is_deleted_at_source
    from user_role_versions
    left join users
        on
            user_role_versions.environment_slug = users.environment_slug
            and user_role_versions.user_id = users.user_id
    union all
    select
        role_permission_versions.environment_slug,
        'permission' as object_type,
        role_permission_versions.role_permission_key as object_key,
        role_permission_versions.action_name
        || ' '
        || role_permission_versions.resource_name as object_name,
        roles.role_name,
        role_permission_versions.dbt_valid_from as observed_at,
        role_permission_versions.is_deleted_at_source
    from role_permission_versions
    left join roles
        on
            role_permission_versions.environment_slug = roles.environment_slug
            and role_permission_versions.role_id = roles.role_id

)

select * from unioned
