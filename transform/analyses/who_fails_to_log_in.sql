-- Who failed to log in more than five times since the last success?
select
    environment_slug,
    username,
    failed_login_count,
    last_login_at,
    is_privileged
from {{ ref("dim_users") }}
where is_active and failed_login_count > 5
order by failed_login_count desc
