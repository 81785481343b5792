-- What was stuck at the last sync, since when, and how can one tell?
select
    environment_slug,
    dag_id,
    task_id,
    state,
    case reason
        when 'run_ended' then 'its run is over'
        when 'pool_missing' then 'its pool is missing'
        when 'heartbeat_stale' then 'no sign of life'
        when 'running_too_long' then 'far beyond its usual duration'
        when 'queued_too_long' then 'queued for too long'
        when 'scheduled_too_long' then 'waits for a slot for too long'
        when 'up_for_retry_too_long' then 'not retried'
        when 'up_for_reschedule_too_long' then 'its next poke is overdue'
        when 'dag_paused' then 'its DAG is paused'
        when 'no_active_task' then 'none of its tasks is active'
        when 'next_run_overdue' then 'its next run is overdue'
    end as reason,
    since_at,
    stuck_seconds,
    threshold_seconds,
    last_heartbeat_at,
    pool_name
from {{ ref("rpt_stuck_work") }}
where {{ of_environments("environment_slug") }} and {{ of_dags("dag_key") }}
order by coalesce(stuck_seconds, 0) desc, stuck_work_key asc
limit 201
