with ab_roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

external_access as (

    select * from {{ ref("int_external_access_listed") }}

),

privileged_roles as (

    select * from {{ ref("int_privileged_roles_listed") }}

),

role_permissions as (

    select
        environment_slug,
        role_id,
        count(distinct {{ surrogate_key(["action_name", "resource_name"]) }})
            as permission_count
    from {{ ref("int_role_permissions_resolved") }}
    where not is_deleted_at_source
    group by environment_slug, role_id

),

airflow_roles as (

    select
        {{ surrogate_key(["ab_roles.environment_slug", "ab_roles.role_id"]) }}
            as role_key,
        ab_roles.environment_slug,
        ab_roles.role_id,
        ab_roles.role_name,
        privileged_roles.role_id is not null as is_privileged,
        coalesce(role_permissions.permission_count, 0) as permission_count,
        ab_roles.extracted_at,
        ab_roles.is_deleted_at_source,
        ab_roles.deleted_at_source_at
    from ab_roles
    left join role_permissions
        on
            ab_roles.environment_slug = role_permissions.environment_slug
            and ab_roles.role_id = role_permissions.role_id
    left join privileged_roles
        on
            ab_roles.environment_slug = privileged_roles.environment_slug
            and ab_roles.role_id = privileged_roles.role_id

),

external_roles as (

    select
        role_key,
        environment_slug,
        cast(null as bigint) as role_id,
        role_name,
        count(case when is_privileged then 1 end) > 0 as is_privileged,
        cast(null as bigint) as permission_count,
        max(extracted_at) as extracted_at,
        false as is_deleted_at_source,
        {{ null_like("max(extracted_at)") }} as deleted_at_source_at
    from external_access
    where role_name is not null
    group by role_key, environment_slug, role_name

),

unioned as (

    select * from airflow_roles
    union all
    select * from external_roles

)

select * from unioned
