-- How many accounts are there, and how many should somebody look at?
with accounts as (

    select *
    from {{ ref("rpt_access_review") }}
    where is_active and {{ of_environments("environment_slug") }}

),

measured as (

    select
        'current' as period_name,
        count(*) as active_users,
        count(case when is_privileged then 1 end) as privileged_users,
        count(case when is_dormant then 1 end) as dormant_users,
        count(case when has_never_logged_in then 1 end) as never_logged_in,
        count(case when is_active_leaver then 1 end) as active_leavers,
        count(case when not has_role then 1 end) as users_without_role
    from accounts

),

{{ tiles([
    "active_users",
    "privileged_users",
    "dormant_users",
    "never_logged_in",
    "active_leavers",
    "users_without_role",
]) }}

select
    metric,
    current_value,
    previous_value
from tiles
order by metric_number
