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

audit_events as (

    select * from {{ ref("fct_audit_events") }}

),

-- Airflow's own name of the role that may do everything.
admins as (

    select distinct
        environment_slug,
        user_id
    from user_roles
    where role_name = 'Admin' and not is_deleted_at_source

),

privileged as (

    select distinct
        user_roles.environment_slug,
        user_roles.user_id
    from user_roles
    inner join privileged_roles
        on
            user_roles.environment_slug = privileged_roles.environment_slug
            and user_roles.role_id = privileged_roles.role_id
    where not user_roles.is_deleted_at_source

),

-- Whatever it was: to runs, to connections and roles, to the platform.
last_events as (

    select
        user_key,
        max(logged_at) as last_event_at
    from audit_events
    where user_key is not null
    group by user_key

),

keyed as (

    select
        {{ surrogate_key(["environment_slug", "user_id"]) }} as user_key,
        *
    from users

),

active as (

    select
        keyed.*,
        case
            when last_events.last_event_at > keyed.last_login_at
                then last_events.last_event_at
            else coalesce(keyed.last_login_at, last_events.last_event_at)
        end as last_activity_at
    from keyed
    left join last_events on keyed.user_key = last_events.user_key

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
        admins.user_id is not null as is_admin,
        privileged.user_id is not null as is_privileged,
        listed_roles.role_names is not null as has_role,
        -- What was never used counts from the day it was made.
        users.is_active
        and not users.is_deleted_at_source
        and {{ seconds_between(
            "coalesce(users.last_activity_at, users.created_at)", "environments.synced_at"
        ) }} > {{ var("dormant_after_days") }} * 86400 as is_dormant,
        users.last_activity_at,
        users.last_login_at,
        users.login_count,
        users.failed_login_count,
        users.created_at,
        users.changed_at,
        users.extracted_at,
        users.is_deleted_at_source,
        users.deleted_at_source_at
    from active as users
    left join environments
        on users.environment_slug = environments.environment_slug
    left join listed_roles
        on
            users.environment_slug = listed_roles.environment_slug
            and users.user_id = listed_roles.user_id
    left join admins
        on
            users.environment_slug = admins.environment_slug
            and users.user_id = admins.user_id
    left join privileged
        on
            users.environment_slug = privileged.environment_slug
            and users.user_id = privileged.user_id

)

select * from joined
