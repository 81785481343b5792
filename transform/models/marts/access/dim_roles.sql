with roles as (

    select * from {{ ref("int_roles_unioned") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_held") }}

),

users as (

    select * from {{ ref("dim_users") }}

),

-- Somebody may have a role more than once: by name and through groups.
holders as (

    select
        user_roles.role_key,
        count(distinct user_roles.user_key) as user_count,
        count(distinct case when users.is_active then users.user_key end)
            as active_user_count
    from user_roles
    inner join users on user_roles.user_key = users.user_key
    where not users.is_deleted_at_source
    group by user_roles.role_key

)

select
    roles.role_key,
    roles.environment_slug,
    roles.role_id,
    roles.role_name,
    coalesce(roles.role_name = {{ literal(var("public_role_name")) }}, false)
        as is_public,
    roles.is_privileged,
    roles.permission_count,
    coalesce(holders.user_count, 0) as user_count,
    coalesce(holders.active_user_count, 0) as active_user_count,
    roles.extracted_at,
    roles.is_deleted_at_source,
    roles.deleted_at_source_at
from roles
left join holders on roles.role_key = holders.role_key
