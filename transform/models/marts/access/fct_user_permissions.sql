with users as (

    select * from {{ ref("dim_users") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_unioned") }}

),

role_permissions as (

    select * from {{ ref("int_role_permissions_resolved") }}

),

joined as (

    select
        {{ surrogate_key([
            "users.environment_slug",
            "users.user_id",
            "user_roles.role_id",
            "user_roles.group_id",
            "role_permissions.action_name",
            "role_permissions.resource_name",
        ]) }} as user_permission_key,
        users.user_key,
        users.environment_slug,
        users.user_id,
        users.username,
        users.is_active as is_user_active,
        user_roles.role_id,
        user_roles.role_name,
        user_roles.group_id,
        user_roles.group_name,
        user_roles.group_id is not null as is_through_group,
        role_permissions.action_name,
        role_permissions.resource_name,
        role_permissions.dag_id,
        users.is_deleted_at_source
        or user_roles.is_deleted_at_source
        or role_permissions.is_deleted_at_source as is_deleted_at_source,
        {{ earliest(
            "users.deleted_at_source_at",
            earliest(
                "user_roles.deleted_at_source_at",
                "role_permissions.deleted_at_source_at",
            ),
        ) }} as deleted_at_source_at
    from users
    inner join user_roles
        on
            users.environment_slug = user_roles.environment_slug
            and users.user_id = user_roles.user_id
    inner join role_permissions
        on
            user_roles.environment_slug = role_permissions.environment_slug
            and user_roles.role_id = role_permissions.role_id

)

select * from joined
