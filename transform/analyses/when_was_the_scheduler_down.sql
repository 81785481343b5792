-- When was no scheduler alive for longer than a minute? What has no end lasts.
select
    environment_slug,
    outage_started_at as down_from_at,
    outage_ended_at as up_again_at,
    outage_seconds / 60 as down_minutes,
    has_unclean_shutdown,
    ended_by_hostname
from {{ ref("fct_component_outages") }}
where component = 'scheduler' and outage_seconds > 60
order by outage_seconds desc
