with users as (

    select * from {{ ref("stg_airflow__ab_users") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

user_roles as (

    select * from {{ ref("int_user_roles_unioned") }}

),

listed_roles as (

    select * from {{ ref("int_user_roles_listed") }}

),

privileged_roles as (

    select * from {{ ref("int_privileged_roles_listed") }}

),

activities as (

    select * from {{ ref("int_user_activities_dated") }}

),

-- Admin is Airflow's own name of the role that may do everything.
holders as (

    select
        user_roles.environment_slug,
        user_roles.user_id,
        count(case when user_roles.role_name = 'Admin' then 1 end) > 0 as is_admin,
        count(privileged_roles.role_id) > 0 as is_privileged
    from user_roles
    left join privileged_roles
        on
            user_roles.environment_slug = privileged_roles.environment_slug
            and user_roles.role_id = privileged_roles.role_id
    where not user_roles.is_deleted_at_source
    group by user_roles.environment_slug, user_roles.user_id

),

joined as (

    select
        {{ surrogate_key(["users.environment_slug", "users.user_id"]) }} as user_key,
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
        -- What was never used counts from the day it was made.
        users.is_active
        and not users.is_deleted_at_source
        and {{ seconds_between(
            "coalesce(activities.last_activity_at, users.created_at)", "environments.synced_at"
        ) }} > {{ var("dormant_after_days") }} * 86400 as is_dormant,
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
    left join listed_roles
        on
            users.environment_slug = listed_roles.environment_slug
            and users.user_id = listed_roles.user_id
    left join activities
        on
            users.environment_slug = activities.environment_slug
            and users.user_id = activities.user_id
    left join holders
        on
            users.environment_slug = holders.environment_slug
            and users.user_id = holders.user_id

)

select * from joined
