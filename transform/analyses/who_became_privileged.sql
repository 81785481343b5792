-- Who came to a privileged role, when and by whom? Without an actor, two syncs show it
-- and no event tells it.
select
    environment_slug,
    changed_at,
    change_kind,
    username,
    role_name,
    group_name,
    actor_kind,
    actor_name,
    event_name
from {{ ref("fct_access_changes") }}
where
    is_privileged
    and change_kind in ('account_created', 'account_edited', 'role_granted')
order by changed_at desc
