-- What was stuck at the last sync, for how long, and how can one tell?
select
    environment_slug,
    dag_id,
    task_id,
    state,
    started_at,
    last_heartbeat_at,
    running_seconds / 3600 as running_hours,
    usual_p95_seconds / 3600 as usual_p95_hours,
    is_beyond_p95,
    is_heartbeat_stale,
    is_run_ended,
    is_pool_missing,
    pool_name
from {{ ref("rpt_stuck_tasks") }}
order by running_seconds desc
