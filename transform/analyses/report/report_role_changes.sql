-- Who was given an account, a role or a permission, who lost one, and by whom?
select
    environment_slug,
    changed_at,
    actor_name,
    action,
    object_type,
    object_name,
    role_name
from {{ ref("fct_config_changes") }}
where
    object_type in ('user', 'role', 'permission')
    and {{ in_period("changed_at") }}
    and {{ of_environments("environment_slug") }}
order by changed_at desc, config_change_key asc
limit 201
