{%- set objects = [
    (
        "connection", "snap_airflow__connections", "connection_key", "conn_id",
        {
            "connection_id": none,
            "conn_type": none,
            "host": "is_address_known",
            "port": "is_address_known",
            "connection_schema": "is_address_known",
            "is_encrypted": none,
            "is_extra_encrypted": none,
            "has_login": "has_login is not null",
        },
    ),
    (
        "variable", "snap_airflow__variables", "variable_record_key", "variable_key",
        ["variable_id", "is_encrypted"],
    ),
    (
        "pool", "snap_airflow__pools", "pool_key", "pool_name",
        ["pool_id", "slot_count", "is_counting_deferred"],
    ),
    ("role", "snap_airflow__roles", "role_key", "role_name", ["role_id"]),
] -%}
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

    {% for object_type, versions, key, name, watched in objects %}
        select
            environment_slug,
            '{{ object_type }}' as object_type,
            {{ key }} as object_key,
            {{ name }} as object_name,
            {{ null_like(name) }} as role_name,
            {{ changed_columns(watched, key) }} as changed_columns,
            dbt_valid_from as observed_at,
            is_deleted_at_source
        from {{ ref(versions) }}
        union all
    {% endfor %}
    select
        user_role_versions.environment_slug,
        'user' as object_type,
        user_role_versions.user_role_key as object_key,
        users.username as object_name,
        user_role_versions.role_name,
        {{ null_like("user_role_versions.role_name") }} as changed_columns,
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
        {{ null_like("roles.role_name") }} as changed_columns,
        role_permission_versions.dbt_valid_from as observed_at,
        role_permission_versions.is_deleted_at_source
    from role_permission_versions
    left join roles
        on
            role_permission_versions.environment_slug = roles.environment_slug
            and role_permission_versions.role_id = roles.role_id

)

select * from unioned
