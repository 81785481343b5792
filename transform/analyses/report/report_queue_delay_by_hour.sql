-- In which hours of the week do tasks wait for a worker?
with hours as (

    select
        {{ weekday_number(day_of("hour_at")) }} as weekday_number,
        extract(hour from hour_at) as hour_of_day,
        queue_delay_p50_seconds,
        queue_delay_p95_seconds,
        attempt_count
    from {{ ref("agg_scheduling_latency_hourly") }}
    where {{ in_period("hour_at") }} and {{ of_environments("environment_slug") }}

)

select
    weekday_number,
    hour_of_day,
    avg(queue_delay_p50_seconds) as queue_delay_p50_seconds,
    avg(queue_delay_p95_seconds) as queue_delay_p95_seconds,
    sum(attempt_count) as attempt_count
from hours
group by weekday_number, hour_of_day
order by weekday_number, hour_of_day
