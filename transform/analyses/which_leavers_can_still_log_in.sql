-- Which people who left the company still have an account that can log in?
-- Who left is told by seeds/hr_leavers.csv or the var hr_leavers_relation. Without
-- them, look at the dormant accounts: most leavers are among them.
select
    environment_slug,
    username,
    has_left,
    left_on,
    role_names,
    group_names,
    last_activity_at,
    last_login_at
from {{ ref("rpt_access_review") }}
where is_active and (is_active_leaver or is_dormant)
order by environment_slug, left_on, username
