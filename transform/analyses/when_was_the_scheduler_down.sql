-- When was no scheduler alive for longer than a minute?
select
    environment_slug,
    hostname,
    gap_started_at as down_from_at,
    started_at as up_again_at,
    gap_before_seconds / 60 as down_minutes
from {{ ref("fct_component_heartbeats") }}
where component = 'scheduler' and gap_before_seconds > 60
order by gap_before_seconds desc
