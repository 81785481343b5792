with observed_changes as (

    select * from {{ ref("int_access_changes_named") }}

),

config_changes as (

    select * from {{ ref("fct_config_changes") }}

),

told_changes as (

    select * from {{ ref("int_access_changes_told") }}

),

roles as (

    select * from {{ ref("dim_roles") }}

),

privileged_permissions as (

    select * from {{ ref("privileged_permissions") }}

),

unioned as (

    select
        access_change_key,
        user_key,
        environment_slug,
        change_kind,
        username,
        role_name,
        group_name,
        action_name,
        resource_name,
        changed_at,
        unchanged_until_at,
        true as is_observed,
        log_id
    from observed_changes
    union all
    select
        access_change_key,
        user_key,
        environment_slug,
        change_kind,
        username,
        role_name,
        group_name,
        action_name,
        resource_name,
        changed_at,
        unchanged_until_at,
        false as is_observed,
        log_id
    from told_changes

)

select
    unioned.access_change_key,
    unioned.user_key,
    unioned.environment_slug,
    unioned.change_kind,
    unioned.username,
    unioned.role_name,
    unioned.group_name,
    unioned.action_name,
    unioned.resource_name,
    coalesce(roles.is_privileged, false)
    or privileged_permissions.action_name is not null as is_privileged,
    unioned.changed_at,
    unioned.unchanged_until_at,
    unioned.is_observed,
    unioned.log_id is not null as is_attributed,
    unioned.log_id,
    config_changes.event_name,
    coalesce(config_changes.actor_kind, 'unknown') as actor_kind,
    config_changes.actor_name
from unioned
left join config_changes
    on
        unioned.environment_slug = config_changes.environment_slug
        and unioned.log_id = config_changes.log_id
left join roles
    on
        unioned.environment_slug = roles.environment_slug
        and unioned.role_name = roles.role_name
        and unioned.action_name is null
        and not roles.is_deleted_at_source
left join privileged_permissions
    on
        unioned.action_name = privileged_permissions.action_name
        and unioned.resource_name = privileged_permissions.resource_name
