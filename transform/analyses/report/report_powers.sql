-- Who may create, edit or delete what, and through which role?
with permissions_now as (

    select
        environment_slug,
        username,
        role_name,
        group_name,
        resource_name,
        replace(action_name, 'can_', '') as action_name
    from {{ ref("fct_user_permissions") }}
    where
        is_user_active
        and not is_deleted_at_source
        and action_name in ('can_create', 'can_edit', 'can_delete')
        and {{ of_environments("environment_slug") }}

),

powers as (

    select
        environment_slug,
        username,
        role_name,
        group_name,
        resource_name,
        {{ listed("action_name") }} as action_names
    from permissions_now
    group by environment_slug, username, role_name, group_name, resource_name

)

select
    environment_slug,
    username,
    role_name,
    group_name,
    resource_name,
    action_names
from powers
order by
    case
        when resource_name = 'Connections' then 1
        when resource_name = 'Variables' then 2
        when resource_name = 'Users' then 3
        when resource_name = 'Roles' then 4
        when resource_name = 'Pools' then 5
        when resource_name = 'Configurations' then 6
        else 7
    end,
    resource_name,
    environment_slug,
    username,
    role_name,
    coalesce(group_name, '')
limit 201
