-- What was stuck at the last sync, since when, and how can one tell?
select
    environment_slug,
    object_kind,
    dag_id,
    run_id,
    task_id,
    state,
    reason,
    since_at,
    stuck_seconds / 3600 as stuck_hours,
    threshold_seconds / 3600 as threshold_hours,
    last_heartbeat_at,
    pool_name
from {{ ref("rpt_stuck_work") }}
order by stuck_seconds desc
