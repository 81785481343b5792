with ab_roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_unioned") }}

),

users as (

    select * from {{ ref("dim_users") }}

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

-- Somebody may have a role more than once: by name and through groups.
holders as (

    select
        user_roles.environment_slug,
        user_roles.role_id,
        count(distinct user_roles.user_id) as user_count,
        count(distinct case when users.is_active then users.user_id end)
            as active_user_count
    from user_roles
    inner join users
        on
            user_roles.environment_slug = users.environment_slug
            and user_roles.user_id = users.user_id
    where not user_roles.is_deleted_at_source and not users.is_deleted_at_source
    group by user_roles.environment_slug, user_roles.role_id

)

select
    {{ surrogate_key(["ab_roles.environment_slug", "ab_roles.role_id"]) }} as role_key,
    ab_roles.environment_slug,
    ab_roles.role_id,
    ab_roles.role_name,
    coalesce(ab_roles.role_name = {{ literal(var("public_role_name")) }}, false)
        as is_public,
    privileged_roles.role_id is not null as is_privileged,
    coalesce(role_permissions.permission_count, 0) as permission_count,
    coalesce(holders.user_count, 0) as user_count,
    coalesce(holders.active_user_count, 0) as active_user_count,
    ab_roles.extracted_at,
    ab_roles.is_deleted_at_source,
    ab_roles.deleted_at_source_at
from ab_roles
left join holders
    on
        ab_roles.environment_slug = holders.environment_slug
        and ab_roles.role_id = holders.role_id
left join role_permissions
    on
        ab_roles.environment_slug = role_permissions.environment_slug
        and ab_roles.role_id = role_permissions.role_id
left join privileged_roles
    on
        ab_roles.environment_slug = privileged_roles.environment_slug
        and ab_roles.role_id = privileged_roles.role_id
