with users as (

    select * from {{ ref("dim_users") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_held") }}

),

listed_groups as (

    select * from {{ ref("int_user_groups_listed") }}

),

user_permissions as (

    select * from {{ ref("fct_user_permissions") }}

),

leavers as (

    select * from {{ ref("int_leavers_by_environment") }}

),

privileged as (

    select
        user_key,
        count(*) > count(group_id) as is_privileged_directly,
        count(group_id) > 0 as is_privileged_through_group
    from user_roles
    where is_privileged
    group by user_key

),

-- The same through several roles counts once.
counted_permissions as (

    select
        user_key,
        count(distinct {{ surrogate_key(["action_name", "resource_name"]) }})
            as permission_count
    from user_permissions
    where not is_deleted_at_source
    group by user_key

),

joined as (

    select
        users.user_key,
        users.environment_slug,
        users.user_id,
        users.username,
        users.is_active,
        users.is_admin,
        users.is_privileged,
        coalesce(privileged.is_privileged_directly, false) as is_privileged_directly,
        coalesce(privileged.is_privileged_through_group, false)
            as is_privileged_through_group,
        users.has_role,
        users.role_names,
        listed_groups.group_names,
        case
            when users.user_id is not null
                then coalesce(counted_permissions.permission_count, 0)
        end as permission_count,
        users.is_dormant,
        case
            when users.user_id is not null then users.last_login_at is null
        end as has_never_logged_in,
        users.last_activity_at,
        users.last_login_at,
        users.failed_login_count,
        leavers.username is not null as has_left,
        leavers.left_on,
        users.is_active and leavers.username is not null as is_active_leaver,
        users.extracted_at,
        users.is_deleted_at_source,
        users.deleted_at_source_at
    from users
    left join privileged on users.user_key = privileged.user_key
    left join listed_groups
        on
            users.environment_slug = listed_groups.environment_slug
            and users.user_id = listed_groups.user_id
    left join counted_permissions on users.user_key = counted_permissions.user_key
    left join leavers
        on
            users.environment_slug = leavers.environment_slug
            and users.username = leavers.username

)

select * from joined
