-- When was no scheduler, triggerer or DAG processor alive for longer than a minute?
select
    environment_slug,
    component,
    outage_started_at,
    outage_ended_at,
    outage_seconds,
    ended_by_hostname,
    has_unclean_shutdown
from {{ ref("fct_component_outages") }}
-- What was not alive in the period is gone for good, and not waited for.
where
    {{ of_environments("environment_slug") }}
    and outage_seconds > 60
    and {{ touches_period("outage_started_at", "outage_ended_at") }}
    and (outage_ended_at is not null or {{ in_period("outage_started_at") }})
order by
    outage_seconds desc,
    environment_slug asc,
    component asc,
    outage_started_at desc
limit 201
