-- Who was made an admin, when and by whom?
select
    environment_slug,
    changed_at,
    object_name as username,
    role_name,
    actor_kind,
    actor_name,
    event_name
from {{ ref("fct_config_changes") }}
where role_name = 'Admin'
order by changed_at desc
