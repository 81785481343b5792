-- Which accounts should somebody look at, and why?
select
    environment_slug,
    username,
    {{ reasons({
        "is_active_leaver": "left",
        "is_privileged_directly": "privileged",
        "is_privileged_through_group": "privileged through a group",
        "is_dormant": "dormant",
        "has_never_logged_in": "never logged in",
        "not has_role": "no role",
    }) }} as reasons,
    role_names,
    group_names,
    permission_count,
    last_activity_at,
    last_login_at,
    left_on
from {{ ref("rpt_access_review") }}
where
    is_active
    and (
        is_active_leaver
        or is_privileged
        or is_dormant
        or has_never_logged_in
        or not has_role
    )
    and {{ of_environments("environment_slug") }}
order by
    is_active_leaver desc,
    is_privileged desc,
    is_dormant desc,
    permission_count desc,
    environment_slug asc,
    username asc,
    user_key asc
limit 201
