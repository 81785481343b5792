with users as (

    select * from {{ ref("int_users_unioned") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_held") }}

),

listed_roles as (

    select * from {{ ref("int_user_roles_listed") }}

),

activities as (

    select * from {{ ref("int_user_activities_dated") }}

),

holders as (

    select
        user_key,
        count(case when is_admin then 1 end) > 0 as is_admin,
        count(case when is_privileged then 1 end) > 0 as is_privileged
    from user_roles
    group by user_key

),

joined as (

    select
        users.user_key,
        users.environment_slug,
        users.user_id,
        users.username,
        users.first_name,
        users.last_name,
        users.email,
        listed_roles.role_names,
        users.is_active and not users.is_deleted_at_source as is_active,
        coalesce(holders.is_admin, false) as is_admin,
        coalesce(holders.is_privileged, false) as is_privileged,
        listed_roles.role_names is not null as has_role,
        -- What was never used counts from the day it was made. Of another auth manager
        -- log-ins are not known.
        case
            when users.user_id is not null
                then
                    users.is_active
                    and not users.is_deleted_at_source
                    and {{ seconds_between(
                        "coalesce(activities.last_activity_at, users.created_at)",
                        "environments.synced_at",
                    ) }} > {{ var("dormant_after_days") }} * 86400
        end as is_dormant,
        activities.last_activity_at,
        users.last_login_at,
        users.login_count,
        users.failed_login_count,
        users.created_at,
        users.changed_at,
        users.extracted_at,
        users.is_deleted_at_source,
        users.deleted_at_source_at
    from users
    left join environments
        on users.environment_slug = environments.environment_slug
    left join listed_roles on users.user_key = listed_roles.user_key
    left join activities on users.user_key = activities.user_key
    left join holders on users.user_key = holders.user_key

)

select * from joined
