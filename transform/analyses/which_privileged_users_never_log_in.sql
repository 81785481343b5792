-- Which privileged users have never logged in, or not been seen for long?
select
    environment_slug,
    username,
    role_names,
    is_privileged_through_group,
    group_names,
    has_never_logged_in,
    last_activity_at,
    last_login_at
from {{ ref("rpt_access_review") }}
where is_active and is_privileged and (has_never_logged_in or is_dormant)
order by environment_slug, username
