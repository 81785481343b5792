-- Which sensors wait longest, and how often do they look?
select
    environment_slug,
    dag_id,
    task_id,
    count(*) as wait_count,
    sum(case when is_waiting then 1 else 0 end) as waiting_count,
    sum(case when state = 'failed' then 1 else 0 end) as failed_count,
    round(avg(poke_count), 1) as average_poke_count,
    round(avg(waited_seconds) / 60, 1) as average_waited_minutes,
    round(max(waited_seconds) / 60, 1) as longest_waited_minutes
from {{ ref("fct_sensor_waits") }}
group by environment_slug, dag_id, task_id
order by longest_waited_minutes desc
