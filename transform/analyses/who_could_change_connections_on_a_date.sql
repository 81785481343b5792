-- Who could change connections on a date? Put yours in the place of 2026-11-13.
-- Known from the first sync on; before it, nobody has a row.
select distinct
    environment_slug,
    username,
    role_name,
    is_through_group,
    action_name
from {{ ref("fct_user_permissions_history") }}
where
    resource_name = 'Connections'
    and action_name in ('can_create', 'can_edit', 'can_delete')
    and cast(valid_from_at as date) <= cast('2026-11-13' as date)
    and (valid_to_at is null or cast(valid_to_at as date) > cast('2026-11-13' as date))
order by environment_slug, username, role_name, action_name
