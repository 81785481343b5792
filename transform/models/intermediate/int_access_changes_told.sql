with config_changes as (

    select * from {{ ref("fct_config_changes") }}

),

observed_changes as (

    select * from {{ ref("int_access_changes_named") }}

),

users as (

    select * from {{ ref("int_usernames_resolved") }}

)

-- What the syncs did not see: from before history began, or undone at once.
select
    {{ surrogate_key(["config_changes.environment_slug", "config_changes.log_id"]) }}
        as access_change_key,
    users.user_key,
    config_changes.environment_slug,
    case config_changes.object_type
        when 'user' then 'account' else config_changes.object_type
    end
    || case config_changes.action
        when 'create' then '_created'
        when 'delete' then '_deleted'
        else '_edited'
    end as change_kind,
    case when config_changes.object_type = 'user' then config_changes.object_name end
        as username,
    case
        when config_changes.object_type = 'role' then config_changes.object_name
        else config_changes.role_name
    end as role_name,
    {{ null_like("config_changes.object_name") }} as group_name,
    {{ null_like("config_changes.object_name") }} as action_name,
    {{ null_like("config_changes.object_name") }} as resource_name,
    config_changes.changed_at,
    {{ null_like("config_changes.changed_at") }} as unchanged_until_at,
    config_changes.log_id
from config_changes
left join observed_changes
    on
        config_changes.environment_slug = observed_changes.environment_slug
        and config_changes.log_id = observed_changes.log_id
left join users
    on
        config_changes.environment_slug = users.environment_slug
        and config_changes.object_name = users.username
        and config_changes.object_type = 'user'
where
    config_changes.log_id is not null
    and config_changes.object_type in ('user', 'role', 'permission')
    and observed_changes.log_id is null
