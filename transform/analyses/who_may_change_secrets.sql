-- Who may change connections and variables, and through which role?
select distinct
    environment_slug,
    username,
    resource_name,
    role_name,
    group_name
from {{ ref("fct_user_permissions") }}
where
    is_user_active
    and not is_deleted_at_source
    and resource_name in ('Connections', 'Variables')
    and action_name in ('can_create', 'can_edit', 'can_delete')
order by environment_slug, username, resource_name, role_name, group_name
