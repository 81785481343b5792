-- Which admins have never logged in, or not for long?
select
    environment_slug,
    username,
    is_admin_through_group,
    group_names,
    has_never_logged_in,
    last_login_at
from {{ ref("rpt_access_review") }}
where is_active and is_admin and (has_never_logged_in or is_dormant)
order by environment_slug, username
