-- Who changed a connection, a variable or a pool?
select
    environment_slug,
    changed_at,
    actor_name,
    action,
    object_type,
    object_name,
    is_destructive
from {{ ref("fct_config_changes") }}
where
    object_type not in ('user', 'role', 'permission')
    and {{ in_period("changed_at") }}
    and {{ of_environments("environment_slug") }}
order by changed_at desc, config_change_key asc
limit 201
